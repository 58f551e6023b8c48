"""The row types under the names that everybody uses. `rows` is generated; this is the only module that imports it."""

from state.rows import PublicCreditAccounts as CreditAccount
from state.rows import PublicCreditTransactions as CreditTransaction
from state.rows import PublicDatasetImages as DatasetImage
from state.rows import PublicDatasets as Dataset
from state.rows import PublicGenerationJobs as Job
from state.rows import PublicGenerations as Generation
from state.rows import PublicModels as Model
from state.rows import PublicNotificationKinds as NotificationKind
from state.rows import PublicNotificationPreferences as NotificationPreference
from state.rows import PublicNotifications as Notification
from state.rows import PublicProfiles as Profile
from state.rows import PublicTrainingJobs as TrainingJob
from state.rows import PublicTrainingMetrics as TrainingMetric
from state.rows import PublicUserPresence as UserPresence

__all__ = [
    "CreditAccount",
    "CreditTransaction",
    "Dataset",
    "DatasetImage",
    "Generation",
    "Job",
    "Model",
    "Notification",
    "NotificationKind",
    "NotificationPreference",
    "Profile",
    "TrainingJob",
    "TrainingMetric",
    "UserPresence",
]
