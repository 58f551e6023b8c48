"""Sessions: what people are told, how sign-ins are kept, S1 and S2."""

from __future__ import annotations

import asyncio
import json
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from embedded.stack import Address
from state.api import Project
from state.errors import RateLimited, SessionEnded, SignInError, StateError, Unreachable
from state.sign_in import Sessions, TokenFamily
from tests.state.support import PASSWORD, Account, as_admin

NewAccount = Callable[[], Awaitable[Account]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


@pytest.fixture
def sessions(project: Project, file: Path) -> Sessions:
    return Sessions(project, file, "a secret", demo=True)


@pytest.fixture
async def family(sessions: Sessions, account: NewAccount) -> TokenFamily:
    """A sign-in of somebody new."""
    found = sessions.get(await sessions.sign_in((await account()).email, PASSWORD))
    assert found is not None
    return found


@asynccontextmanager
async def answering(status: int, code: str = "") -> AsyncIterator[Project]:
    """A project whose server has one answer to everything; status 0: none at all."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if status:
            answer = {"error_code": code, "msg": "a technical reason", "weak_password": {"reasons": ["length"]}}
            body = json.dumps(answer).encode()
            head = f"HTTP/1.1 {status} No\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
            writer.write(f"{head}\r\n".encode() + body)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    project = Project.connect(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "key")
    try:
        yield project
    finally:
        await project.close()
        server.close()
        await server.wait_closed()


# In, up and out ------------------------------------------------------------------------------------------------------


async def test_the_demo_members_sign_in_with_a_click(sessions: Sessions):
    for demo in sessions.demo:
        assert sessions.get(await sessions.sign_in(demo.email, demo.password)) is not None


async def test_signing_up_makes_an_account_that_can_sign_in(sessions: Sessions, supabase: Address, http, db):
    name = f"n{uuid4().hex[:10]}"
    session = sessions.get(await sessions.sign_up(f" {name}@example.com ", PASSWORD, name, " Nell New "))
    assert session is not None
    row = await db.fetchrow("select username, display_name from public.profiles where id = $1", session.member_id)
    assert tuple(row) == (name, "Nell New")
    again = sessions.get(await sessions.sign_in(f"{name}@example.com", PASSWORD))
    assert again is not None
    assert again.member_id == session.member_id
    assert again.id != session.id, "each browser has a token family of its own"
    await http.delete(f"{supabase.api_url}/auth/v1/admin/users/{session.member_id}", headers=as_admin(supabase))


@pytest.mark.parametrize(
    ("email", "password", "sentence", "field"),
    [
        ("", "x", "Your e-mail address, please", "email"),
        ("ada@starling.demo", "", "Your password, please", "password"),
        ("ada@starling.demo", "wrong", "That e-mail and password do not go together", "password"),
        ("nobody@example.com", "starling-demo", "That e-mail and password do not go together", "password"),
    ],
)
async def test_who_cannot_sign_in_is_told_why_and_where(sessions: Sessions, email, password, sentence, field):
    with pytest.raises(SignInError) as caught:
        await sessions.sign_in(email, password)
    assert (str(caught.value), caught.value.field) == (sentence, field)


@pytest.mark.parametrize(
    ("email", "password", "name", "sentence", "field"),
    [
        ("nobody", PASSWORD, "N", "This is no e-mail address", "email"),
        ("no@body@", PASSWORD, "N", "Something here is not as it should be", "email"),
        ("new@example.com", "short", "N", "At least eight characters, please", "password"),
        ("new@example.com", PASSWORD, "  ", "What others shall call you, please", "display_name"),
        ("ada@starling.demo", PASSWORD, "N", "There is an account with this e-mail already", "email"),
    ],
)
async def test_who_cannot_sign_up_is_told_why_and_where(sessions: Sessions, email, password, name, sentence, field):
    with pytest.raises(SignInError) as caught:
        await sessions.sign_up(email, password, "newcomer", name)
    assert (str(caught.value), caught.value.field) == (sentence, field)


@pytest.mark.parametrize(
    ("status", "code", "error", "sentence"),
    [
        (0, "", Unreachable, "Supabase does not answer: please try again in a moment"),
        (429, "over_request_rate_limit", RateLimited, "Too many attempts at the moment: please wait a minute"),
        (500, "unexpected_failure", Unreachable, "Supabase stumbled: please try again in a moment"),
        (503, "", Unreachable, "Supabase does not answer: please try again in a moment"),
        (403, "user_banned", SignInError, "This account is blocked"),
        (422, "weak_password", SignInError, "This password is too weak: take at least eight characters"),
    ],
)
async def test_what_goes_wrong_is_said_in_words(file: Path, status: int, code: str, error: type[StateError], sentence):
    async with answering(status, code) as project:
        sessions = Sessions(project, file, "a secret", demo=False)
        with pytest.raises(StateError) as caught:
            await sessions.sign_in("ada@starling.demo", "starling-demo")
        assert (type(caught.value), str(caught.value)) == (error, sentence)
    assert sessions.demo == ()


async def test_signing_out_ends_the_session_here_and_at_the_server(sessions: Sessions, family: TokenFamily, file: Path):
    await sessions.sign_out(family.id)
    assert sessions.get(family.id) is None
    with pytest.raises(SessionEnded, match="You have signed out"):
        await sessions.token(family)
    family.ended = None
    with pytest.raises(SessionEnded):
        await sessions.token(family, renew=True)
    await sessions.sign_out(family.id)


async def test_signing_out_works_while_nobody_answers(sessions: Sessions, family: TokenFamily):
    async with answering(0) as nobody:
        sessions._project = nobody
        await sessions.sign_out(family.id)
    assert sessions.get(family.id) is None


# Keeping -------------------------------------------------------------------------------------------------------------


async def test_no_token_can_be_read_from_the_file(family: TokenFamily, file: Path):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_bytes()
    for secret in (family.access_token, family.refresh_token, family.id, str(family.member_id)):
        assert secret.encode() not in content
    assert list(file.parent.glob("sessions*")) == [file], "no copy is left beside it"


async def test_a_data_folder_that_is_not_there_yet_is_made(project: Project, tmp_path: Path):
    file = tmp_path / "data" / "sessions"  # as on a host whose secret is set, so that nothing was written there before
    await Sessions(project, file, "a secret", demo=True).sign_in("ada@starling.demo", "starling-demo")
    assert file.exists()


async def test_a_restart_signs_nobody_out(project: Project, family: TokenFamily, file: Path):
    restarted = Sessions(project, file, "a secret", demo=True)
    found = restarted.get(family.id)
    assert found is not None
    assert found.stored() == family.stored()
    assert await restarted.token(found) == family.access_token
    await restarted.token(found, renew=True)
    assert found.refresh_token != family.refresh_token


@pytest.mark.parametrize("damage", ["another secret", "a damaged file", "an empty file"])
async def test_a_file_that_cannot_be_read_means_signing_in_again(project: Project, family: TokenFamily, file, damage):
    secret = "another secret" if damage == "another secret" else "a secret"
    if damage != "another secret":
        file.write_bytes(file.read_bytes()[:50] if damage == "a damaged file" else b"")
    sessions = Sessions(project, file, secret, demo=True)
    assert sessions.get(family.id) is None
    demo = sessions.demo[0]
    assert sessions.get(await sessions.sign_in(demo.email, demo.password)) is not None


def test_a_cookie_of_nobodys_is_nobodys(sessions: Sessions):
    assert [sessions.get(id) for id in (None, "", "made up")] == [None, None, None]


# Tokens --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def requests(project: Project) -> list[httpx.Request]:
    """What is asked of the server from now on."""
    seen: list[httpx.Request] = []

    async def note(request: httpx.Request) -> None:
        seen.append(request)

    project.http.event_hooks["request"].append(note)
    return seen


async def test_a_token_that_is_fresh_is_handed_out_unasked(sessions: Sessions, family: TokenFamily, requests):
    assert await sessions.token(family) == family.access_token
    assert requests == []


async def test_many_who_need_a_new_token_make_one_request(sessions: Sessions, family: TokenFamily, requests):  # S1
    family.expires_at = time.time() + 5
    pushed: list[str] = []
    family.renewed.subscribe(pushed.append, unsubscribe_on_delete=False)
    tokens = await asyncio.gather(*(sessions.token(family, renew=n % 2 == 0) for n in range(20)))
    assert set(tokens) == {family.access_token}
    assert len(requests) == 1
    assert pushed == [family.access_token]
    assert family.expires_at > time.time() + 60


async def test_a_caller_who_gives_up_takes_nobody_with_them(sessions: Sessions, family: TokenFamily):  # S1
    family.expires_at = 0
    hasty = asyncio.create_task(sessions.token(family))
    patient = [asyncio.create_task(sessions.token(family)) for _ in range(3)]
    await asyncio.sleep(0.002)
    hasty.cancel()
    assert set(await asyncio.gather(*patient)) == {family.access_token}
    assert await sessions.token(family, renew=True) == family.access_token


@pytest.mark.parametrize(
    ("status", "error"), [(0, Unreachable), (429, RateLimited), (500, Unreachable), (503, Unreachable)]
)
async def test_only_a_refusal_ends_a_session(sessions: Sessions, family: TokenFamily, project, status, error):  # S2
    family.expires_at = 0
    async with answering(status) as trouble:
        sessions._project = trouble
        for _ in range(3):
            with pytest.raises(Unreachable) as caught:
                await sessions.token(family)
            assert type(caught.value) is error
    assert sessions.get(family.id) is family
    sessions._project = project
    assert await sessions.token(family) == family.access_token


async def test_a_refused_refresh_ends_it_for_good(sessions, family, project, file, supabase, http):  # S2
    await http.delete(f"{supabase.api_url}/auth/v1/admin/users/{family.member_id}", headers=as_admin(supabase))
    family.expires_at = 0
    for _ in range(2):
        with pytest.raises(SessionEnded, match="Your session has ended: please sign in again"):
            await sessions.token(family)
    assert sessions.get(family.id) is None
    assert Sessions(project, file, "a secret", demo=True).get(family.id) is None
