"""Signing in and making an account: what is wrong is said at its field."""

from __future__ import annotations

from uuid import uuid4

from nicegui import ElementFilter, ui
from nicegui.testing import User

from components import session
from components.field import Field
from state.generation import Draft
from state.member import Member
from state.starling import Starling
from tests.pages.test_studio import LONG


def fill(user: User, **values: str) -> dict[str, Field]:
    """Type into the fields, by their names."""
    with user:
        fields = {field.props["name"]: field for field in ElementFilter(kind=Field)}
    for name, value in values.items():
        fields[name].value = value
    return fields


def submit(user: User) -> None:
    """Press Enter."""
    with user:
        form = next(element for element in ElementFilter() if element.tag == "form")
        listener = next(item for item in form._event_listeners.values() if item.type.startswith("submit"))
        form._handle_event({"listener_id": listener.id, "args": None})


def path(user: User) -> str:
    with user:
        return ui.context.client.page.path


async def test_a_wrong_password_is_said_at_the_password(user: User) -> None:
    await user.open("/sign-in")
    fields = fill(user, email="ada@starling.demo", password="wrong")
    submit(user)
    await user.should_see("do not go together", retries=LONG)
    assert fields["password"].error
    assert not fields["email"].error
    fields["password"].value = "another"
    assert not fields["password"].error, "it is being corrected"


async def test_nothing_typed_is_said_at_the_first_field(user: User) -> None:
    await user.open("/sign-in")
    fields = fill(user)
    submit(user)
    await user.should_see("Your e-mail address", retries=LONG)
    assert fields["email"].error


async def test_signing_in_leads_to_where_one_wanted_to_go(user: User) -> None:
    await user.open("/sign-in?next=/studio")
    fill(user, email="grace@starling.demo", password="starling-demo")
    submit(user)
    await user.should_see("Grace Hopper", retries=LONG)
    assert path(user) == "/studio"


async def test_a_link_to_us_leads_nobody_elsewhere(user: User) -> None:
    await user.open("/sign-in?next=https://example.org/")
    fill(user, email="grace@starling.demo", password="starling-demo")
    submit(user)
    await user.should_see("Grace Hopper", retries=LONG)
    assert path(user) == "/studio"


async def test_a_new_account_is_signed_in(user: User) -> None:
    await user.open("/sign-in?create=true")
    fill(user, name="Mary Shelley", email=f"mary-{uuid4().hex[:8]}@example.org", password="frankenstein")
    submit(user)
    await user.should_see("Mary Shelley", retries=LONG)


async def test_an_address_that_is_taken_is_said_at_the_address(user: User) -> None:
    await user.open("/sign-in?create=true")
    fields = fill(user, name="Somebody", email="ada@starling.demo", password="long enough")
    submit(user)
    await user.should_see("There is an account with this e-mail already", retries=LONG)
    assert fields["email"].error


async def test_a_weak_password_is_said_at_the_password(user: User) -> None:
    await user.open("/sign-in?create=true")
    fields = fill(user, name="Somebody", email="somebody@example.org", password="short")
    submit(user)
    await user.should_see("At least eight characters, please", retries=LONG)
    assert fields["password"].error


async def test_without_supabase_nothing_typed_is_lost(user_cut_off: User) -> None:
    await user_cut_off.open("/sign-in")
    fields = fill(user_cut_off, email="ada@starling.demo", password="starling-demo")
    submit(user_cut_off)
    await user_cut_off.should_see("Supabase does not answer", retries=LONG)
    await user_cut_off.should_see("What you typed is still here")
    assert fields["email"].value == "ada@starling.demo"


async def test_password_managers_know_the_fields(user: User) -> None:
    await user.open("/sign-in?create=true")
    told = {field.props["name"]: field.props["autocomplete"] for field in fill(user).values()}
    assert told == {"name": "name", "email": "username", "password": "new-password"}


async def test_what_is_not_there_is_said_calmly(user: User) -> None:
    answer = await user.http_client.get("/nowhere", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


async def test_a_page_left_open_shows_nothing_private_after_the_last_sign_out(user: User) -> None:
    root, member, (browser,) = await ada_with_a_secret(user)
    await root.members.sign_out(browser)
    await user.should_not_see("a diary nobody reads", retries=LONG)
    await user.should_see("You have signed out")
    with user:
        assert ui.context.client.page.path == "/studio", "and stays to say so"
    assert member.over


async def test_a_page_of_a_browser_that_signed_out_leaves_though_the_person_goes_on_elsewhere(user: User) -> None:
    root, member, (browser,) = await ada_with_a_secret(user)
    ada = root.sessions.demo[0]
    other = root.members.of(await root.sessions.sign_in(ada.email, ada.password))
    assert other is member
    await root.members.sign_out(browser)
    await user.should_not_see("a diary nobody reads", retries=LONG)
    with user:
        assert ui.context.client.page.path == "/"
    assert not member.over


async def ada_with_a_secret(user: User) -> tuple[Starling, Member, list[str]]:
    """Ada's studio with a private job of hers; the ids of her browsers."""
    await user.open("/sign-in")
    user.find("Sign in as Ada").click()
    await user.should_see("Gallery", retries=LONG)
    root = session.starling()
    (member,) = root.members
    model = root.world.models.rows[0].id
    draft = Draft.check(prompt="a diary nobody reads", model_id=model, visibility="private")
    assert isinstance(draft, Draft)
    member.studio.generate(draft)
    await user.should_see("a diary nobody reads", retries=LONG)
    return root, member, list(root.sessions._families)
