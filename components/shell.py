"""What surrounds every page: rail, header, offline bar, toasts, command palette and shortcuts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from nicegui import ui

from components import session
from components.bell import Bell
from components.command_palette import Command, CommandPalette
from components.connection_pill import ConnectionPill, OfflineBar, reconnect
from components.credit_balance import CreditChip
from components.island import Island
from components.mode_switch import ModeSwitch
from components.navigation import Place, place_of, places, section_of
from components.people import PeopleHere
from components.person_menu import PersonMenu
from components.profile_card import ProfileCard
from components.shortcuts import EVERYWHERE, Shortcuts
from components.tag import Tag
from components.team_switcher import TeamSwitcher
from components.telling import Telling
from components.theme import ICON, Mode
from components.toasts import Toast, Toasts
from components.unread import UnreadChats

if TYPE_CHECKING:
    from components.session import Visitor
    from state.member import Member
    from state.realtime.connection import Connection

TABS = 4  # places in the bar on phones, beside the palette that has all of them
OPEN_PALETTE = "() => starling.openPalette()"


@dataclass(frozen=True)
class Shell:
    """What a page gets from what surrounds it."""

    content: ui.element
    toasts: Toasts
    commands: CommandPalette
    shortcuts: Shortcuts
    mode: Mode


@contextmanager
def shell(title: str, visitor: Visitor, *, tab: str = "") -> Iterator[Shell]:
    """Lay out the page `title` for `visitor`; what is made inside the `with` is its content. `tab`: its name in the tab."""
    ui.page_title(f"{tab or title} · Starling")
    member = visitor.member
    here = ui.context.client.page.path
    reachable = places(member=member is not None)
    connections = [*([member.connection] if member else []), visitor.world.connection]
    mode = Mode()
    shortcuts = Shortcuts()
    commands = CommandPalette(shortcuts)
    with ui.element("div").classes("app"):
        ui.link("Skip to content", "#content").classes("skip")
        _rail(reachable, here, member)
        with ui.element("div").classes("app__page"):
            with Island("header").classes("header"):
                Tag("h1", title, "title header__title")
                if member and section_of(here) == "Work":
                    TeamSwitcher(member)
                _search()
                if member:
                    PeopleHere(member.presence, visitor.world.people, member.id, member.attendance.recently_here)
                ConnectionPill(*connections, own=member is not None)
                if member:
                    CreditChip(member.credits)
                    Bell(member)
                ModeSwitch(mode)
                if member:
                    PersonMenu(member).classes("only-narrow")
                else:
                    ui.link("Sign in", sign_in_path(here)).classes("action")
            OfflineBar(*connections, own=member is not None)
            content = _main("content").props("id=content tabindex=-1")
        _tab_bar(reachable, here, member)
    ProfileCard(visitor.world, member)
    toasts = Toasts()
    commands.add(*_everywhere(reachable, connections, mode, member, here))
    if member:
        Telling(member, toasts, tab or title)
        member.ended.subscribe(lambda reason: toasts.show(_ended(reason, place_of(here))))
    with content:
        yield Shell(content, toasts, commands, shortcuts, mode)


@dataclass(frozen=True)
class Bare:
    """What a page without navigation gets."""

    content: ui.element
    toasts: Toasts


@contextmanager
def bare(title: str, connection: Connection | None = None) -> Iterator[Bare]:
    """Lay out a page that stands alone: the mark, dark or light, and what is made inside the `with`."""
    ui.page_title(f"{title} · Starling")
    mode = Mode()
    with ui.element("div").classes("bare"):
        with Island("header").classes("bare__head"):
            with ui.link(target="/").classes("brand").props('aria-label="Starling, home"'):
                ui.element("i").classes("mark")
                Tag("span", "Starling")
            ModeSwitch(mode)
        if connection:
            OfflineBar(connection, own=False)
        content = _main("bare__content")
    toasts = Toasts()
    with content:
        yield Bare(content, toasts)


def _main(classes: str) -> ui.element:
    """What the page is for. Quasar's page, in which all of it stands, would be one more `main`."""
    if (slot := ui.context.client.content.parent_slot) is not None:
        slot.parent.props("role=presentation")
    return ui.element("main").classes(classes)


def sign_in_path(back: str) -> str:
    """The sign-in page, coming back to `back` afterwards."""
    return f"/sign-in?next={quote(back, safe='/')}"


def _rail(reachable: list[Place], here: str, member: Member | None) -> None:
    """The navigation on the left: words from 1,200 px on, icons under that, nothing under 900 px."""
    with Island("nav").classes("rail").props("aria-label=Main"):
        with ui.link(target="/").classes("brand").props('aria-label="Starling, home"'):
            ui.element("i").classes("mark")
            Tag("span", "Starling", "rail__word")
        section = ""
        for place in reachable:
            if place.section != section:
                section = place.section
                Tag("h2", section, "rail__section rail__word")
            with _place_link(place, here, "rail__place", member):
                ui.tooltip(place.title).props('anchor="center right" self="center left"').classes("only-slim")
        if member:
            PersonMenu(member, wide=True).classes("rail__person")


def _tab_bar(reachable: list[Place], here: str, member: Member | None) -> None:
    """The navigation on phones: up to five thumbs' places; the last one opens the palette, which has them all."""
    with Island("nav").classes("tabs").props('aria-label="Main, short"'):
        for place in [place for place in reachable if place.thumb][:TABS]:
            _place_link(place, here, "tabs__place", member)
        with ui.element("button").classes("tabs__place").props("type=button").on("click", js_handler=OPEN_PALETTE):
            ui.icon(f"{ICON}search").props("aria-hidden=true")
            Tag("span", "Search" if len(reachable) <= TABS else "More")


def _place_link(place: Place, here: str, classes: str, member: Member | None) -> ui.link:
    with ui.link(target=place.path).classes(classes) as link:
        ui.icon(ICON + place.icon).props("aria-hidden=true")
        Tag("span", place.title, "rail__word")
        if member and place.counts == "chat":
            UnreadChats(member)
    if place.path == place_of(here):
        link.props("aria-current=page")
    return link


def _search() -> None:
    with ui.element("button").classes("pill search").props("type=button").on("click", js_handler=OPEN_PALETTE):
        Tag("span", "Search or jump")
        Tag("kbd", "⌘K", "kbd only-mac").props("aria-hidden=true")
        Tag("kbd", "Ctrl K", "kbd except-mac").props("aria-hidden=true")


def _everywhere(
    reachable: list[Place], connections: list[Connection], mode: Mode, member: Member | None, here: str
) -> Iterator[Command]:
    """The commands that every page has."""
    for place in reachable:
        yield Command(f"Go to {place.title}", icon=ICON + place.icon, keys=place.keys, to=place.path, section="Go to")
    yield Command(
        "Switch between dark and light", icon=f"{ICON}contrast", keys="t", action=mode.toggle, section=EVERYWHERE
    )
    if member:
        again = partial(reconnect, *connections, own=True)
        yield Command("Notifications", icon=f"{ICON}notifications", keys="g n", to="/notifications", section=EVERYWHERE)
        yield Command("Settings", icon=f"{ICON}settings", keys="g ,", to="/settings", section=EVERYWHERE)
        yield Command("Reconnect", icon=f"{ICON}refresh", action=again, section=EVERYWHERE)
        yield Command("Sign out", icon=f"{ICON}logout", action=session.sign_out, section=EVERYWHERE)
    else:
        yield Command("Sign in", icon=f"{ICON}login", to=sign_in_path(here), section=EVERYWHERE)


def _ended(reason: str, here: str) -> Toast:
    sign_in = ("Sign in", lambda: ui.navigate.to(sign_in_path(here)))
    return Toast(reason, icon=f"{ICON}lock", tone="wait", action=sign_in, seconds=None, urgent=True)
