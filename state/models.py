"""The row types under the names that everybody uses. `rows` is generated; this is the only module that imports it."""

from state.rows import PublicComments as Comment
from state.rows import PublicGenerationJobs as Job
from state.rows import PublicGenerations as Generation
from state.rows import PublicLikes as Like
from state.rows import PublicModels as Model
from state.rows import PublicNotificationKinds as NotificationKind
from state.rows import PublicNotificationPreferences as NotificationPreference
from state.rows import PublicNotifications as Notification
from state.rows import PublicPosts as Post
from state.rows import PublicProfiles as Profile
from state.rows import PublicUserPresence as UserPresence

__all__ = [
    "Comment",
    "Generation",
    "Job",
    "Like",
    "Model",
    "Notification",
    "NotificationKind",
    "NotificationPreference",
    "Post",
    "Profile",
    "UserPresence",
]
