"""E-mail of a team: templates, campaigns, who is left alone, and how many letters came how far.

The letters that a page shows are in `state.email_rows`: a table for each way to narrow them down.

A campaign that is sent shows at once, and its letters as soon as the database has them: 500 of them are one statement there,
and one message. Sent twice (the id is made here) it is one campaign.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from uuid import UUID, uuid4

from state.contact_look import Look
from state.letters import called
from state.models import Contact, EmailCampaign, EmailSuppression, EmailTemplate, SentEmail
from state.space import Space
from state.sync.cached_query import CachedQuery
from state.sync.mutation import Pending
from state.sync.query import Order, Query, Where

if TYPE_CHECKING:
    from state.member import Member
    from state.signal import Unsubscribe

KIND = "team"
MOST_RECIPIENTS = 1_000
NEWEST = (Order("created_at", descending=True),)

Status: TypeAlias = Literal["queued", "sent", "delivered", "opened", "clicked", "bounced", "failed", "cancelled"]
STATUSES: tuple[Status, ...] = ("queued", "sent", "delivered", "opened", "clicked", "bounced", "failed", "cancelled")
REACHED: dict[str, frozenset[str]] = {  # who is counted as having come so far
    "sent": frozenset({"sent", "delivered", "opened", "clicked", "bounced"}),
    "delivered": frozenset({"delivered", "opened", "clicked"}),
    "opened": frozenset({"opened", "clicked"}),
    "clicked": frozenset({"clicked"}),
    "bounced": frozenset({"bounced"}),
}


@dataclass(frozen=True)
class Tally:
    """How many letters there are of each status."""

    by_status: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_status.values())

    def of(self, status: str) -> int:
        """Those that are there now."""
        return self.by_status.get(status, 0)

    def reached(self, status: str) -> int:
        """Those that came so far, or further."""
        return sum(self.of(one) for one in REACHED[status])

    def rate(self, status: str) -> float | None:
        """Of those that were sent, from 0 to 1; None: none was."""
        sent = self.reached("sent")
        return self.reached(status) / sent if sent else None

    @property
    def open(self) -> int:
        """Those that are still to be sent."""
        return self.of("queued")


@dataclass(frozen=True)
class Numbers:
    """Of a team: all its letters, those of each template (None: of none), and of its newest campaigns."""

    all: Tally
    templates: dict[UUID | None, Tally]
    campaigns: dict[UUID, Tally]


class Emails(Space):
    """Used by `use_emails`."""

    def __init__(self, member: Member, team: UUID) -> None:
        super().__init__(member, KIND, team)
        mine = (Where("team_id", "eq", team),)
        self.templates = self.table(Query("email_templates", mine, (Order("created_at"),)), EmailTemplate)
        self.campaigns = self.table(Query("email_campaigns", mine, NEWEST), EmailCampaign, limit=50)
        self.suppressions = self.table(Query("email_suppressions", mine, NEWEST), EmailSuppression, limit=100)

    # Reading ---------------------------------------------------------------------------------------------------------

    @property
    def numbers(self) -> CachedQuery[Numbers]:
        """To be observed."""
        return self.member.queries.query(("email-numbers", self.id), self._count)

    def numbers_of(self, campaign: UUID) -> CachedQuery[Tally]:
        """Of one campaign, however old; to be observed."""
        return self.member.queries.query(("email-numbers", self.id, campaign), partial(self._count_campaign, campaign))

    async def letter(self, email: UUID) -> str | None:
        """What an e-mail says. Raises StateError."""
        return await self.member.api.rpc("email_letter", {"email_id": str(email)})

    async def recipients(self, look: Look, most: int = MOST_RECIPIENTS) -> list[Contact]:
        """The contacts of a look that have an address. Raises StateError."""
        query = look.query(self.id)
        query = Query(query.table, (*query.where, Where("email", "neq", "")), query.order)
        return [Contact.model_validate(row) for row in await self.member.api.select(query, most)]

    # Templates -------------------------------------------------------------------------------------------------------

    async def save_template(self, name: str, subject: str, body: str, template: UUID | None = None) -> EmailTemplate:
        """A new one, or another text for one. Raises StateError; Refused.hint names the field that is wrong."""
        args = {
            "template_id": str(template or uuid4()), "team_id": str(self.id), "name": name, "subject": subject, "body": body,
        }  # fmt: skip
        return EmailTemplate.model_validate(await self.member.api.rpc("save_email_template", args))

    def remove_template(self, template: EmailTemplate) -> None:
        """Shows at once; what was sent with it stays."""
        send = partial(self.member.api.rpc, "remove_email_template", {"template_id": str(template.id)})
        self.templates.mutations.delete(template.id, send)

    # Sending ---------------------------------------------------------------------------------------------------------

    def send(
        self,
        contacts: Iterable[UUID],
        subject: str,
        body: str,
        *,
        template: UUID | None = None,
        name: str = "",
        at: datetime | None = None,
    ) -> EmailCampaign:
        """Writes to them, now or `at` that time; shows at once. Whether the database took it is said beside it."""
        ids = list(dict.fromkeys(contacts))
        now = datetime.now(UTC)
        row = EmailCampaign(
            id=uuid4(), team_id=self.id, template_id=template, sender_id=self.member.id,
            name=name.strip() or called(subject), subject=subject.strip(), recipients=len(ids), skipped=0,
            scheduled_at=at or now, created_at=now, updated_at=now, version=0,
        )  # fmt: skip
        args = {
            "campaign_id": str(row.id),
            "team_id": str(self.id),
            "contact_ids": [str(id) for id in ids],
            "subject": subject.strip(),
            "body": body,
            "template_id": str(template) if template else None,
            "name": row.name,
            "scheduled_at": at.isoformat() if at else None,
        }
        self.campaigns.mutations.insert(row, row.id, partial(self.member.api.rpc, "send_emails", args))
        self.campaigns.flush()
        return row

    def sending(self, campaign: UUID) -> Pending | None:
        """The unconfirmed write of a campaign, if any."""
        return self.campaigns.pending(campaign)

    async def cancel(self, campaign: UUID) -> int:
        """Ends what is queued of a campaign; how many. Raises StateError."""
        args = {"team_id": str(self.id), "campaign_id": str(campaign)}
        return await self.member.api.rpc("cancel_emails", args)

    async def cancel_one(self, email: SentEmail) -> bool:
        """Ends one that is queued; False: it is on its way. Raises StateError."""
        args = {"team_id": str(self.id), "ids": [str(email.id)]}
        return bool(await self.member.api.rpc("cancel_emails", args))

    def reschedule(self, campaign: EmailCampaign, at: datetime | None) -> None:
        """Sends what is queued of it at another time; None: now. Shows at once."""
        args = {"campaign_id": str(campaign.id), "scheduled_at": at.isoformat() if at else None}
        send = partial(self.member.api.rpc, "reschedule_campaign", args)
        self.campaigns.mutations.update(campaign.id, {"scheduled_at": at or datetime.now(UTC)}, send)

    # Who is left alone -----------------------------------------------------------------------------------------------

    async def suppress(self, address: str) -> EmailSuppression:
        """Writes there no more. Raises StateError; Refused.hint is `address` when that is what is wrong."""
        args = {"suppression_id": str(uuid4()), "team_id": str(self.id), "address": address}
        return EmailSuppression.model_validate(await self.member.api.rpc("suppress_address", args))

    def allow(self, suppression: EmailSuppression) -> None:
        """Writes there again; shows at once."""
        send = partial(self.member.api.rpc, "allow_address", {"suppression_id": str(suppression.id)})
        self.suppressions.mutations.delete(suppression.id, send)

    # How it works ----------------------------------------------------------------------------------------------------

    async def _count(self) -> Numbers:
        record: dict[str, Any] = await self.member.api.rpc("email_numbers", {"team_id": str(self.id)})
        templates: dict[UUID | None, dict[str, int]] = {}
        for id, status, n in record["templates"]:
            templates.setdefault(UUID(id) if id else None, {})[status] = n
        campaigns: dict[UUID, dict[str, int]] = {}
        for id, status, n in record["campaigns"]:
            campaigns.setdefault(UUID(id), {})[status] = n
        return Numbers(
            Tally(record["statuses"]),
            {id: Tally(counts) for id, counts in templates.items()},
            {id: Tally(counts) for id, counts in campaigns.items()},
        )

    async def _count_campaign(self, campaign: UUID) -> Tally:
        return Tally(await self.member.api.rpc("campaign_numbers", {"campaign_id": str(campaign)}))


def use_emails(member: Member, team: UUID) -> tuple[Emails, Unsubscribe]:
    """The e-mail of one team, until the returned function is called."""
    return member.circles.use("emails", KIND, team, lambda: Emails(member, team))
