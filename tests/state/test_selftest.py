"""The self-test on a real stack: all is well where it is, and each thing that is broken is told by its row (T1 to T4)."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import psutil
import pytest

from embedded.stack import Address, Stack
from state.api import Project
from state.selftest import Result, run
from state.selftest.desk import BUDGET, BUDGET_S, EACH_S, Desk
from state.selftest.result import all_passed, as_json, row, summary
from state.selftest.runner import NAMES
from tests.embedded.realtime_support import open_socket
from tests.state.peer import Peer
from tests.state.support import until
from worker.api import Api
from worker.housekeeping import Housekeeping

PROJECT = Path(__file__).parents[2]
CHANGES = "Postgres Changes"


@pytest.fixture(scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Address]:
    """A stack to break, and one that nobody else makes members in."""
    stack = Stack(tmp_path_factory.mktemp("selftest"), migrations=PROJECT / "supabase")
    yield await stack.start()
    await stack.stop()


@pytest.fixture(scope="module")
async def sql(own: Address) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(own.db_url)
    yield connection
    await connection.close()


@pytest.fixture
async def mine(own: Address) -> AsyncIterator[Project]:
    project = Project.connect(own.api_url, own.publishable_key)
    yield project
    await project.close()


async def serves_changes(address: Address) -> bool:
    """Whether this Realtime serves Postgres Changes: asked, not known."""
    async with open_socket(f"{address.api_url}/realtime/v1", address.service_role_key, 1) as socket:
        await socket.join(
            "realtime:anything", postgres_changes=[{"event": "*", "schema": "public", "table": "generations"}]
        )
        async with asyncio.timeout(20):
            return (await socket.event("system"))["status"] == "ok"


async def see_off(address: Address) -> None:
    """What the worker does every few seconds."""
    async with Api.connect(address.api_url, address.secret_key) as api:
        await Housekeeping(api).forget()


async def throwaways(sql: asyncpg.Connection) -> int | None:
    return await sql.fetchval("select count(*) from auth.users where email like 'selftest-%@starling.invalid'")


def outcomes(results: list[Result]) -> dict[str, str]:
    return {result.name: result.outcome for result in results}


def failed(results: list[Result]) -> dict[str, str]:
    """What failed, with the sentence that says why."""
    return {r.name: r.detail for r in results if r.outcome == "failed" and r.name != CHANGES}


# All is well ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [True, False])
async def test_all_passes_and_nothing_is_left_behind(own: Address, sql: asyncpg.Connection, secret: bool):  # T1, T2, T3
    tables = (
        "auth.users",
        "public.profiles",
        "public.models",
        "public.generation_jobs",
        "public.generations",
        "storage.objects",
    )

    async def census() -> dict[str, Any]:
        return {table: await sql.fetchval(f"select count(*) from {table}") for table in tables}

    def sockets() -> int:
        port = int(own.api_url.rpartition(":")[2])
        return sum(
            c.status == "ESTABLISHED" and c.raddr.port == port for c in psutil.Process().net_connections() if c.raddr
        )

    before, open_before, told = await census(), sockets(), []
    project = Project.connect(own.api_url, own.publishable_key)
    results = await run(project, admin=own.secret_key if secret else None, on_result=told.append)
    await project.close()

    assert told == results
    assert tuple(result.name for result in results) == NAMES
    assert failed(results) == {}
    assert outcomes(results)[CHANGES] == ("passed" if await serves_changes(own) else "failed")
    skipped = {result.name for result in results if result.outcome == "skipped"}
    assert skipped == (set() if secret else {"signed addresses"}), "only the secret key can store a picture"
    listed = " ".join(next(r for r in results if r.name == "publication and policies").listing)
    assert "public.generations, announced, published: everybody sees public generations (select)" in listed

    if not secret:
        assert (await census())["auth.users"] == before["auth.users"] + 2, "they wait for the worker"
        await see_off(own)
    assert await census() == before
    await until(lambda: sockets() == open_before, "no socket is left")


# Something is broken -------------------------------------------------------------------------------------------------


@asynccontextmanager
async def broken(sql: asyncpg.Connection, breaks: str, mends: str) -> AsyncIterator[None]:
    await sql.execute(breaks)
    try:
        yield
    finally:
        await sql.execute(mends)


OWNS = "(visibility = 'public' or owner_id = (select auth.uid()))"
BREAKAGES: dict[str, tuple[str, str, dict[str, str]]] = {
    "row level security is off": (
        "alter table public.generations disable row level security",
        "alter table public.generations enable row level security",
        {
            "row level security": "Another member sees a private row of generations",
            "signed addresses": "Another member gets an address for a private picture",
            "publication and policies": "Row level security is off: public.generations",
        },
    ),
    "a policy is missing": (
        'drop policy "everybody sees public generations" on public.generations',
        f'create policy "everybody sees public generations" on public.generations for select to anon, authenticated using {OWNS}',
        {
            "database broadcast": "no longer there",
            "row level security": "A member does not see their own row of generations",
            "signed addresses": "A member gets no address for their own picture",
        },
    ),
    "changes are not announced": (
        "alter table public.profiles disable trigger announce_update",
        "alter table public.profiles enable trigger announce_update",
        {
            "database broadcast": "a change of a profile to arrive on world",
            "broadcast": "a change of a profile to arrive on world",
            "round trip": "a change of a profile to arrive on world",
            "publication and policies": "triggers are missing: public.profiles",
        },
    ),
    "feeds are open to everybody": (
        "create policy blab on realtime.messages for select to authenticated using (true)",
        "drop policy blab on realtime.messages",
        {"subscription": "A member may listen to another member's feed"},
    ),
    # One thing for each of the other rows, at once: every row tells its own.
    "nearly everything": (
        """
        create function live.blab() returns trigger language plpgsql security definer set search_path = '' as $$
        begin
          perform live.publish('world', 'generations', 'UPDATE', jsonb_build_array(to_jsonb(new)), null);
          return null;
        end $$;
        create trigger blab after update on public.generations for each row execute function live.blab();
        create policy blab on realtime.messages for insert to authenticated with check (true);
        alter function public.cancel_generation(uuid) rename to kept;
        create function public.cancel_generation(job_id uuid) returns uuid language sql as 'select job_id';
        grant execute on function public.cancel_generation(uuid) to authenticated;
        create policy blab on storage.objects for insert to authenticated with check (bucket_id = 'avatars');
        create policy blab_media on storage.objects for select to authenticated using (bucket_id = 'media');
        alter publication supabase_realtime drop table public.generations;
        """,
        """
        drop trigger blab on public.generations;
        drop function live.blab();
        drop policy blab on realtime.messages;
        drop function public.cancel_generation(uuid);
        alter function public.kept(uuid) rename to cancel_generation;
        drop policy blab on storage.objects;
        drop policy blab_media on storage.objects;
        alter publication supabase_realtime add table public.generations;
        """,
        {
            "database broadcast": "A private row was announced to somebody else",
            "broadcast": "A member may broadcast on the feed world",
            "row level security": "cancel_generation acts on what is another member's",
            "files": "Another member writes into one's folder",
            "signed addresses": "Another member gets an address for a private picture",
            "publication and policies": "public.generations is not in the publication",
        },
    ),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
async def test_what_is_broken_is_told_by_its_row(
    own: Address, mine: Project, sql: asyncpg.Connection, breakage: str
):  # T1, T4
    breaks, mends, told = BREAKAGES[breakage]
    in_vain = {"database broadcast": 2.0, "broadcast": 2.0, "round trip": 1.0} if "to arrive" in str(told) else {}
    async with broken(sql, breaks, mends):
        results = await run(mine, admin=own.secret_key, limits_s=in_vain)
    assert not all_passed(results)
    sentences = failed(results)
    assert sentences.keys() == told.keys(), sentences
    assert {name: sentences[name] for name, part in told.items() if part not in sentences[name]} == {}
    assert await throwaways(sql) == 0  # T2


class Elsewhere(Project):
    """A project whose Realtime is somewhere else."""

    at = ""

    @property
    def realtime_url(self) -> str:
        return self.at


@pytest.fixture
async def elsewhere(own: Address) -> AsyncIterator[Callable[[str], Project]]:
    async with httpx.AsyncClient(timeout=10) as http:

        def make(url: str) -> Project:
            made = Elsewhere(own.api_url, own.publishable_key, http)
            object.__setattr__(made, "at", url)
            return made

        yield make


NEEDS_REALTIME = {"database broadcast", "broadcast", "presence", "round trip"}


async def test_a_realtime_that_nobody_reaches_fails_the_subscription(
    own: Address, elsewhere: Callable[[str], Project]
):  # T1
    results = await run(elsewhere("http://127.0.0.1:9/realtime/v1"), admin=own.secret_key, limits_s={"subscription": 2})
    told = {result.name: result for result in results}
    assert failed(results).keys() == {"subscription"}
    assert told["subscription"].detail.endswith("to be live: Supabase does not answer")
    assert told[CHANGES].outcome == "failed"
    assert told[CHANGES].detail.startswith("Realtime does not answer")
    assert {name for name, result in told.items() if result.outcome == "skipped"} == NEEDS_REALTIME
    assert told["row level security"].outcome == "passed", "what needs no Realtime is tried all the same"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("handshake", "Waited 1 s for world and both members' feeds to be live"),
        ("ready", "Waited 1 s for world and both members' feeds to be live"),
        ("token", "JwtSignatureError: Failed to validate JWT signature"),
    ],
)
async def test_a_realtime_that_stalls_or_refuses_the_token_is_told_so(
    own: Address, elsewhere: Callable[[str], Project], sql: asyncpg.Connection, peer: Peer, fault: str, says: str
):  # T1, T2
    if fault == "handshake":
        peer.handshake = None
    peer.ready = fault != "ready"
    if fault == "token":
        peer.joins["world"] = "JwtSignatureError: Failed to validate JWT signature"
    limit_s = 3 if fault == "token" else 1  # what stands in the way has to be known by then
    results = await run(elsewhere(peer.url), admin=own.secret_key, limits_s={"subscription": limit_s, CHANGES: 0.5})
    assert says in failed(results)["subscription"]
    assert outcomes(results)["tidying up"] == "passed"
    assert await throwaways(sql) == 0


async def test_a_key_that_is_refused_ends_it_at_the_first_row(own: Address):  # T1
    project = Project.connect(own.api_url, "sb_publishable_wrong")
    results = await run(project)
    await project.close()
    assert outcomes(results) == {"schema": "failed", **dict.fromkeys(NAMES[1:], "skipped"), "tidying up": "passed"}


async def test_a_secret_key_that_is_refused_is_named(mine: Project, sql: asyncpg.Connection):  # T1, T3
    results = await run(mine, admin="sb_secret_wrong")
    assert failed(results).keys() == {"sign-in"}
    assert "SUPABASE_SECRET_KEY" in failed(results)["sign-in"]
    assert await throwaways(sql) == 0


class Confirming(httpx.AsyncHTTPTransport):
    """As a hosted project answers a sign-up that has to be confirmed: with a user, and without a session."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/v1/signup":
            now = "2026-11-26T12:00:00Z"
            user = {
                "id": str(UUID(int=7)),
                "aud": "authenticated",
                "app_metadata": {},
                "user_metadata": {},
                "created_at": now,
            }
            return httpx.Response(200, json=user, request=request)
        return await super().handle_async_request(request)


async def test_where_sign_up_wants_a_confirmation_it_says_what_to_do(own: Address):  # T3
    async with httpx.AsyncClient(transport=Confirming()) as http:
        results = await run(Project(own.api_url, own.publishable_key, http))
    assert failed(results) == {
        "sign-in": "Not possible here (Confirm your e-mail address first): run python -m state.selftest with SUPABASE_SECRET_KEY set"
    }


@pytest.mark.parametrize("at", ["sign-in", "broadcast"])
async def test_cancelled_it_still_tidies_up(own: Address, mine: Project, sql: asyncpg.Connection, at: str):  # T2
    reached = asyncio.Event()

    def look(result: Result) -> None:
        if result.name == at:
            reached.set()

    running = asyncio.create_task(run(mine, admin=own.secret_key, on_result=look))
    await reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await throwaways(sql) == 0


# The command ---------------------------------------------------------------------------------------------------------


async def command(*options: str, **settings: str) -> tuple[int, str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SUPABASE_", "STARLING_"))}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "state.selftest", *options,
        cwd=PROJECT, env=environment | settings, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_command_reads_the_settings_of_the_app_and_says_how_it_went(own: Address, tmp_path: Path):  # T1, T3
    (tmp_path / "public.json").write_text(json.dumps({"api_url": own.api_url, "publishable_key": own.publishable_key}))
    (tmp_path / "secret.json").write_text(json.dumps({"api_url": own.api_url, "secret_key": own.secret_key}))
    status, out, err = await command(STARLING_DATA=str(tmp_path))
    assert status == (0 if await serves_changes(own) else 1)
    lines = out.splitlines()
    assert lines[0] == own.api_url
    names = [line[: max(map(len, NAMES))].rstrip() for line in lines[2:] if line and not line.startswith(" ")]
    assert tuple(names[: len(NAMES)]) == NAMES
    assert "made by the Admin API" in out
    assert "\x1b[" not in out, "no colour where there is no terminal"
    assert err == ""
    assert own.secret_key not in out


async def test_the_command_fails_with_any_check_and_without_a_project(
    own: Address, sql: asyncpg.Connection, tmp_path: Path
):  # T1, T3
    hosted = {"SUPABASE_URL": own.api_url, "SUPABASE_PUBLISHABLE_KEY": own.publishable_key}
    async with broken(sql, *BREAKAGES["row level security is off"][:2]):
        status, out, _ = await command("--json", STARLING_DATA=str(tmp_path), **hosted)
    await see_off(own)
    told = json.loads(out)
    assert status == 1
    assert told["passed"] is False
    rows = {result["name"]: result for result in told["results"]}
    assert tuple(rows) == NAMES
    assert rows["row level security"]["outcome"] == "failed"
    assert rows["sign-in"]["detail"] == "Two members signed up"
    status, _, err = await command(STARLING_DATA=str(tmp_path))
    assert status == 2
    assert err.count("\n") == 1
    assert "SUPABASE_URL" in err


def test_only_a_failure_fails_and_rows_are_aligned():  # T1
    results = [Result("a", "passed", 3.4, "fine"), Result("longer", "skipped", 0, "not here", ("one", "two"))]
    assert all_passed(results)
    assert not all_passed([*results, Result("b", "failed", 1, "no")])
    first, second = (row(result, 6, colour=False) for result in results)
    assert first == "a       ok            3 ms  fine"
    column = first.index("fine")
    assert [line[column:] for line in second.splitlines()] == ["not here", "one", "two"]
    assert row(results[0], 6, colour=True).replace("\x1b[32m", "").replace("\x1b[0m", "") == first
    assert summary(results) == "1 passed, 1 skipped in 0.0 s"
    assert json.loads(as_json(results))["passed"] is True


# The desk ------------------------------------------------------------------------------------------------------------

ADA, GRACE = UUID(int=1), UUID(int=2)


class Scripted:
    """A self-test that waits to be told, and a clock that is moved by hand."""

    def __init__(self, project: Project) -> None:
        self.now = 1000.0
        self.runs = 0
        self.end = asyncio.Event()
        self.desk = Desk(project, test=self, clock=lambda: self.now)

    async def __call__(self, project: Project, *, on_result: Callable[[Result], None]) -> list[Result]:
        self.runs += 1
        on_result(Result("schema", "passed", 1, "fine"))
        await self.end.wait()
        return []

    async def finish(self) -> None:
        self.end.set()
        await until(lambda: not self.desk.running)
        self.end.clear()


@pytest.fixture
async def scripted(mine: Project) -> AsyncIterator[Scripted]:
    made = Scripted(mine)
    yield made
    await made.desk.close()


async def test_one_run_at_a_time_that_everybody_sees(scripted: Scripted):  # D1
    desk, seen = scripted.desk, []
    desk.changed.subscribe(lambda _: seen.append((desk.running, len(desk.results))))
    assert desk.ask(ADA) is None
    await until(lambda: desk.results)
    assert desk.ask(ADA) == desk.ask(GRACE) == "The self-test is running"
    assert scripted.runs == 1
    await scripted.finish()
    assert seen == [(True, 0), (True, 1), (False, 1)]
    assert [result.name for result in desk.results] == ["schema"], "what came of it stays to be seen"


async def test_a_member_asks_once_a_minute(scripted: Scripted):  # D2
    desk = scripted.desk
    assert desk.ask(ADA) is None
    await scripted.finish()
    scripted.now += EACH_S - 10
    assert desk.ask(ADA) == "Please wait 10 s before the next self-test"
    assert desk.ask(GRACE) is None, "that is another member's minute"
    await scripted.finish()
    scripted.now += 10
    assert desk.ask(ADA) is None


async def test_all_together_ask_no_more_often_than_auth_can_bear(scripted: Scripted):  # D2
    members = [UUID(int=n) for n in range(BUDGET + 1)]
    for member in members[:-1]:
        assert scripted.desk.ask(member) is None
        await scripted.finish()
    assert scripted.desk.ask(members[-1]) == f"Please wait {BUDGET_S:.0f} s before the next self-test"
    scripted.now += BUDGET_S
    assert scripted.desk.ask(members[-1]) is None
    assert len(scripted.desk._asked) == 1, "whose minute is over is forgotten"


async def test_it_ends_with_the_process(own: Address, mine: Project, sql: asyncpg.Connection):  # D3, T2
    desk = Desk(mine)
    assert desk.ask(ADA) is None
    await until(lambda: len(desk.results) >= 3)
    await desk.close()
    assert not desk.running
    waiting = await sql.fetchval("select count(*) from private.leavers where due_at <= now()")
    assert waiting == 2, "both have said good-bye, for the worker to see them off"
    await see_off(own)
    assert await throwaways(sql) == 0
