"""The row types under the names that everybody uses. `rows` is generated; this is the only module that imports it."""

from state.rows import PublicGenerationJobs as Job
from state.rows import PublicGenerations as Generation
from state.rows import PublicMarketStatus as MarketStatus
from state.rows import PublicModels as Model
from state.rows import PublicNotificationKinds as NotificationKind
from state.rows import PublicNotificationPreferences as NotificationPreference
from state.rows import PublicNotifications as Notification
from state.rows import PublicPriceAlerts as PriceAlert
from state.rows import PublicProfiles as Profile
from state.rows import PublicUserPresence as UserPresence
from state.rows import PublicWatchlists as Watched

__all__ = [
    "Generation",
    "Job",
    "MarketStatus",
    "Model",
    "Notification",
    "NotificationKind",
    "NotificationPreference",
    "PriceAlert",
    "Profile",
    "UserPresence",
    "Watched",
]
