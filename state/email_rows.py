"""The letters that pages show: a table for each way to narrow them down, shared by all tabs that look at the same, and what
happened to one of them. A page that narrows them down otherwise goes on showing the last ones until the next are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from state.emails import KIND, NEWEST, STATUSES, Emails, Status
from state.models import EmailCampaign, EmailClick, SentEmail
from state.signal import Unsubscribe
from state.space import Space
from state.sync.choice import Choice
from state.sync.query import Query, Where
from state.sync.view import View

if TYPE_CHECKING:
    from state.sync.live_table import LiveTable

PAGE = 50


@dataclass(frozen=True)
class Sieve:
    """Which letters one looks at."""

    status: Status | None = None
    template: UUID | None = None
    campaign: UUID | None = None

    @property
    def narrowed(self) -> bool:
        """Whether it leaves any out."""
        return any((self.status, self.template, self.campaign))

    def query(self, team: UUID) -> Query:
        """As a window on the table."""
        where = [Where("team_id", "eq", team)]
        where += [Where("status", "eq", self.status)] if self.status in STATUSES else []
        where += [Where("template_id", "eq", self.template)] if self.template else []
        where += [Where("campaign_id", "eq", self.campaign)] if self.campaign else []
        return Query("sent_emails", tuple(where), NEWEST)


class EmailList(Space):
    """The letters of one sieve, newest first."""

    def __init__(self, desk: Emails, sieve: Sieve) -> None:
        super().__init__(desk.member, KIND, desk.id)
        self.sieve = sieve
        self.rows: LiveTable[SentEmail] = self.table(sieve.query(desk.id), SentEmail, limit=PAGE)
        self.view = View((self.rows, desk.member.connection.freshness))


class EmailFile(Space):
    """One letter, and what its reader's programs did."""

    def __init__(self, desk: Emails, email: UUID) -> None:
        super().__init__(desk.member, KIND, desk.id)
        self.emails = self.table(Query("sent_emails", (Where("id", "eq", email),)), SentEmail)
        self.clicks = self.table(Query("email_clicks", (Where("email_id", "eq", email),), NEWEST), EmailClick)


class CampaignFile(Space):
    """One campaign, however old."""

    def __init__(self, desk: Emails, campaign: UUID) -> None:
        super().__init__(desk.member, KIND, desk.id)
        mine = (Where("id", "eq", campaign), Where("team_id", "eq", desk.id))
        self.campaigns = self.table(Query("email_campaigns", mine), EmailCampaign)


class Outbox(Choice[EmailList, Sieve, SentEmail]):
    """What one page shows of the letters."""

    def __init__(self, desk: Emails, sieve: Sieve) -> None:
        super().__init__(lambda wish: use_list(desk, wish), sieve)

    @property
    def sieve(self) -> Sieve:
        """What was chosen last."""
        return self.wish


def use_list(desk: Emails, sieve: Sieve) -> tuple[EmailList, Unsubscribe]:
    """The letters of one sieve, until the returned function is called."""
    return desk.member.circles.use(f"emails {sieve}", KIND, desk.id, lambda: EmailList(desk, sieve))


def use_file(desk: Emails, email: UUID) -> tuple[EmailFile, Unsubscribe]:
    """One letter, until the returned function is called."""
    return desk.member.circles.use(f"email {email}", KIND, desk.id, lambda: EmailFile(desk, email))


def use_campaign(desk: Emails, campaign: UUID) -> tuple[CampaignFile, Unsubscribe]:
    """One campaign, until the returned function is called."""
    return desk.member.circles.use(f"campaign {campaign}", KIND, desk.id, lambda: CampaignFile(desk, campaign))
