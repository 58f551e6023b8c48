"""The row types under the names that everybody uses. `rows` is generated; this is the only module that imports it."""

from state.rows import PublicChatCounts as ChatCount
from state.rows import PublicChatMessages as Message
from state.rows import PublicChatParticipants as Participant
from state.rows import PublicChatReads as ReadMark
from state.rows import PublicChatSessions as ChatSession
from state.rows import PublicCircleMembers as CircleMember
from state.rows import PublicComments as Comment
from state.rows import PublicContactComments as ContactComment
from state.rows import PublicContactFilters as ContactFilter
from state.rows import PublicContacts as Contact
from state.rows import PublicCreditAccounts as CreditAccount
from state.rows import PublicCreditTransactions as CreditTransaction
from state.rows import PublicDashboards as Dashboard
from state.rows import PublicDatasetImages as DatasetImage
from state.rows import PublicDatasets as Dataset
from state.rows import PublicDigestPreferences as DigestPreference
from state.rows import PublicDigests as Digest
from state.rows import PublicEmailCampaigns as EmailCampaign
from state.rows import PublicEmailClicks as EmailClick
from state.rows import PublicEmailSuppressions as EmailSuppression
from state.rows import PublicEmailTemplates as EmailTemplate
from state.rows import PublicGenerationJobs as Job
from state.rows import PublicGenerationQueues as GenerationQueue
from state.rows import PublicGenerations as Generation
from state.rows import PublicLikes as Like
from state.rows import PublicMarketStatus as MarketStatus
from state.rows import PublicMemberActivities as Activity
from state.rows import PublicModels as Model
from state.rows import PublicNotificationKinds as NotificationKind
from state.rows import PublicNotificationPreferences as NotificationPreference
from state.rows import PublicNotifications as Notification
from state.rows import PublicPosts as Post
from state.rows import PublicPriceAlerts as PriceAlert
from state.rows import PublicProfiles as Profile
from state.rows import PublicProjects as Project
from state.rows import PublicSentEmails as SentEmail
from state.rows import PublicShots as Shot
from state.rows import PublicTaskComments as TaskComment
from state.rows import PublicTasks as Task
from state.rows import PublicTeamInvitations as TeamInvitation
from state.rows import PublicTeamMembers as TeamMember
from state.rows import PublicTeams as Team
from state.rows import PublicTrainingJobs as TrainingJob
from state.rows import PublicTrainingMetrics as TrainingMetric
from state.rows import PublicUserPresence as UserPresence
from state.rows import PublicWatchlists as Watched

__all__ = [
    "Activity",
    "ChatCount",
    "ChatSession",
    "CircleMember",
    "Comment",
    "Contact",
    "ContactComment",
    "ContactFilter",
    "CreditAccount",
    "CreditTransaction",
    "Dashboard",
    "Dataset",
    "DatasetImage",
    "Digest",
    "DigestPreference",
    "EmailCampaign",
    "EmailClick",
    "EmailSuppression",
    "EmailTemplate",
    "Generation",
    "GenerationQueue",
    "Job",
    "Like",
    "MarketStatus",
    "Message",
    "Model",
    "Notification",
    "NotificationKind",
    "NotificationPreference",
    "Participant",
    "Post",
    "PriceAlert",
    "Profile",
    "Project",
    "ReadMark",
    "SentEmail",
    "Shot",
    "Task",
    "TaskComment",
    "Team",
    "TeamInvitation",
    "TeamMember",
    "TrainingJob",
    "TrainingMetric",
    "UserPresence",
    "Watched",
]
