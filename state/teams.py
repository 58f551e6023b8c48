"""Teams: those a member is in, and is invited to; and one of them, with who is in it.

Which team the pages of the section Work show is the member's, in all their tabs: the one they turned to last, and at
first their own.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast
from uuid import UUID, uuid4

from nicegui import Event

from state.errors import StateError
from state.models import CircleMember, Team, TeamInvitation, TeamMember
from state.signal import Unsubscribe, leave_all
from state.space import Space
from state.sync.live_table import LiveTable
from state.sync.query import Order, Query, Where
from state.tasks import Tasks, within

if TYPE_CHECKING:
    from state.member import Member

KIND = "team"
MAX_NAME = 60
COME_S = 5.0
MOST_AWAITED = 100

Role: TypeAlias = Literal["owner", "editor", "viewer"]
ROLES: tuple[Role, ...] = ("owner", "editor", "viewer")


class Teams:
    """`changed` fires when any of it did. Used by `use_teams`."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.changed: Event[[]] = Event()
        self.table: LiveTable[Team] = member.table(Query("teams", order=(Order("created_at"),)), Team)
        mine = Query("team_invitations", (Where("invitee_id", "eq", member.id),), (Order("created_at"),))
        self.invitations: LiveTable[TeamInvitation] = member.table(mine, TeamInvitation)
        self._unsubscribe: list[Unsubscribe] = []
        self._awaited: dict[UUID, bool] = {}  # whether it may still come
        self._tasks = Tasks("teams")

    @property
    def tables(self) -> tuple[LiveTable[Any], ...]:
        """As `Area` says."""
        return (self.table, self.invitations)

    @property
    def ready(self) -> bool:
        """Whether it is known which there are."""
        return self.member.circles.table.phase == self.table.phase == "ready"

    @property
    def all(self) -> list[Team]:
        """Those one is in: one's own first, then by name."""
        teams = [team for team in self.table.rows if self.member.circles.get(KIND, team.id)]
        return sorted(teams, key=lambda team: (team.personal_of != self.member.id, team.name.casefold(), team.id))

    @property
    def current(self) -> Team | None:
        """The one whose contacts, e-mail and board are shown; None while nothing is known."""

        def turned(team: Team) -> datetime:
            place = self.place(team.id)
            return (place and place.turned_at) or datetime.min.replace(tzinfo=UTC)

        return max(self.all, key=turned, default=None)

    def place(self, team: UUID) -> CircleMember | None:
        """One's own place in a team."""
        return self.member.circles.get(KIND, team)

    def awaits(self, team: UUID) -> bool:
        """Whether a team that one is not known to be in may be on its way: a link can be quicker. The database is asked once."""
        if team not in self._awaited:
            if len(self._awaited) >= MOST_AWAITED:
                self._awaited.clear()
            self._awaited[team] = True
            self._tasks.start(self._await(team), "await")
        return self._awaited[team]

    async def _await(self, team: UUID) -> None:
        with suppress(StateError):
            if await self.member.api.count(Query("teams", (Where("id", "eq", team),))):
                self.member.circles.table.refresh()
                await self._come(team)
        self._awaited[team] = False
        self.changed.emit()

    def choose(self, team: UUID) -> None:
        """Shows this team from now on, everywhere."""
        if (place := self.place(team)) is not None:
            turn = partial(self.member.api.rpc, "turn_to_circle", {"kind": KIND, "circle_id": str(team)})
            self.member.circles.table.mutations.update(place.id, {"turned_at": datetime.now(UTC)}, turn)

    async def create(self, name: str) -> Team:
        """A new team, which is shown from now on. Raises StateError."""
        made = Team.model_validate(await self.member.api.rpc("create_team", {"team_id": str(uuid4()), "name": name}))
        await self._come(made.id)
        self.choose(made.id)
        return made

    async def accept(self, invitation: TeamInvitation) -> Team:
        """Joins the team one is invited to. Raises StateError."""
        row = await self.member.api.rpc("accept_invitation", {"invitation_id": str(invitation.id)})
        team = Team.model_validate(row)
        await self._come(team.id)
        return team

    async def _come(self, team: UUID) -> None:
        """Waits until a team that one is in by now is among those one knows of."""
        come = asyncio.Event()

        def look() -> None:
            if any(known.id == team for known in self.all):
                come.set()

        self.changed.subscribe(look, unsubscribe_on_delete=False)
        look()
        await within(COME_S, come)
        self.changed.unsubscribe(look)

    def decline(self, invitation: TeamInvitation) -> None:
        """Does not join it."""
        send = partial(self.member.api.rpc, "decline_invitation", {"invitation_id": str(invitation.id)})
        self.invitations.mutations.delete(invitation.id, send)

    def open(self) -> None:
        """As `Area` says."""
        self._unsubscribe = [
            self.member.circles.on_change(self._on_circles),
            self.table.subscribe(lambda _: self.changed.emit()),
            self.invitations.subscribe(lambda _: self.changed.emit()),
        ]
        for table in self.tables:
            table.open()

    async def close(self) -> None:
        """As `Area` says."""
        leave_all(self._unsubscribe)
        await self._tasks.close()
        for table in self.tables:
            await table.close()

    def _on_circles(self) -> None:
        known = {team.id for team in self.table.rows}
        if known != {place.circle_id for place in self.member.circles.of(KIND)}:
            self.table.refresh()  # a team's row is told to who is in it, so not to who joins only now
        self.changed.emit()


class TeamSpace(Space):
    """One team: who is in it, who is invited, who is here. Used by `use_team`."""

    def __init__(self, member: Member, team: UUID) -> None:
        super().__init__(member, KIND, team)
        of_team = Where("team_id", "eq", team)
        self.members = self.table(Query("team_members", (of_team,), (Order("created_at"),)), TeamMember)
        self.invitations = self.table(Query("team_invitations", (of_team,), (Order("created_at"),)), TeamInvitation)
        self._teams = self.table(Query("teams", (Where("id", "eq", team),)), Team, feed=member.feed)
        self.here = self.room()

    @property
    def team(self) -> Team | None:
        """None while nothing is known."""
        return self._teams.get(self.id)

    @property
    def named(self) -> LiveTable[Team]:
        """The table of `team`."""
        return self._teams

    @property
    def personal(self) -> bool:
        """Whether it is somebody's own team, which stays as it is: with one owner."""
        return self.team is not None and self.team.personal_of is not None

    @property
    def may_manage(self) -> bool:
        """Whether one may invite, remove, and give roles."""
        return self.role == "owner"

    async def rename(self, name: str) -> None:
        """Raises StateError."""
        await self._ask("rename_team", name=name)

    async def invite(self, username: str, role: Role) -> TeamInvitation:
        """Invites somebody by their user name. Raises StateError; Refused.hint is `username` when that is what is wrong."""
        row = await self._ask("invite_to_team", invitation_id=str(uuid4()), username=username, role=role)
        return TeamInvitation.model_validate(row)

    def withdraw(self, invitation: TeamInvitation) -> None:
        """Takes an invitation back; shows at once."""
        send = partial(self.member.api.rpc, "withdraw_invitation", {"invitation_id": str(invitation.id)})
        self.invitations.mutations.delete(invitation.id, send)

    def set_role(self, place: TeamMember, role: Role) -> None:
        """Lets somebody do more, or less; shows at once."""
        send = partial(self._ask, "set_team_role", member_id=str(place.member_id), role=role)
        self.members.mutations.update(place.id, {"role": role}, send)

    def remove(self, place: TeamMember) -> None:
        """Removes somebody; shows at once."""
        send = partial(self._ask, "remove_from_team", member_id=str(place.member_id))
        self.members.mutations.delete(place.id, send)

    async def transfer(self, place: TeamMember) -> None:
        """Makes somebody else the owner in one's own place. Raises StateError."""
        await self._ask("transfer_team", member_id=str(place.member_id))

    async def leave(self) -> None:
        """Raises StateError."""
        await self._ask("leave_team")

    async def delete(self) -> None:
        """Deletes the team, and all that is in it. Raises StateError."""
        await self._ask("delete_team")

    async def _ask(self, function: str, **arguments: Any) -> Any:
        return await self.member.api.rpc(function, {"team_id": str(self.id), **arguments})


def use_teams(member: Member) -> tuple[Teams, Unsubscribe]:
    """The teams of a member, until the returned function is called."""
    return member.areas.use("teams", lambda: Teams(member))


def use_team(member: Member, team: UUID) -> tuple[TeamSpace, Unsubscribe]:
    """One team, until the returned function is called."""
    return member.circles.use("team", KIND, team, lambda: TeamSpace(member, team))


def role_of(row: TeamMember | TeamInvitation) -> Role:
    """The database keeps to these."""
    return cast("Role", row.role)
