"""/credits: what one has, where it went, and more of it."""

from __future__ import annotations

from functools import partial

from fastapi import Response
from fastapi.responses import RedirectResponse
from nicegui import ui

from components import session
from components.command_palette import Command
from components.credit_balance import LOW, CreditBalance
from components.credit_history import CreditHistory
from components.island import Island
from components.shell import Shell, shell, sign_in_path
from components.spending_chart import SpendingChart
from components.tag import Tag
from components.theme import ICON
from components.time_zone import browser_zone
from components.top_up import TopUp
from state.credit_history import Filter
from state.credits import Credits
from state.member import Member

PATH = "/credits"
PERIODS: dict[str, int | None] = {"7 days": 7, "30 days": 30, "90 days": 90, "All": None}
USUAL = "30 days"
LONGEST = 365  # days of the chart, however long the history is


@ui.page(PATH)
async def page() -> Response | None:
    """For members; guests sign in first."""
    visitor = await session.visitor()
    if visitor.member is None:
        return RedirectResponse(sign_in_path(PATH))
    with shell("Credits", visitor) as around:
        credits_page(visitor.member, around)
    return None


def credits_page(member: Member, around: Shell) -> None:
    """Lay out the page for `member` inside the shell and bind it to what is live."""
    period, zone = USUAL, browser_zone(lambda moved: look(period, moved))

    def look(name: str, moved: str | None = None) -> None:
        nonlocal period, zone
        period, zone = name, moved or zone
        days = PERIODS[name]
        chart.look(days or LONGEST, zone, f"Spent in {name}" if days else "Spent in a year, by week")
        history.narrow(days=days, zone=zone, title=f"of {name}" if days else "of all time")
        for other, chip in chips.items():
            chip.props["aria-pressed"] = str(other == name).lower()

    top_up = TopUp(member.credits)
    with ui.element("div").classes("credits"):
        BalanceCard(member.credits, top_up)
        chart = SpendingChart(member.credits, around.mode)
        with chart.head:
            chips = {name: ui.button(name, color=None, on_click=partial(look, name)).props("flat") for name in PERIODS}
        history = CreditHistory(member, Filter(days=PERIODS[period], zone=zone), failed=around.toasts.failed)
    look(period)
    member.studio.failures.subscribe(around.toasts.failed)
    around.commands.add(
        Command("Top up", icon=f"{ICON}add_card", action=top_up.show, section="Credits"),
        Command("Export as CSV", icon=f"{ICON}download", action=history.export, section="Credits"),
    )


class BalanceCard(Island):
    """The number that the page is about, whether it runs low, and the way to more."""

    def __init__(self, credits: Credits, top_up: TopUp) -> None:
        super().__init__("section")
        self.classes("card balance-card").props("aria-label=Balance role=region")
        self._credits = credits
        with self:
            Tag("h2", "Balance", "secondary")
            CreditBalance(credits, size="large")
            with ui.element("p").classes("balance-card__low") as self._low:
                ui.icon(f"{ICON}warning").props("aria-hidden=true")
                Tag("span", LOW)
            Tag(
                "p",
                "A job is paid when it is queued. What fails or is cancelled is given back at once.",
                "secondary balance-card__rule",
            )
            ui.button("Top up", icon=f"{ICON}add", color=None, on_click=top_up.show).classes("btn--primary").props(
                "unelevated"
            )
        self.client.on_delete(credits.observe(self._show))
        self._show()

    def _show(self) -> None:
        self._low.set_visibility(self._credits.low)
