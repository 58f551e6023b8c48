"""The letters that pages show: a table for each way to narrow them down, shared by all tabs that look at the same, and what
happened to one of them. A page that narrows them down otherwise goes on showing the last ones until the next are there."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from state.emails import KIND, NEWEST, STATUSES, Emails, Status
from state.models import EmailClick, SentEmail
from state.signal import Signal, Unsubscribe
from state.space import Space
from state.sync.mutation import Pending
from state.sync.query import Query, Where
from state.sync.rows import Batch, Phase
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


class Outbox:
    """What one page shows of the letters: those of one sieve at a time. They are Rows, like those of any table."""

    def __init__(self, desk: Emails, sieve: Sieve) -> None:
        self._desk = desk
        self._listeners: Signal[Batch[SentEmail]] = Signal()
        self._shown, self._leave = use_list(desk, sieve)
        self._coming: tuple[EmailList, Unsubscribe] | None = None
        self._unsubscribe = self._shown.rows.subscribe(self._listeners.emit)
        self._stop: Unsubscribe = lambda: None

    @property
    def sieve(self) -> Sieve:
        """What was chosen last."""
        return (self._coming[0] if self._coming else self._shown).sieve

    @property
    def view(self) -> View:
        """How fresh the rows are."""
        return self._shown.view

    @property
    def settled(self) -> bool:
        """Whether what was chosen last is shown."""
        return self._coming is None and self.phase != "loading"

    def choose(self, sieve: Sieve) -> None:
        """Shows the letters of another sieve as soon as they are there."""
        if sieve == self.sieve:
            return
        self._give_up()
        area, leave = use_list(self._desk, sieve)
        self._coming = area, leave
        self._stop = area.rows.subscribe(lambda _: self._arrived())
        self._arrived()

    def close(self) -> None:
        """Nobody looks any more."""
        self._give_up()
        self._unsubscribe()
        self._leave()

    def _arrived(self) -> None:
        if self._coming is None or self._coming[0].rows.phase == "loading":
            return
        self._stop()
        self._unsubscribe()
        self._leave()
        (self._shown, self._leave), self._coming = self._coming, None
        self._unsubscribe = self._shown.rows.subscribe(self._listeners.emit)
        self._listeners.emit(Batch())

    def _give_up(self) -> None:
        if self._coming is not None:
            self._stop()
            self._coming[1]()
            self._coming = None

    # Rows ----------------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[SentEmail]:
        """Newest first."""
        return self._shown.rows.rows

    @property
    def phase(self) -> Phase:
        """Of what is shown."""
        return self._shown.rows.phase

    @property
    def error(self) -> str | None:
        """Why it did not load."""
        return self._shown.rows.error

    @property
    def complete(self) -> bool:
        """False: there are older ones."""
        return self._shown.rows.complete

    def get(self, key: Hashable) -> SentEmail | None:
        """One of them."""
        return self._shown.rows.get(key)

    def subscribe(self, listener: Callable[[Batch[SentEmail]], None]) -> Unsubscribe:
        """As LiveTable does; what is shown after `choose` comes with an empty batch."""
        return self._listeners.subscribe(listener)

    async def load_more(self) -> None:
        """Older ones. Raises StateError."""
        await self._shown.rows.load_more()

    def pending(self, key: Hashable) -> Pending | None:
        """Letters are written by campaigns, not one by one."""
        return None


def use_list(desk: Emails, sieve: Sieve) -> tuple[EmailList, Unsubscribe]:
    """The letters of one sieve, until the returned function is called."""
    return desk.member.circles.use(f"emails {sieve}", KIND, desk.id, lambda: EmailList(desk, sieve))


def use_file(desk: Emails, email: UUID) -> tuple[EmailFile, Unsubscribe]:
    """One letter, until the returned function is called."""
    return desk.member.circles.use(f"email {email}", KIND, desk.id, lambda: EmailFile(desk, email))
