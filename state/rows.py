from __future__ import annotations

import datetime
import uuid
from typing import (
    Annotated,
    Any,
    List,
    Literal,
    Optional,
    TypedDict,
)
from typing_extensions import NotRequired, TypeAlias

from pydantic import BaseModel, Field, JsonValue

AuthAalLevel: TypeAlias = Literal["aal1", "aal2", "aal3"]

StorageBuckettype: TypeAlias = Literal["STANDARD", "ANALYTICS", "VECTOR"]

class PublicChatCounts(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    member_id: uuid.UUID = Field(alias="member_id")
    own: int = Field(alias="own")
    session_id: uuid.UUID = Field(alias="session_id")
    spoken: int = Field(alias="spoken")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicChatCountsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    member_id: Annotated[uuid.UUID, Field(alias="member_id")]
    own: NotRequired[Annotated[int, Field(alias="own")]]
    session_id: Annotated[uuid.UUID, Field(alias="session_id")]
    spoken: NotRequired[Annotated[int, Field(alias="spoken")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicChatCountsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    member_id: NotRequired[Annotated[uuid.UUID, Field(alias="member_id")]]
    own: NotRequired[Annotated[int, Field(alias="own")]]
    session_id: NotRequired[Annotated[uuid.UUID, Field(alias="session_id")]]
    spoken: NotRequired[Annotated[int, Field(alias="spoken")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicChatMessages(BaseModel):
    author_id: Optional[uuid.UUID] = Field(alias="author_id")
    content: str = Field(alias="content")
    created_at: datetime.datetime = Field(alias="created_at")
    deleted_at: Optional[datetime.datetime] = Field(alias="deleted_at")
    edited_at: Optional[datetime.datetime] = Field(alias="edited_at")
    id: uuid.UUID = Field(alias="id")
    message_type: str = Field(alias="message_type")
    metadata: JsonValue = Field(alias="metadata")
    reactions: JsonValue = Field(alias="reactions")
    replies: int = Field(alias="replies")
    reply_to: Optional[uuid.UUID] = Field(alias="reply_to")
    role: str = Field(alias="role")
    seq: int = Field(alias="seq")
    session_id: uuid.UUID = Field(alias="session_id")
    spoken: int = Field(alias="spoken")
    status: str = Field(alias="status")
    thread: Optional[uuid.UUID] = Field(alias="thread")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicChatMessagesInsert(TypedDict):
    author_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="author_id")]]
    content: NotRequired[Annotated[str, Field(alias="content")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    deleted_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="deleted_at")]]
    edited_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="edited_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    message_type: NotRequired[Annotated[str, Field(alias="message_type")]]
    metadata: NotRequired[Annotated[JsonValue, Field(alias="metadata")]]
    reactions: NotRequired[Annotated[JsonValue, Field(alias="reactions")]]
    replies: NotRequired[Annotated[int, Field(alias="replies")]]
    reply_to: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="reply_to")]]
    role: NotRequired[Annotated[str, Field(alias="role")]]
    seq: Annotated[int, Field(alias="seq")]
    session_id: Annotated[uuid.UUID, Field(alias="session_id")]
    spoken: Annotated[int, Field(alias="spoken")]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    thread: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="thread")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicChatMessagesUpdate(TypedDict):
    author_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="author_id")]]
    content: NotRequired[Annotated[str, Field(alias="content")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    deleted_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="deleted_at")]]
    edited_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="edited_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    message_type: NotRequired[Annotated[str, Field(alias="message_type")]]
    metadata: NotRequired[Annotated[JsonValue, Field(alias="metadata")]]
    reactions: NotRequired[Annotated[JsonValue, Field(alias="reactions")]]
    replies: NotRequired[Annotated[int, Field(alias="replies")]]
    reply_to: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="reply_to")]]
    role: NotRequired[Annotated[str, Field(alias="role")]]
    seq: NotRequired[Annotated[int, Field(alias="seq")]]
    session_id: NotRequired[Annotated[uuid.UUID, Field(alias="session_id")]]
    spoken: NotRequired[Annotated[int, Field(alias="spoken")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    thread: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="thread")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicChatParticipants(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    inviter_id: Optional[uuid.UUID] = Field(alias="inviter_id")
    member_id: uuid.UUID = Field(alias="member_id")
    role: str = Field(alias="role")
    session_id: uuid.UUID = Field(alias="session_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicChatParticipantsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    inviter_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="inviter_id")]]
    member_id: Annotated[uuid.UUID, Field(alias="member_id")]
    role: Annotated[str, Field(alias="role")]
    session_id: Annotated[uuid.UUID, Field(alias="session_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicChatParticipantsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    inviter_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="inviter_id")]]
    member_id: NotRequired[Annotated[uuid.UUID, Field(alias="member_id")]]
    role: NotRequired[Annotated[str, Field(alias="role")]]
    session_id: NotRequired[Annotated[uuid.UUID, Field(alias="session_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicChatReactions(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    emoji: str = Field(alias="emoji")
    id: uuid.UUID = Field(alias="id")
    member_id: uuid.UUID = Field(alias="member_id")
    message_id: uuid.UUID = Field(alias="message_id")
    session_id: uuid.UUID = Field(alias="session_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicChatReactionsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    emoji: Annotated[str, Field(alias="emoji")]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    member_id: Annotated[uuid.UUID, Field(alias="member_id")]
    message_id: Annotated[uuid.UUID, Field(alias="message_id")]
    session_id: Annotated[uuid.UUID, Field(alias="session_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicChatReactionsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    emoji: NotRequired[Annotated[str, Field(alias="emoji")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    member_id: NotRequired[Annotated[uuid.UUID, Field(alias="member_id")]]
    message_id: NotRequired[Annotated[uuid.UUID, Field(alias="message_id")]]
    session_id: NotRequired[Annotated[uuid.UUID, Field(alias="session_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicChatReads(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    member_id: uuid.UUID = Field(alias="member_id")
    read_seq: int = Field(alias="read_seq")
    session_id: uuid.UUID = Field(alias="session_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicChatReadsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    member_id: Annotated[uuid.UUID, Field(alias="member_id")]
    read_seq: NotRequired[Annotated[int, Field(alias="read_seq")]]
    session_id: Annotated[uuid.UUID, Field(alias="session_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicChatReadsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    member_id: NotRequired[Annotated[uuid.UUID, Field(alias="member_id")]]
    read_seq: NotRequired[Annotated[int, Field(alias="read_seq")]]
    session_id: NotRequired[Annotated[uuid.UUID, Field(alias="session_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicChatSessions(BaseModel):
    assistant: bool = Field(alias="assistant")
    created_at: datetime.datetime = Field(alias="created_at")
    creator_id: Optional[uuid.UUID] = Field(alias="creator_id")
    id: uuid.UUID = Field(alias="id")
    last_activity: datetime.datetime = Field(alias="last_activity")
    last_seq: int = Field(alias="last_seq")
    metadata: JsonValue = Field(alias="metadata")
    snippet: str = Field(alias="snippet")
    snippet_by: Optional[uuid.UUID] = Field(alias="snippet_by")
    spoken: int = Field(alias="spoken")
    status: str = Field(alias="status")
    title: str = Field(alias="title")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicChatSessionsInsert(TypedDict):
    assistant: NotRequired[Annotated[bool, Field(alias="assistant")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    creator_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="creator_id")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    last_activity: NotRequired[Annotated[datetime.datetime, Field(alias="last_activity")]]
    last_seq: NotRequired[Annotated[int, Field(alias="last_seq")]]
    metadata: NotRequired[Annotated[JsonValue, Field(alias="metadata")]]
    snippet: NotRequired[Annotated[str, Field(alias="snippet")]]
    snippet_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="snippet_by")]]
    spoken: NotRequired[Annotated[int, Field(alias="spoken")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    title: Annotated[str, Field(alias="title")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicChatSessionsUpdate(TypedDict):
    assistant: NotRequired[Annotated[bool, Field(alias="assistant")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    creator_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="creator_id")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    last_activity: NotRequired[Annotated[datetime.datetime, Field(alias="last_activity")]]
    last_seq: NotRequired[Annotated[int, Field(alias="last_seq")]]
    metadata: NotRequired[Annotated[JsonValue, Field(alias="metadata")]]
    snippet: NotRequired[Annotated[str, Field(alias="snippet")]]
    snippet_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="snippet_by")]]
    spoken: NotRequired[Annotated[int, Field(alias="spoken")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    title: NotRequired[Annotated[str, Field(alias="title")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicCircleMembers(BaseModel):
    circle_id: uuid.UUID = Field(alias="circle_id")
    created_at: datetime.datetime = Field(alias="created_at")
    epoch: int = Field(alias="epoch")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    member_id: uuid.UUID = Field(alias="member_id")
    role: str = Field(alias="role")
    size: int = Field(alias="size")
    turned_at: Optional[datetime.datetime] = Field(alias="turned_at")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicCircleMembersInsert(TypedDict):
    circle_id: Annotated[uuid.UUID, Field(alias="circle_id")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    epoch: Annotated[int, Field(alias="epoch")]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: Annotated[str, Field(alias="kind")]
    member_id: Annotated[uuid.UUID, Field(alias="member_id")]
    role: Annotated[str, Field(alias="role")]
    size: NotRequired[Annotated[int, Field(alias="size")]]
    turned_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="turned_at")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicCircleMembersUpdate(TypedDict):
    circle_id: NotRequired[Annotated[uuid.UUID, Field(alias="circle_id")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    epoch: NotRequired[Annotated[int, Field(alias="epoch")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    member_id: NotRequired[Annotated[uuid.UUID, Field(alias="member_id")]]
    role: NotRequired[Annotated[str, Field(alias="role")]]
    size: NotRequired[Annotated[int, Field(alias="size")]]
    turned_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="turned_at")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicComments(BaseModel):
    author_id: uuid.UUID = Field(alias="author_id")
    body: str = Field(alias="body")
    created_at: datetime.datetime = Field(alias="created_at")
    edited_at: Optional[datetime.datetime] = Field(alias="edited_at")
    id: uuid.UUID = Field(alias="id")
    post_id: uuid.UUID = Field(alias="post_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicCommentsInsert(TypedDict):
    author_id: Annotated[uuid.UUID, Field(alias="author_id")]
    body: Annotated[str, Field(alias="body")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    edited_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="edited_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    post_id: Annotated[uuid.UUID, Field(alias="post_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicCommentsUpdate(TypedDict):
    author_id: NotRequired[Annotated[uuid.UUID, Field(alias="author_id")]]
    body: NotRequired[Annotated[str, Field(alias="body")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    edited_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="edited_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    post_id: NotRequired[Annotated[uuid.UUID, Field(alias="post_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicContactComments(BaseModel):
    author_id: Optional[uuid.UUID] = Field(alias="author_id")
    body: str = Field(alias="body")
    contact_id: uuid.UUID = Field(alias="contact_id")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    team_id: uuid.UUID = Field(alias="team_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicContactCommentsInsert(TypedDict):
    author_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="author_id")]]
    body: Annotated[str, Field(alias="body")]
    contact_id: Annotated[uuid.UUID, Field(alias="contact_id")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicContactCommentsUpdate(TypedDict):
    author_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="author_id")]]
    body: NotRequired[Annotated[str, Field(alias="body")]]
    contact_id: NotRequired[Annotated[uuid.UUID, Field(alias="contact_id")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicContactFilters(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    name: str = Field(alias="name")
    owner_id: uuid.UUID = Field(alias="owner_id")
    settings: JsonValue = Field(alias="settings")
    team_id: uuid.UUID = Field(alias="team_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicContactFiltersInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: Annotated[str, Field(alias="name")]
    owner_id: Annotated[uuid.UUID, Field(alias="owner_id")]
    settings: Annotated[JsonValue, Field(alias="settings")]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicContactFiltersUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    owner_id: NotRequired[Annotated[uuid.UUID, Field(alias="owner_id")]]
    settings: NotRequired[Annotated[JsonValue, Field(alias="settings")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicContacts(BaseModel):
    company: str = Field(alias="company")
    company_key: str = Field(alias="company_key")
    created_at: datetime.datetime = Field(alias="created_at")
    edited: JsonValue = Field(alias="edited")
    email: str = Field(alias="email")
    id: uuid.UUID = Field(alias="id")
    name: str = Field(alias="name")
    name_key: str = Field(alias="name_key")
    notes: str = Field(alias="notes")
    owner_id: Optional[uuid.UUID] = Field(alias="owner_id")
    phone: str = Field(alias="phone")
    search: str = Field(alias="search")
    stage: str = Field(alias="stage")
    stage_since: datetime.datetime = Field(alias="stage_since")
    tags: List[str] = Field(alias="tags")
    team_id: uuid.UUID = Field(alias="team_id")
    title: str = Field(alias="title")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicContactsInsert(TypedDict):
    company: NotRequired[Annotated[str, Field(alias="company")]]
    company_key: NotRequired[Annotated[str, Field(alias="company_key")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    edited: NotRequired[Annotated[JsonValue, Field(alias="edited")]]
    email: NotRequired[Annotated[str, Field(alias="email")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: Annotated[str, Field(alias="name")]
    name_key: NotRequired[Annotated[str, Field(alias="name_key")]]
    notes: NotRequired[Annotated[str, Field(alias="notes")]]
    owner_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="owner_id")]]
    phone: NotRequired[Annotated[str, Field(alias="phone")]]
    search: NotRequired[Annotated[str, Field(alias="search")]]
    stage: NotRequired[Annotated[str, Field(alias="stage")]]
    stage_since: NotRequired[Annotated[datetime.datetime, Field(alias="stage_since")]]
    tags: NotRequired[Annotated[List[str], Field(alias="tags")]]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    title: NotRequired[Annotated[str, Field(alias="title")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicContactsUpdate(TypedDict):
    company: NotRequired[Annotated[str, Field(alias="company")]]
    company_key: NotRequired[Annotated[str, Field(alias="company_key")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    edited: NotRequired[Annotated[JsonValue, Field(alias="edited")]]
    email: NotRequired[Annotated[str, Field(alias="email")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    name_key: NotRequired[Annotated[str, Field(alias="name_key")]]
    notes: NotRequired[Annotated[str, Field(alias="notes")]]
    owner_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="owner_id")]]
    phone: NotRequired[Annotated[str, Field(alias="phone")]]
    search: NotRequired[Annotated[str, Field(alias="search")]]
    stage: NotRequired[Annotated[str, Field(alias="stage")]]
    stage_since: NotRequired[Annotated[datetime.datetime, Field(alias="stage_since")]]
    tags: NotRequired[Annotated[List[str], Field(alias="tags")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    title: NotRequired[Annotated[str, Field(alias="title")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicCreditAccounts(BaseModel):
    balance: int = Field(alias="balance")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    low: bool = Field(alias="low")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicCreditAccountsInsert(TypedDict):
    balance: NotRequired[Annotated[int, Field(alias="balance")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: Annotated[uuid.UUID, Field(alias="id")]
    low: NotRequired[Annotated[bool, Field(alias="low")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicCreditAccountsUpdate(TypedDict):
    balance: NotRequired[Annotated[int, Field(alias="balance")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    low: NotRequired[Annotated[bool, Field(alias="low")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicCreditTransactions(BaseModel):
    account_id: uuid.UUID = Field(alias="account_id")
    amount: int = Field(alias="amount")
    balance_after: int = Field(alias="balance_after")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    idempotency_key: str = Field(alias="idempotency_key")
    kind: str = Field(alias="kind")
    label: str = Field(alias="label")
    purpose: str = Field(alias="purpose")
    reference_id: Optional[uuid.UUID] = Field(alias="reference_id")
    reference_table: Optional[str] = Field(alias="reference_table")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicCreditTransactionsInsert(TypedDict):
    account_id: Annotated[uuid.UUID, Field(alias="account_id")]
    amount: Annotated[int, Field(alias="amount")]
    balance_after: Annotated[int, Field(alias="balance_after")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    idempotency_key: Annotated[str, Field(alias="idempotency_key")]
    kind: Annotated[str, Field(alias="kind")]
    label: NotRequired[Annotated[str, Field(alias="label")]]
    purpose: Annotated[str, Field(alias="purpose")]
    reference_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="reference_id")]]
    reference_table: NotRequired[Annotated[Optional[str], Field(alias="reference_table")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicCreditTransactionsUpdate(TypedDict):
    account_id: NotRequired[Annotated[uuid.UUID, Field(alias="account_id")]]
    amount: NotRequired[Annotated[int, Field(alias="amount")]]
    balance_after: NotRequired[Annotated[int, Field(alias="balance_after")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    idempotency_key: NotRequired[Annotated[str, Field(alias="idempotency_key")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    label: NotRequired[Annotated[str, Field(alias="label")]]
    purpose: NotRequired[Annotated[str, Field(alias="purpose")]]
    reference_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="reference_id")]]
    reference_table: NotRequired[Annotated[Optional[str], Field(alias="reference_table")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicCryptoPrices(BaseModel):
    change_24h: float = Field(alias="change_24h")
    change_percentage_24h: float = Field(alias="change_percentage_24h")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    last_updated: datetime.datetime = Field(alias="last_updated")
    market_cap: int = Field(alias="market_cap")
    name: str = Field(alias="name")
    open_24h: float = Field(alias="open_24h")
    position: int = Field(alias="position")
    price: float = Field(alias="price")
    simulated: bool = Field(alias="simulated")
    supply: float = Field(alias="supply")
    symbol: str = Field(alias="symbol")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")
    volume_24h: int = Field(alias="volume_24h")

class PublicCryptoPricesInsert(TypedDict):
    change_24h: NotRequired[Annotated[float, Field(alias="change_24h")]]
    change_percentage_24h: NotRequired[Annotated[float, Field(alias="change_percentage_24h")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    last_updated: NotRequired[Annotated[datetime.datetime, Field(alias="last_updated")]]
    market_cap: NotRequired[Annotated[int, Field(alias="market_cap")]]
    name: Annotated[str, Field(alias="name")]
    open_24h: Annotated[float, Field(alias="open_24h")]
    position: NotRequired[Annotated[int, Field(alias="position")]]
    price: Annotated[float, Field(alias="price")]
    simulated: NotRequired[Annotated[bool, Field(alias="simulated")]]
    supply: Annotated[float, Field(alias="supply")]
    symbol: Annotated[str, Field(alias="symbol")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    volume_24h: NotRequired[Annotated[int, Field(alias="volume_24h")]]

class PublicCryptoPricesUpdate(TypedDict):
    change_24h: NotRequired[Annotated[float, Field(alias="change_24h")]]
    change_percentage_24h: NotRequired[Annotated[float, Field(alias="change_percentage_24h")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    last_updated: NotRequired[Annotated[datetime.datetime, Field(alias="last_updated")]]
    market_cap: NotRequired[Annotated[int, Field(alias="market_cap")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    open_24h: NotRequired[Annotated[float, Field(alias="open_24h")]]
    position: NotRequired[Annotated[int, Field(alias="position")]]
    price: NotRequired[Annotated[float, Field(alias="price")]]
    simulated: NotRequired[Annotated[bool, Field(alias="simulated")]]
    supply: NotRequired[Annotated[float, Field(alias="supply")]]
    symbol: NotRequired[Annotated[str, Field(alias="symbol")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    volume_24h: NotRequired[Annotated[int, Field(alias="volume_24h")]]

class PublicDashboards(BaseModel):
    cards: List[str] = Field(alias="cards")
    created_at: datetime.datetime = Field(alias="created_at")
    hidden: List[str] = Field(alias="hidden")
    id: uuid.UUID = Field(alias="id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicDashboardsInsert(TypedDict):
    cards: NotRequired[Annotated[List[str], Field(alias="cards")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    hidden: NotRequired[Annotated[List[str], Field(alias="hidden")]]
    id: Annotated[uuid.UUID, Field(alias="id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicDashboardsUpdate(TypedDict):
    cards: NotRequired[Annotated[List[str], Field(alias="cards")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    hidden: NotRequired[Annotated[List[str], Field(alias="hidden")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicDatasetImages(BaseModel):
    bytes: int = Field(alias="bytes")
    colour: str = Field(alias="colour")
    created_at: datetime.datetime = Field(alias="created_at")
    dataset_id: uuid.UUID = Field(alias="dataset_id")
    height: int = Field(alias="height")
    id: uuid.UUID = Field(alias="id")
    media_type: str = Field(alias="media_type")
    name: str = Field(alias="name")
    owner_id: uuid.UUID = Field(alias="owner_id")
    path: str = Field(alias="path")
    ready: bool = Field(alias="ready")
    thumb_path: str = Field(alias="thumb_path")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")
    width: int = Field(alias="width")

class PublicDatasetImagesInsert(TypedDict):
    bytes: Annotated[int, Field(alias="bytes")]
    colour: Annotated[str, Field(alias="colour")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    dataset_id: Annotated[uuid.UUID, Field(alias="dataset_id")]
    height: Annotated[int, Field(alias="height")]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    media_type: Annotated[str, Field(alias="media_type")]
    name: Annotated[str, Field(alias="name")]
    owner_id: Annotated[uuid.UUID, Field(alias="owner_id")]
    path: Annotated[str, Field(alias="path")]
    ready: NotRequired[Annotated[bool, Field(alias="ready")]]
    thumb_path: Annotated[str, Field(alias="thumb_path")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    width: Annotated[int, Field(alias="width")]

class PublicDatasetImagesUpdate(TypedDict):
    bytes: NotRequired[Annotated[int, Field(alias="bytes")]]
    colour: NotRequired[Annotated[str, Field(alias="colour")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    dataset_id: NotRequired[Annotated[uuid.UUID, Field(alias="dataset_id")]]
    height: NotRequired[Annotated[int, Field(alias="height")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    media_type: NotRequired[Annotated[str, Field(alias="media_type")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    owner_id: NotRequired[Annotated[uuid.UUID, Field(alias="owner_id")]]
    path: NotRequired[Annotated[str, Field(alias="path")]]
    ready: NotRequired[Annotated[bool, Field(alias="ready")]]
    thumb_path: NotRequired[Annotated[str, Field(alias="thumb_path")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    width: NotRequired[Annotated[int, Field(alias="width")]]

class PublicDatasets(BaseModel):
    cover_path: Optional[str] = Field(alias="cover_path")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    image_count: int = Field(alias="image_count")
    name: str = Field(alias="name")
    owner_id: uuid.UUID = Field(alias="owner_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicDatasetsInsert(TypedDict):
    cover_path: NotRequired[Annotated[Optional[str], Field(alias="cover_path")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    image_count: NotRequired[Annotated[int, Field(alias="image_count")]]
    name: Annotated[str, Field(alias="name")]
    owner_id: Annotated[uuid.UUID, Field(alias="owner_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicDatasetsUpdate(TypedDict):
    cover_path: NotRequired[Annotated[Optional[str], Field(alias="cover_path")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    image_count: NotRequired[Annotated[int, Field(alias="image_count")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    owner_id: NotRequired[Annotated[uuid.UUID, Field(alias="owner_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicDigestPreferences(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    hour: int = Field(alias="hour")
    id: uuid.UUID = Field(alias="id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")
    wanted: bool = Field(alias="wanted")
    zone: str = Field(alias="zone")

class PublicDigestPreferencesInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    hour: NotRequired[Annotated[int, Field(alias="hour")]]
    id: Annotated[uuid.UUID, Field(alias="id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    wanted: NotRequired[Annotated[bool, Field(alias="wanted")]]
    zone: NotRequired[Annotated[str, Field(alias="zone")]]

class PublicDigestPreferencesUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    hour: NotRequired[Annotated[int, Field(alias="hour")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    wanted: NotRequired[Annotated[bool, Field(alias="wanted")]]
    zone: NotRequired[Annotated[str, Field(alias="zone")]]

class PublicDigests(BaseModel):
    attempt: int = Field(alias="attempt")
    created_at: datetime.datetime = Field(alias="created_at")
    day: datetime.date = Field(alias="day")
    error: Optional[str] = Field(alias="error")
    id: uuid.UUID = Field(alias="id")
    numbers: JsonValue = Field(alias="numbers")
    owner_id: uuid.UUID = Field(alias="owner_id")
    sent_at: Optional[datetime.datetime] = Field(alias="sent_at")
    simulated: bool = Field(alias="simulated")
    status: str = Field(alias="status")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicDigestsInsert(TypedDict):
    attempt: NotRequired[Annotated[int, Field(alias="attempt")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    day: Annotated[datetime.date, Field(alias="day")]
    error: NotRequired[Annotated[Optional[str], Field(alias="error")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    numbers: NotRequired[Annotated[JsonValue, Field(alias="numbers")]]
    owner_id: Annotated[uuid.UUID, Field(alias="owner_id")]
    sent_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="sent_at")]]
    simulated: NotRequired[Annotated[bool, Field(alias="simulated")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicDigestsUpdate(TypedDict):
    attempt: NotRequired[Annotated[int, Field(alias="attempt")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    day: NotRequired[Annotated[datetime.date, Field(alias="day")]]
    error: NotRequired[Annotated[Optional[str], Field(alias="error")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    numbers: NotRequired[Annotated[JsonValue, Field(alias="numbers")]]
    owner_id: NotRequired[Annotated[uuid.UUID, Field(alias="owner_id")]]
    sent_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="sent_at")]]
    simulated: NotRequired[Annotated[bool, Field(alias="simulated")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicEmailCampaigns(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    name: str = Field(alias="name")
    recipients: int = Field(alias="recipients")
    scheduled_at: datetime.datetime = Field(alias="scheduled_at")
    sender_id: Optional[uuid.UUID] = Field(alias="sender_id")
    skipped: int = Field(alias="skipped")
    subject: str = Field(alias="subject")
    team_id: uuid.UUID = Field(alias="team_id")
    template_id: Optional[uuid.UUID] = Field(alias="template_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicEmailCampaignsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: Annotated[str, Field(alias="name")]
    recipients: NotRequired[Annotated[int, Field(alias="recipients")]]
    scheduled_at: NotRequired[Annotated[datetime.datetime, Field(alias="scheduled_at")]]
    sender_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="sender_id")]]
    skipped: NotRequired[Annotated[int, Field(alias="skipped")]]
    subject: Annotated[str, Field(alias="subject")]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    template_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="template_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicEmailCampaignsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    recipients: NotRequired[Annotated[int, Field(alias="recipients")]]
    scheduled_at: NotRequired[Annotated[datetime.datetime, Field(alias="scheduled_at")]]
    sender_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="sender_id")]]
    skipped: NotRequired[Annotated[int, Field(alias="skipped")]]
    subject: NotRequired[Annotated[str, Field(alias="subject")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    template_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="template_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicEmailClicks(BaseModel):
    agent: str = Field(alias="agent")
    created_at: datetime.datetime = Field(alias="created_at")
    email_id: uuid.UUID = Field(alias="email_id")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    machine: bool = Field(alias="machine")
    team_id: uuid.UUID = Field(alias="team_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    url: Optional[str] = Field(alias="url")
    version: int = Field(alias="version")

class PublicEmailClicksInsert(TypedDict):
    agent: NotRequired[Annotated[str, Field(alias="agent")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    email_id: Annotated[uuid.UUID, Field(alias="email_id")]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: Annotated[str, Field(alias="kind")]
    machine: Annotated[bool, Field(alias="machine")]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    url: NotRequired[Annotated[Optional[str], Field(alias="url")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicEmailClicksUpdate(TypedDict):
    agent: NotRequired[Annotated[str, Field(alias="agent")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    email_id: NotRequired[Annotated[uuid.UUID, Field(alias="email_id")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    machine: NotRequired[Annotated[bool, Field(alias="machine")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    url: NotRequired[Annotated[Optional[str], Field(alias="url")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicEmailSuppressions(BaseModel):
    address: str = Field(alias="address")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    reason: str = Field(alias="reason")
    team_id: uuid.UUID = Field(alias="team_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicEmailSuppressionsInsert(TypedDict):
    address: Annotated[str, Field(alias="address")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    reason: Annotated[str, Field(alias="reason")]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicEmailSuppressionsUpdate(TypedDict):
    address: NotRequired[Annotated[str, Field(alias="address")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    reason: NotRequired[Annotated[str, Field(alias="reason")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicEmailTemplates(BaseModel):
    author_id: Optional[uuid.UUID] = Field(alias="author_id")
    body: str = Field(alias="body")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    name: str = Field(alias="name")
    subject: str = Field(alias="subject")
    team_id: uuid.UUID = Field(alias="team_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicEmailTemplatesInsert(TypedDict):
    author_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="author_id")]]
    body: Annotated[str, Field(alias="body")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: Annotated[str, Field(alias="name")]
    subject: Annotated[str, Field(alias="subject")]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicEmailTemplatesUpdate(TypedDict):
    author_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="author_id")]]
    body: NotRequired[Annotated[str, Field(alias="body")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    subject: NotRequired[Annotated[str, Field(alias="subject")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicGenerationJobs(BaseModel):
    attempt: int = Field(alias="attempt")
    batch: Optional[uuid.UUID] = Field(alias="batch")
    cost: int = Field(alias="cost")
    created_at: datetime.datetime = Field(alias="created_at")
    dismissed: bool = Field(alias="dismissed")
    error: Optional[str] = Field(alias="error")
    eta_s: Optional[int] = Field(alias="eta_s")
    failures: int = Field(alias="failures")
    finished_at: Optional[datetime.datetime] = Field(alias="finished_at")
    held: bool = Field(alias="held")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    model_id: Optional[uuid.UUID] = Field(alias="model_id")
    negative_prompt: str = Field(alias="negative_prompt")
    owner_id: uuid.UUID = Field(alias="owner_id")
    params: JsonValue = Field(alias="params")
    position: float = Field(alias="position")
    preview_path: Optional[str] = Field(alias="preview_path")
    priority: int = Field(alias="priority")
    progress: int = Field(alias="progress")
    prompt: str = Field(alias="prompt")
    retried_from: Optional[uuid.UUID] = Field(alias="retried_from")
    stage: str = Field(alias="stage")
    started_at: Optional[datetime.datetime] = Field(alias="started_at")
    status: str = Field(alias="status")
    tries: int = Field(alias="tries")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")
    visibility: str = Field(alias="visibility")

class PublicGenerationJobsInsert(TypedDict):
    attempt: NotRequired[Annotated[int, Field(alias="attempt")]]
    batch: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="batch")]]
    cost: NotRequired[Annotated[int, Field(alias="cost")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    dismissed: NotRequired[Annotated[bool, Field(alias="dismissed")]]
    error: NotRequired[Annotated[Optional[str], Field(alias="error")]]
    eta_s: NotRequired[Annotated[Optional[int], Field(alias="eta_s")]]
    failures: NotRequired[Annotated[int, Field(alias="failures")]]
    finished_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="finished_at")]]
    held: NotRequired[Annotated[bool, Field(alias="held")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: Annotated[str, Field(alias="kind")]
    model_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="model_id")]]
    negative_prompt: NotRequired[Annotated[str, Field(alias="negative_prompt")]]
    owner_id: Annotated[uuid.UUID, Field(alias="owner_id")]
    params: Annotated[JsonValue, Field(alias="params")]
    position: NotRequired[Annotated[float, Field(alias="position")]]
    preview_path: NotRequired[Annotated[Optional[str], Field(alias="preview_path")]]
    priority: NotRequired[Annotated[int, Field(alias="priority")]]
    progress: NotRequired[Annotated[int, Field(alias="progress")]]
    prompt: Annotated[str, Field(alias="prompt")]
    retried_from: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="retried_from")]]
    stage: NotRequired[Annotated[str, Field(alias="stage")]]
    started_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="started_at")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    tries: NotRequired[Annotated[int, Field(alias="tries")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    visibility: NotRequired[Annotated[str, Field(alias="visibility")]]

class PublicGenerationJobsUpdate(TypedDict):
    attempt: NotRequired[Annotated[int, Field(alias="attempt")]]
    batch: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="batch")]]
    cost: NotRequired[Annotated[int, Field(alias="cost")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    dismissed: NotRequired[Annotated[bool, Field(alias="dismissed")]]
    error: NotRequired[Annotated[Optional[str], Field(alias="error")]]
    eta_s: NotRequired[Annotated[Optional[int], Field(alias="eta_s")]]
    failures: NotRequired[Annotated[int, Field(alias="failures")]]
    finished_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="finished_at")]]
    held: NotRequired[Annotated[bool, Field(alias="held")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    model_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="model_id")]]
    negative_prompt: NotRequired[Annotated[str, Field(alias="negative_prompt")]]
    owner_id: NotRequired[Annotated[uuid.UUID, Field(alias="owner_id")]]
    params: NotRequired[Annotated[JsonValue, Field(alias="params")]]
    position: NotRequired[Annotated[float, Field(alias="position")]]
    preview_path: NotRequired[Annotated[Optional[str], Field(alias="preview_path")]]
    priority: NotRequired[Annotated[int, Field(alias="priority")]]
    progress: NotRequired[Annotated[int, Field(alias="progress")]]
    prompt: NotRequired[Annotated[str, Field(alias="prompt")]]
    retried_from: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="retried_from")]]
    stage: NotRequired[Annotated[str, Field(alias="stage")]]
    started_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="started_at")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    tries: NotRequired[Annotated[int, Field(alias="tries")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    visibility: NotRequired[Annotated[str, Field(alias="visibility")]]

class PublicGenerationQueues(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    max_active: int = Field(alias="max_active")
    max_waiting: int = Field(alias="max_waiting")
    paused: bool = Field(alias="paused")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicGenerationQueuesInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: Annotated[uuid.UUID, Field(alias="id")]
    max_active: NotRequired[Annotated[int, Field(alias="max_active")]]
    max_waiting: NotRequired[Annotated[int, Field(alias="max_waiting")]]
    paused: NotRequired[Annotated[bool, Field(alias="paused")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicGenerationQueuesUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    max_active: NotRequired[Annotated[int, Field(alias="max_active")]]
    max_waiting: NotRequired[Annotated[int, Field(alias="max_waiting")]]
    paused: NotRequired[Annotated[bool, Field(alias="paused")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicGenerations(BaseModel):
    bytes: int = Field(alias="bytes")
    colour: str = Field(alias="colour")
    created_at: datetime.datetime = Field(alias="created_at")
    duration: Optional[float] = Field(alias="duration")
    favourite: bool = Field(alias="favourite")
    height: int = Field(alias="height")
    id: uuid.UUID = Field(alias="id")
    job_id: Optional[uuid.UUID] = Field(alias="job_id")
    kind: str = Field(alias="kind")
    media_path: str = Field(alias="media_path")
    media_type: str = Field(alias="media_type")
    model_id: Optional[uuid.UUID] = Field(alias="model_id")
    model_name: str = Field(alias="model_name")
    ordinal: int = Field(alias="ordinal")
    owner_id: uuid.UUID = Field(alias="owner_id")
    position: Optional[float] = Field(alias="position")
    poster_path: str = Field(alias="poster_path")
    project_id: Optional[uuid.UUID] = Field(alias="project_id")
    prompt: str = Field(alias="prompt")
    seed: int = Field(alias="seed")
    shot_id: Optional[uuid.UUID] = Field(alias="shot_id")
    team_id: Optional[uuid.UUID] = Field(alias="team_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")
    visibility: str = Field(alias="visibility")
    width: int = Field(alias="width")

class PublicGenerationsInsert(TypedDict):
    bytes: Annotated[int, Field(alias="bytes")]
    colour: Annotated[str, Field(alias="colour")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    duration: NotRequired[Annotated[Optional[float], Field(alias="duration")]]
    favourite: NotRequired[Annotated[bool, Field(alias="favourite")]]
    height: Annotated[int, Field(alias="height")]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    job_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="job_id")]]
    kind: Annotated[str, Field(alias="kind")]
    media_path: Annotated[str, Field(alias="media_path")]
    media_type: Annotated[str, Field(alias="media_type")]
    model_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="model_id")]]
    model_name: NotRequired[Annotated[str, Field(alias="model_name")]]
    ordinal: NotRequired[Annotated[int, Field(alias="ordinal")]]
    owner_id: Annotated[uuid.UUID, Field(alias="owner_id")]
    position: NotRequired[Annotated[Optional[float], Field(alias="position")]]
    poster_path: Annotated[str, Field(alias="poster_path")]
    project_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="project_id")]]
    prompt: Annotated[str, Field(alias="prompt")]
    seed: Annotated[int, Field(alias="seed")]
    shot_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="shot_id")]]
    team_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="team_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    visibility: NotRequired[Annotated[str, Field(alias="visibility")]]
    width: Annotated[int, Field(alias="width")]

class PublicGenerationsUpdate(TypedDict):
    bytes: NotRequired[Annotated[int, Field(alias="bytes")]]
    colour: NotRequired[Annotated[str, Field(alias="colour")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    duration: NotRequired[Annotated[Optional[float], Field(alias="duration")]]
    favourite: NotRequired[Annotated[bool, Field(alias="favourite")]]
    height: NotRequired[Annotated[int, Field(alias="height")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    job_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="job_id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    media_path: NotRequired[Annotated[str, Field(alias="media_path")]]
    media_type: NotRequired[Annotated[str, Field(alias="media_type")]]
    model_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="model_id")]]
    model_name: NotRequired[Annotated[str, Field(alias="model_name")]]
    ordinal: NotRequired[Annotated[int, Field(alias="ordinal")]]
    owner_id: NotRequired[Annotated[uuid.UUID, Field(alias="owner_id")]]
    position: NotRequired[Annotated[Optional[float], Field(alias="position")]]
    poster_path: NotRequired[Annotated[str, Field(alias="poster_path")]]
    project_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="project_id")]]
    prompt: NotRequired[Annotated[str, Field(alias="prompt")]]
    seed: NotRequired[Annotated[int, Field(alias="seed")]]
    shot_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="shot_id")]]
    team_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="team_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    visibility: NotRequired[Annotated[str, Field(alias="visibility")]]
    width: NotRequired[Annotated[int, Field(alias="width")]]

class PublicLikes(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    liked: bool = Field(alias="liked")
    member_id: uuid.UUID = Field(alias="member_id")
    post_id: uuid.UUID = Field(alias="post_id")
    posted_at: datetime.datetime = Field(alias="posted_at")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicLikesInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    liked: NotRequired[Annotated[bool, Field(alias="liked")]]
    member_id: Annotated[uuid.UUID, Field(alias="member_id")]
    post_id: Annotated[uuid.UUID, Field(alias="post_id")]
    posted_at: Annotated[datetime.datetime, Field(alias="posted_at")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicLikesUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    liked: NotRequired[Annotated[bool, Field(alias="liked")]]
    member_id: NotRequired[Annotated[uuid.UUID, Field(alias="member_id")]]
    post_id: NotRequired[Annotated[uuid.UUID, Field(alias="post_id")]]
    posted_at: NotRequired[Annotated[datetime.datetime, Field(alias="posted_at")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicMarketStatus(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    note: str = Field(alias="note")
    provider: str = Field(alias="provider")
    since: datetime.datetime = Field(alias="since")
    source: str = Field(alias="source")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicMarketStatusInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    note: NotRequired[Annotated[str, Field(alias="note")]]
    provider: NotRequired[Annotated[str, Field(alias="provider")]]
    since: NotRequired[Annotated[datetime.datetime, Field(alias="since")]]
    source: NotRequired[Annotated[str, Field(alias="source")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicMarketStatusUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    note: NotRequired[Annotated[str, Field(alias="note")]]
    provider: NotRequired[Annotated[str, Field(alias="provider")]]
    since: NotRequired[Annotated[datetime.datetime, Field(alias="since")]]
    source: NotRequired[Annotated[str, Field(alias="source")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicMemberActivities(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    entity_id: Optional[uuid.UUID] = Field(alias="entity_id")
    entity_type: Optional[str] = Field(alias="entity_type")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    member_id: uuid.UUID = Field(alias="member_id")
    params: JsonValue = Field(alias="params")
    team_id: Optional[uuid.UUID] = Field(alias="team_id")
    title: str = Field(alias="title")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicMemberActivitiesInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    entity_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="entity_id")]]
    entity_type: NotRequired[Annotated[Optional[str], Field(alias="entity_type")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: Annotated[str, Field(alias="kind")]
    member_id: Annotated[uuid.UUID, Field(alias="member_id")]
    params: NotRequired[Annotated[JsonValue, Field(alias="params")]]
    team_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="team_id")]]
    title: NotRequired[Annotated[str, Field(alias="title")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicMemberActivitiesUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    entity_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="entity_id")]]
    entity_type: NotRequired[Annotated[Optional[str], Field(alias="entity_type")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    member_id: NotRequired[Annotated[uuid.UUID, Field(alias="member_id")]]
    params: NotRequired[Annotated[JsonValue, Field(alias="params")]]
    team_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="team_id")]]
    title: NotRequired[Annotated[str, Field(alias="title")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicModels(BaseModel):
    cost: int = Field(alias="cost")
    created_at: datetime.datetime = Field(alias="created_at")
    description: str = Field(alias="description")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    makes: List[str] = Field(alias="makes")
    name: str = Field(alias="name")
    owner_id: Optional[uuid.UUID] = Field(alias="owner_id")
    position: int = Field(alias="position")
    slug: str = Field(alias="slug")
    style: JsonValue = Field(alias="style")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")
    visibility: str = Field(alias="visibility")

class PublicModelsInsert(TypedDict):
    cost: NotRequired[Annotated[int, Field(alias="cost")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    description: NotRequired[Annotated[str, Field(alias="description")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: Annotated[str, Field(alias="kind")]
    makes: NotRequired[Annotated[List[str], Field(alias="makes")]]
    name: Annotated[str, Field(alias="name")]
    owner_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="owner_id")]]
    position: NotRequired[Annotated[int, Field(alias="position")]]
    slug: Annotated[str, Field(alias="slug")]
    style: NotRequired[Annotated[JsonValue, Field(alias="style")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    visibility: NotRequired[Annotated[str, Field(alias="visibility")]]

class PublicModelsUpdate(TypedDict):
    cost: NotRequired[Annotated[int, Field(alias="cost")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    description: NotRequired[Annotated[str, Field(alias="description")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    makes: NotRequired[Annotated[List[str], Field(alias="makes")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    owner_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="owner_id")]]
    position: NotRequired[Annotated[int, Field(alias="position")]]
    slug: NotRequired[Annotated[str, Field(alias="slug")]]
    style: NotRequired[Annotated[JsonValue, Field(alias="style")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    visibility: NotRequired[Annotated[str, Field(alias="visibility")]]

class PublicNotificationKinds(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    description: str = Field(alias="description")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    position: int = Field(alias="position")
    section: str = Field(alias="section")
    title: str = Field(alias="title")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicNotificationKindsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    description: NotRequired[Annotated[str, Field(alias="description")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: Annotated[str, Field(alias="kind")]
    position: NotRequired[Annotated[int, Field(alias="position")]]
    section: Annotated[str, Field(alias="section")]
    title: Annotated[str, Field(alias="title")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicNotificationKindsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    description: NotRequired[Annotated[str, Field(alias="description")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    position: NotRequired[Annotated[int, Field(alias="position")]]
    section: NotRequired[Annotated[str, Field(alias="section")]]
    title: NotRequired[Annotated[str, Field(alias="title")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicNotificationPreferences(BaseModel):
    browser: bool = Field(alias="browser")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    in_app: bool = Field(alias="in_app")
    kind: str = Field(alias="kind")
    owner_id: uuid.UUID = Field(alias="owner_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicNotificationPreferencesInsert(TypedDict):
    browser: NotRequired[Annotated[bool, Field(alias="browser")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    in_app: NotRequired[Annotated[bool, Field(alias="in_app")]]
    kind: Annotated[str, Field(alias="kind")]
    owner_id: Annotated[uuid.UUID, Field(alias="owner_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicNotificationPreferencesUpdate(TypedDict):
    browser: NotRequired[Annotated[bool, Field(alias="browser")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    in_app: NotRequired[Annotated[bool, Field(alias="in_app")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    owner_id: NotRequired[Annotated[uuid.UUID, Field(alias="owner_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicNotifications(BaseModel):
    actor_ids: List[uuid.UUID] = Field(alias="actor_ids")
    body: str = Field(alias="body")
    browser: bool = Field(alias="browser")
    created_at: datetime.datetime = Field(alias="created_at")
    happened_at: datetime.datetime = Field(alias="happened_at")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    owner_id: uuid.UUID = Field(alias="owner_id")
    path: str = Field(alias="path")
    read_at: Optional[datetime.datetime] = Field(alias="read_at")
    subject_id: Optional[uuid.UUID] = Field(alias="subject_id")
    times: int = Field(alias="times")
    title: str = Field(alias="title")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicNotificationsInsert(TypedDict):
    actor_ids: NotRequired[Annotated[List[uuid.UUID], Field(alias="actor_ids")]]
    body: NotRequired[Annotated[str, Field(alias="body")]]
    browser: NotRequired[Annotated[bool, Field(alias="browser")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    happened_at: NotRequired[Annotated[datetime.datetime, Field(alias="happened_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: Annotated[str, Field(alias="kind")]
    owner_id: Annotated[uuid.UUID, Field(alias="owner_id")]
    path: Annotated[str, Field(alias="path")]
    read_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="read_at")]]
    subject_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="subject_id")]]
    times: NotRequired[Annotated[int, Field(alias="times")]]
    title: Annotated[str, Field(alias="title")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicNotificationsUpdate(TypedDict):
    actor_ids: NotRequired[Annotated[List[uuid.UUID], Field(alias="actor_ids")]]
    body: NotRequired[Annotated[str, Field(alias="body")]]
    browser: NotRequired[Annotated[bool, Field(alias="browser")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    happened_at: NotRequired[Annotated[datetime.datetime, Field(alias="happened_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    owner_id: NotRequired[Annotated[uuid.UUID, Field(alias="owner_id")]]
    path: NotRequired[Annotated[str, Field(alias="path")]]
    read_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="read_at")]]
    subject_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="subject_id")]]
    times: NotRequired[Annotated[int, Field(alias="times")]]
    title: NotRequired[Annotated[str, Field(alias="title")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicPosts(BaseModel):
    author_id: uuid.UUID = Field(alias="author_id")
    caption: str = Field(alias="caption")
    colour: str = Field(alias="colour")
    comment_count: int = Field(alias="comment_count")
    created_at: datetime.datetime = Field(alias="created_at")
    duration: Optional[float] = Field(alias="duration")
    generation_id: uuid.UUID = Field(alias="generation_id")
    height: int = Field(alias="height")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    like_count: int = Field(alias="like_count")
    media_path: str = Field(alias="media_path")
    media_type: str = Field(alias="media_type")
    poster_path: str = Field(alias="poster_path")
    prompt: str = Field(alias="prompt")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")
    width: int = Field(alias="width")

class PublicPostsInsert(TypedDict):
    author_id: Annotated[uuid.UUID, Field(alias="author_id")]
    caption: NotRequired[Annotated[str, Field(alias="caption")]]
    colour: Annotated[str, Field(alias="colour")]
    comment_count: NotRequired[Annotated[int, Field(alias="comment_count")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    duration: NotRequired[Annotated[Optional[float], Field(alias="duration")]]
    generation_id: Annotated[uuid.UUID, Field(alias="generation_id")]
    height: Annotated[int, Field(alias="height")]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: Annotated[str, Field(alias="kind")]
    like_count: NotRequired[Annotated[int, Field(alias="like_count")]]
    media_path: Annotated[str, Field(alias="media_path")]
    media_type: Annotated[str, Field(alias="media_type")]
    poster_path: Annotated[str, Field(alias="poster_path")]
    prompt: Annotated[str, Field(alias="prompt")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    width: Annotated[int, Field(alias="width")]

class PublicPostsUpdate(TypedDict):
    author_id: NotRequired[Annotated[uuid.UUID, Field(alias="author_id")]]
    caption: NotRequired[Annotated[str, Field(alias="caption")]]
    colour: NotRequired[Annotated[str, Field(alias="colour")]]
    comment_count: NotRequired[Annotated[int, Field(alias="comment_count")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    duration: NotRequired[Annotated[Optional[float], Field(alias="duration")]]
    generation_id: NotRequired[Annotated[uuid.UUID, Field(alias="generation_id")]]
    height: NotRequired[Annotated[int, Field(alias="height")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    like_count: NotRequired[Annotated[int, Field(alias="like_count")]]
    media_path: NotRequired[Annotated[str, Field(alias="media_path")]]
    media_type: NotRequired[Annotated[str, Field(alias="media_type")]]
    poster_path: NotRequired[Annotated[str, Field(alias="poster_path")]]
    prompt: NotRequired[Annotated[str, Field(alias="prompt")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    width: NotRequired[Annotated[int, Field(alias="width")]]

class PublicPriceAlerts(BaseModel):
    armed: bool = Field(alias="armed")
    armed_at: datetime.datetime = Field(alias="armed_at")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    owner_id: uuid.UUID = Field(alias="owner_id")
    reference_price: float = Field(alias="reference_price")
    symbol: str = Field(alias="symbol")
    threshold: float = Field(alias="threshold")
    triggered_at: Optional[datetime.datetime] = Field(alias="triggered_at")
    triggered_price: Optional[float] = Field(alias="triggered_price")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicPriceAlertsInsert(TypedDict):
    armed: NotRequired[Annotated[bool, Field(alias="armed")]]
    armed_at: NotRequired[Annotated[datetime.datetime, Field(alias="armed_at")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: Annotated[str, Field(alias="kind")]
    owner_id: Annotated[uuid.UUID, Field(alias="owner_id")]
    reference_price: Annotated[float, Field(alias="reference_price")]
    symbol: Annotated[str, Field(alias="symbol")]
    threshold: Annotated[float, Field(alias="threshold")]
    triggered_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="triggered_at")]]
    triggered_price: NotRequired[Annotated[Optional[float], Field(alias="triggered_price")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicPriceAlertsUpdate(TypedDict):
    armed: NotRequired[Annotated[bool, Field(alias="armed")]]
    armed_at: NotRequired[Annotated[datetime.datetime, Field(alias="armed_at")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    owner_id: NotRequired[Annotated[uuid.UUID, Field(alias="owner_id")]]
    reference_price: NotRequired[Annotated[float, Field(alias="reference_price")]]
    symbol: NotRequired[Annotated[str, Field(alias="symbol")]]
    threshold: NotRequired[Annotated[float, Field(alias="threshold")]]
    triggered_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="triggered_at")]]
    triggered_price: NotRequired[Annotated[Optional[float], Field(alias="triggered_price")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicPriceCandles(BaseModel):
    close: float = Field(alias="close")
    created_at: datetime.datetime = Field(alias="created_at")
    high: float = Field(alias="high")
    id: uuid.UUID = Field(alias="id")
    low: float = Field(alias="low")
    minute: datetime.datetime = Field(alias="minute")
    open: float = Field(alias="open")
    symbol: str = Field(alias="symbol")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicPriceCandlesInsert(TypedDict):
    close: Annotated[float, Field(alias="close")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    high: Annotated[float, Field(alias="high")]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    low: Annotated[float, Field(alias="low")]
    minute: Annotated[datetime.datetime, Field(alias="minute")]
    open: Annotated[float, Field(alias="open")]
    symbol: Annotated[str, Field(alias="symbol")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicPriceCandlesUpdate(TypedDict):
    close: NotRequired[Annotated[float, Field(alias="close")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    high: NotRequired[Annotated[float, Field(alias="high")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    low: NotRequired[Annotated[float, Field(alias="low")]]
    minute: NotRequired[Annotated[datetime.datetime, Field(alias="minute")]]
    open: NotRequired[Annotated[float, Field(alias="open")]]
    symbol: NotRequired[Annotated[str, Field(alias="symbol")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicProfiles(BaseModel):
    avatar_path: Optional[str] = Field(alias="avatar_path")
    bio: str = Field(alias="bio")
    colour: str = Field(alias="colour")
    created_at: datetime.datetime = Field(alias="created_at")
    display_name: str = Field(alias="display_name")
    id: uuid.UUID = Field(alias="id")
    is_demo: bool = Field(alias="is_demo")
    updated_at: datetime.datetime = Field(alias="updated_at")
    username: str = Field(alias="username")
    version: int = Field(alias="version")

class PublicProfilesInsert(TypedDict):
    avatar_path: NotRequired[Annotated[Optional[str], Field(alias="avatar_path")]]
    bio: NotRequired[Annotated[str, Field(alias="bio")]]
    colour: Annotated[str, Field(alias="colour")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    display_name: Annotated[str, Field(alias="display_name")]
    id: Annotated[uuid.UUID, Field(alias="id")]
    is_demo: NotRequired[Annotated[bool, Field(alias="is_demo")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    username: Annotated[str, Field(alias="username")]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicProfilesUpdate(TypedDict):
    avatar_path: NotRequired[Annotated[Optional[str], Field(alias="avatar_path")]]
    bio: NotRequired[Annotated[str, Field(alias="bio")]]
    colour: NotRequired[Annotated[str, Field(alias="colour")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    display_name: NotRequired[Annotated[str, Field(alias="display_name")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    is_demo: NotRequired[Annotated[bool, Field(alias="is_demo")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    username: NotRequired[Annotated[str, Field(alias="username")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicProjects(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    created_by: Optional[uuid.UUID] = Field(alias="created_by")
    description: str = Field(alias="description")
    id: uuid.UUID = Field(alias="id")
    name: str = Field(alias="name")
    team_id: uuid.UUID = Field(alias="team_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicProjectsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    description: NotRequired[Annotated[str, Field(alias="description")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: Annotated[str, Field(alias="name")]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicProjectsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    description: NotRequired[Annotated[str, Field(alias="description")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicSentEmails(BaseModel):
    campaign_id: uuid.UUID = Field(alias="campaign_id")
    clicked_at: Optional[datetime.datetime] = Field(alias="clicked_at")
    clicks: int = Field(alias="clicks")
    contact_id: Optional[uuid.UUID] = Field(alias="contact_id")
    created_at: datetime.datetime = Field(alias="created_at")
    delivered_at: Optional[datetime.datetime] = Field(alias="delivered_at")
    ended_at: Optional[datetime.datetime] = Field(alias="ended_at")
    error: Optional[str] = Field(alias="error")
    id: uuid.UUID = Field(alias="id")
    opened_at: Optional[datetime.datetime] = Field(alias="opened_at")
    opens: int = Field(alias="opens")
    scheduled_at: datetime.datetime = Field(alias="scheduled_at")
    sender_id: Optional[uuid.UUID] = Field(alias="sender_id")
    sent_at: Optional[datetime.datetime] = Field(alias="sent_at")
    simulated: bool = Field(alias="simulated")
    status: str = Field(alias="status")
    subject: str = Field(alias="subject")
    team_id: uuid.UUID = Field(alias="team_id")
    template_id: Optional[uuid.UUID] = Field(alias="template_id")
    to_address: str = Field(alias="to_address")
    to_name: str = Field(alias="to_name")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicSentEmailsInsert(TypedDict):
    campaign_id: Annotated[uuid.UUID, Field(alias="campaign_id")]
    clicked_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="clicked_at")]]
    clicks: NotRequired[Annotated[int, Field(alias="clicks")]]
    contact_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="contact_id")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    delivered_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="delivered_at")]]
    ended_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="ended_at")]]
    error: NotRequired[Annotated[Optional[str], Field(alias="error")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    opened_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="opened_at")]]
    opens: NotRequired[Annotated[int, Field(alias="opens")]]
    scheduled_at: NotRequired[Annotated[datetime.datetime, Field(alias="scheduled_at")]]
    sender_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="sender_id")]]
    sent_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="sent_at")]]
    simulated: NotRequired[Annotated[bool, Field(alias="simulated")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    subject: Annotated[str, Field(alias="subject")]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    template_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="template_id")]]
    to_address: Annotated[str, Field(alias="to_address")]
    to_name: NotRequired[Annotated[str, Field(alias="to_name")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicSentEmailsUpdate(TypedDict):
    campaign_id: NotRequired[Annotated[uuid.UUID, Field(alias="campaign_id")]]
    clicked_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="clicked_at")]]
    clicks: NotRequired[Annotated[int, Field(alias="clicks")]]
    contact_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="contact_id")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    delivered_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="delivered_at")]]
    ended_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="ended_at")]]
    error: NotRequired[Annotated[Optional[str], Field(alias="error")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    opened_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="opened_at")]]
    opens: NotRequired[Annotated[int, Field(alias="opens")]]
    scheduled_at: NotRequired[Annotated[datetime.datetime, Field(alias="scheduled_at")]]
    sender_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="sender_id")]]
    sent_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="sent_at")]]
    simulated: NotRequired[Annotated[bool, Field(alias="simulated")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    subject: NotRequired[Annotated[str, Field(alias="subject")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    template_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="template_id")]]
    to_address: NotRequired[Annotated[str, Field(alias="to_address")]]
    to_name: NotRequired[Annotated[str, Field(alias="to_name")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicShots(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    description: str = Field(alias="description")
    id: uuid.UUID = Field(alias="id")
    name: str = Field(alias="name")
    position: float = Field(alias="position")
    project_id: uuid.UUID = Field(alias="project_id")
    team_id: uuid.UUID = Field(alias="team_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicShotsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    description: NotRequired[Annotated[str, Field(alias="description")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: Annotated[str, Field(alias="name")]
    position: Annotated[float, Field(alias="position")]
    project_id: Annotated[uuid.UUID, Field(alias="project_id")]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicShotsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    description: NotRequired[Annotated[str, Field(alias="description")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    position: NotRequired[Annotated[float, Field(alias="position")]]
    project_id: NotRequired[Annotated[uuid.UUID, Field(alias="project_id")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicTaskComments(BaseModel):
    author_id: Optional[uuid.UUID] = Field(alias="author_id")
    body: str = Field(alias="body")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    task_id: uuid.UUID = Field(alias="task_id")
    team_id: uuid.UUID = Field(alias="team_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicTaskCommentsInsert(TypedDict):
    author_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="author_id")]]
    body: Annotated[str, Field(alias="body")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    task_id: Annotated[uuid.UUID, Field(alias="task_id")]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicTaskCommentsUpdate(TypedDict):
    author_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="author_id")]]
    body: NotRequired[Annotated[str, Field(alias="body")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    task_id: NotRequired[Annotated[uuid.UUID, Field(alias="task_id")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicTasks(BaseModel):
    assignee: Optional[uuid.UUID] = Field(alias="assignee")
    created_at: datetime.datetime = Field(alias="created_at")
    created_by: Optional[uuid.UUID] = Field(alias="created_by")
    description: str = Field(alias="description")
    due_date: Optional[datetime.date] = Field(alias="due_date")
    error: Optional[str] = Field(alias="error")
    id: uuid.UUID = Field(alias="id")
    job_id: Optional[uuid.UUID] = Field(alias="job_id")
    labels: List[str] = Field(alias="labels")
    position: float = Field(alias="position")
    preview_path: Optional[str] = Field(alias="preview_path")
    progress: int = Field(alias="progress")
    project_id: uuid.UUID = Field(alias="project_id")
    render: Optional[JsonValue] = Field(alias="render")
    shot_id: Optional[uuid.UUID] = Field(alias="shot_id")
    stage: str = Field(alias="stage")
    status: str = Field(alias="status")
    team_id: uuid.UUID = Field(alias="team_id")
    title: str = Field(alias="title")
    type: str = Field(alias="type")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicTasksInsert(TypedDict):
    assignee: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="assignee")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    description: NotRequired[Annotated[str, Field(alias="description")]]
    due_date: NotRequired[Annotated[Optional[datetime.date], Field(alias="due_date")]]
    error: NotRequired[Annotated[Optional[str], Field(alias="error")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    job_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="job_id")]]
    labels: NotRequired[Annotated[List[str], Field(alias="labels")]]
    position: Annotated[float, Field(alias="position")]
    preview_path: NotRequired[Annotated[Optional[str], Field(alias="preview_path")]]
    progress: NotRequired[Annotated[int, Field(alias="progress")]]
    project_id: Annotated[uuid.UUID, Field(alias="project_id")]
    render: NotRequired[Annotated[Optional[JsonValue], Field(alias="render")]]
    shot_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="shot_id")]]
    stage: NotRequired[Annotated[str, Field(alias="stage")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    title: Annotated[str, Field(alias="title")]
    type: NotRequired[Annotated[str, Field(alias="type")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicTasksUpdate(TypedDict):
    assignee: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="assignee")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    description: NotRequired[Annotated[str, Field(alias="description")]]
    due_date: NotRequired[Annotated[Optional[datetime.date], Field(alias="due_date")]]
    error: NotRequired[Annotated[Optional[str], Field(alias="error")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    job_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="job_id")]]
    labels: NotRequired[Annotated[List[str], Field(alias="labels")]]
    position: NotRequired[Annotated[float, Field(alias="position")]]
    preview_path: NotRequired[Annotated[Optional[str], Field(alias="preview_path")]]
    progress: NotRequired[Annotated[int, Field(alias="progress")]]
    project_id: NotRequired[Annotated[uuid.UUID, Field(alias="project_id")]]
    render: NotRequired[Annotated[Optional[JsonValue], Field(alias="render")]]
    shot_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="shot_id")]]
    stage: NotRequired[Annotated[str, Field(alias="stage")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    title: NotRequired[Annotated[str, Field(alias="title")]]
    type: NotRequired[Annotated[str, Field(alias="type")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicTeamInvitations(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    invitee_id: uuid.UUID = Field(alias="invitee_id")
    inviter_id: Optional[uuid.UUID] = Field(alias="inviter_id")
    role: str = Field(alias="role")
    team_id: uuid.UUID = Field(alias="team_id")
    team_name: str = Field(alias="team_name")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicTeamInvitationsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    invitee_id: Annotated[uuid.UUID, Field(alias="invitee_id")]
    inviter_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="inviter_id")]]
    role: Annotated[str, Field(alias="role")]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    team_name: Annotated[str, Field(alias="team_name")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicTeamInvitationsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    invitee_id: NotRequired[Annotated[uuid.UUID, Field(alias="invitee_id")]]
    inviter_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="inviter_id")]]
    role: NotRequired[Annotated[str, Field(alias="role")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    team_name: NotRequired[Annotated[str, Field(alias="team_name")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicTeamMembers(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    member_id: uuid.UUID = Field(alias="member_id")
    role: str = Field(alias="role")
    team_id: uuid.UUID = Field(alias="team_id")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicTeamMembersInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    member_id: Annotated[uuid.UUID, Field(alias="member_id")]
    role: Annotated[str, Field(alias="role")]
    team_id: Annotated[uuid.UUID, Field(alias="team_id")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicTeamMembersUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    member_id: NotRequired[Annotated[uuid.UUID, Field(alias="member_id")]]
    role: NotRequired[Annotated[str, Field(alias="role")]]
    team_id: NotRequired[Annotated[uuid.UUID, Field(alias="team_id")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicTeams(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    name: str = Field(alias="name")
    personal_of: Optional[uuid.UUID] = Field(alias="personal_of")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicTeamsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: Annotated[str, Field(alias="name")]
    personal_of: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="personal_of")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicTeamsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    personal_of: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="personal_of")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicTrainingJobs(BaseModel):
    attempt: int = Field(alias="attempt")
    base_model_id: Optional[uuid.UUID] = Field(alias="base_model_id")
    cost: int = Field(alias="cost")
    created_at: datetime.datetime = Field(alias="created_at")
    current_step: int = Field(alias="current_step")
    dataset_id: Optional[uuid.UUID] = Field(alias="dataset_id")
    error: Optional[str] = Field(alias="error")
    eta_s: Optional[int] = Field(alias="eta_s")
    failures: int = Field(alias="failures")
    finished_at: Optional[datetime.datetime] = Field(alias="finished_at")
    id: uuid.UUID = Field(alias="id")
    learning_rate: float = Field(alias="learning_rate")
    loss: Optional[float] = Field(alias="loss")
    model_id: Optional[uuid.UUID] = Field(alias="model_id")
    name: str = Field(alias="name")
    owner_id: uuid.UUID = Field(alias="owner_id")
    previews: JsonValue = Field(alias="previews")
    progress: int = Field(alias="progress")
    retried_from: Optional[uuid.UUID] = Field(alias="retried_from")
    sample_prompt: str = Field(alias="sample_prompt")
    stage: str = Field(alias="stage")
    started_at: Optional[datetime.datetime] = Field(alias="started_at")
    status: str = Field(alias="status")
    total_steps: int = Field(alias="total_steps")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")
    visibility: str = Field(alias="visibility")

class PublicTrainingJobsInsert(TypedDict):
    attempt: NotRequired[Annotated[int, Field(alias="attempt")]]
    base_model_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="base_model_id")]]
    cost: NotRequired[Annotated[int, Field(alias="cost")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    current_step: NotRequired[Annotated[int, Field(alias="current_step")]]
    dataset_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="dataset_id")]]
    error: NotRequired[Annotated[Optional[str], Field(alias="error")]]
    eta_s: NotRequired[Annotated[Optional[int], Field(alias="eta_s")]]
    failures: NotRequired[Annotated[int, Field(alias="failures")]]
    finished_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="finished_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    learning_rate: Annotated[float, Field(alias="learning_rate")]
    loss: NotRequired[Annotated[Optional[float], Field(alias="loss")]]
    model_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="model_id")]]
    name: Annotated[str, Field(alias="name")]
    owner_id: Annotated[uuid.UUID, Field(alias="owner_id")]
    previews: NotRequired[Annotated[JsonValue, Field(alias="previews")]]
    progress: NotRequired[Annotated[int, Field(alias="progress")]]
    retried_from: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="retried_from")]]
    sample_prompt: Annotated[str, Field(alias="sample_prompt")]
    stage: NotRequired[Annotated[str, Field(alias="stage")]]
    started_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="started_at")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    total_steps: Annotated[int, Field(alias="total_steps")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    visibility: NotRequired[Annotated[str, Field(alias="visibility")]]

class PublicTrainingJobsUpdate(TypedDict):
    attempt: NotRequired[Annotated[int, Field(alias="attempt")]]
    base_model_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="base_model_id")]]
    cost: NotRequired[Annotated[int, Field(alias="cost")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    current_step: NotRequired[Annotated[int, Field(alias="current_step")]]
    dataset_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="dataset_id")]]
    error: NotRequired[Annotated[Optional[str], Field(alias="error")]]
    eta_s: NotRequired[Annotated[Optional[int], Field(alias="eta_s")]]
    failures: NotRequired[Annotated[int, Field(alias="failures")]]
    finished_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="finished_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    learning_rate: NotRequired[Annotated[float, Field(alias="learning_rate")]]
    loss: NotRequired[Annotated[Optional[float], Field(alias="loss")]]
    model_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="model_id")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    owner_id: NotRequired[Annotated[uuid.UUID, Field(alias="owner_id")]]
    previews: NotRequired[Annotated[JsonValue, Field(alias="previews")]]
    progress: NotRequired[Annotated[int, Field(alias="progress")]]
    retried_from: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="retried_from")]]
    sample_prompt: NotRequired[Annotated[str, Field(alias="sample_prompt")]]
    stage: NotRequired[Annotated[str, Field(alias="stage")]]
    started_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="started_at")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    total_steps: NotRequired[Annotated[int, Field(alias="total_steps")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
    visibility: NotRequired[Annotated[str, Field(alias="visibility")]]

class PublicTrainingMetrics(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    job_id: uuid.UUID = Field(alias="job_id")
    learning_rate: float = Field(alias="learning_rate")
    loss: float = Field(alias="loss")
    owner_id: uuid.UUID = Field(alias="owner_id")
    step: int = Field(alias="step")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicTrainingMetricsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    job_id: Annotated[uuid.UUID, Field(alias="job_id")]
    learning_rate: Annotated[float, Field(alias="learning_rate")]
    loss: Annotated[float, Field(alias="loss")]
    owner_id: Annotated[uuid.UUID, Field(alias="owner_id")]
    step: Annotated[int, Field(alias="step")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicTrainingMetricsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    job_id: NotRequired[Annotated[uuid.UUID, Field(alias="job_id")]]
    learning_rate: NotRequired[Annotated[float, Field(alias="learning_rate")]]
    loss: NotRequired[Annotated[float, Field(alias="loss")]]
    owner_id: NotRequired[Annotated[uuid.UUID, Field(alias="owner_id")]]
    step: NotRequired[Annotated[int, Field(alias="step")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicUserPresence(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    last_seen: datetime.datetime = Field(alias="last_seen")
    metadata: JsonValue = Field(alias="metadata")
    session: Optional[str] = Field(alias="session")
    status: str = Field(alias="status")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicUserPresenceInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: Annotated[uuid.UUID, Field(alias="id")]
    last_seen: NotRequired[Annotated[datetime.datetime, Field(alias="last_seen")]]
    metadata: NotRequired[Annotated[JsonValue, Field(alias="metadata")]]
    session: NotRequired[Annotated[Optional[str], Field(alias="session")]]
    status: Annotated[str, Field(alias="status")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicUserPresenceUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    last_seen: NotRequired[Annotated[datetime.datetime, Field(alias="last_seen")]]
    metadata: NotRequired[Annotated[JsonValue, Field(alias="metadata")]]
    session: NotRequired[Annotated[Optional[str], Field(alias="session")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicWatchlists(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    owner_id: uuid.UUID = Field(alias="owner_id")
    position: float = Field(alias="position")
    symbol: str = Field(alias="symbol")
    updated_at: datetime.datetime = Field(alias="updated_at")
    version: int = Field(alias="version")

class PublicWatchlistsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    owner_id: Annotated[uuid.UUID, Field(alias="owner_id")]
    position: NotRequired[Annotated[float, Field(alias="position")]]
    symbol: Annotated[str, Field(alias="symbol")]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicWatchlistsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    owner_id: NotRequired[Annotated[uuid.UUID, Field(alias="owner_id")]]
    position: NotRequired[Annotated[float, Field(alias="position")]]
    symbol: NotRequired[Annotated[str, Field(alias="symbol")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]
