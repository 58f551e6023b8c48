"""REST and functions, tried as everybody: who may do what to which column, and that nobody sees what is private."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from embedded.stack import Address
from tests.supabase.people import AURORA, PASSWORD, Person, join, leave, refused
from tests.supabase.rights import FUNCTIONS, HARMLESS, OWN, TABLES
from tests.supabase.studio import Studio, result

API_TABLES = [name.removeprefix("public.") for name in TABLES if name.startswith("public.")]
ROLE = {"anon": "anon", "owner": "authenticated", "stranger": "authenticated", "service": "service_role"}
EVERYBODY = list(ROLE)
OTHERS = ["anon", "stranger"]
PRIVATE_TABLES = ["models", "generation_jobs", "generations"]
PUBLIC_TABLES = ["posts", "likes", "comments"]
WHOLE = "return=representation,count=exact"
WAITS = "select wait_event_type = 'Lock' from pg_stat_activity where pid = $1"


def denied(answer: httpx.Response, who: str) -> None:
    refused(answer, 401 if who == "anon" else 403, "42501")


# Grants -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("table", API_TABLES)
async def test_each_verb_is_for_those_it_is_granted_to(people: dict[str, Person], studio: Studio, table: str, who: str):
    somebody, rights, role = people[who], TABLES[f"public.{table}"], ROLE[who]
    if rights.may(role, "select"):
        rows = await somebody.rows(f"{table}?limit=1")
        assert len(rows) == 1 or (who == "stranger" and table in OWN)
    else:
        denied(await somebody.rest("GET", f"{table}?limit=1"), who)
    nothing = f"{table}?id=eq.{uuid4()}"

    answer = await somebody.rest("DELETE", nothing)
    assert answer.status_code == 204 if rights.may(role, "delete") else denied(answer, who) is None

    row: dict[str, Any] = (await people["owner"].rows(f"{table}?id=eq.{_own(table, studio)}"))[0]
    if not rights.may(role, "insert"):
        denied(await somebody.rest("POST", table, row), who)
        denied(await somebody.rest("POST", table, {"id": row["id"]}, prefer="resolution=ignore-duplicates"), who)
        denied(await somebody.rest("POST", table, row, prefer=f"resolution=merge-duplicates,{WHOLE}"), who)
    for column, value in row.items():
        answer = await somebody.rest("PATCH", nothing, {column: value})
        granted = {"update", f"update({column})"} & rights.of(role)
        assert answer.status_code == 204 if granted else denied(answer, who) is None


def _own(table: str, studio: Studio) -> str:
    if table in studio.own:
        return studio.own[table]
    half = studio.public if table in PUBLIC_TABLES else studio.private
    return studio.owner if table in ("profiles", "user_presence", "generation_queues") else half.rows()[table][0]


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("function", HARMLESS)
async def test_each_function_is_for_those_it_is_granted_to(
    people: dict[str, Person], studio: Studio, function: str, who: str
):
    (roles,) = (roles for name, roles in FUNCTIONS.items() if name.startswith(f"public.{function}("))
    answer = await people[who].ask(function, **HARMLESS[function])
    if ROLE[who] in roles:
        assert answer.is_success or answer.json()["code"] in ("PT404", "23503", "23514"), answer.text
    else:
        denied(answer, who)


@pytest.mark.parametrize("who", ["anon", "stranger"])
@pytest.mark.parametrize("schema", ["private", "live", "auth", "storage", "realtime", "pg_catalog", "extensions"])
async def test_only_the_schema_public_is_served(people: dict[str, Person], schema: str, who: str):
    for table in ("job_leases", "users", "objects", "messages", "pg_authid"):
        refused(await people[who].rest("GET", table, Accept_Profile=schema), 406, "PGRST106")
    refused(await people[who].rest("POST", "rpc/may_read", {}, Content_Profile=schema), 406, "PGRST106")


async def test_no_client_sets_what_switches_off_the_stamps(owner: Person, studio: Studio):
    """`starling.furnishing` lets rows be dated back: it is set by functions of the database, in their own transaction."""
    setting = {"setting_name": "starling.furnishing", "new_value": "on", "is_local": False}
    refused(await owner.ask("set_config", **setting), 404, "PGRST202")
    refused(await owner.rest("POST", "rpc/set_config", setting, Content_Profile="pg_catalog"), 406, "PGRST106")
    project = f"projects?id=eq.{studio.own['projects']}"
    for select in (
        "set_config",
        "id,set_config(starling.furnishing,on)",
        "id,x:set_config('starling.furnishing','on',false)",
    ):
        assert (await owner.rest("GET", f"{project}&select={select}")).status_code == 400, select
    before = (await owner.rows(project))[0]
    tricks = {"starling.furnishing": "on", "Prefer": "starling.furnishing=on,tx=commit,return=representation"}
    answer = await owner.http.patch(f"/rest/v1/{project}", json={"name": before["name"]}, headers=tricks)
    (after,) = answer.json()
    assert (after["created_at"], after["version"] > before["version"]) == (before["created_at"], True)
    assert after["updated_at"] > before["updated_at"]
    for change in ({"created_at": "2020-01-01"}, {"updated_at": "2020-01-01"}):
        denied(await owner.rest("PATCH", project, change), "owner")


async def test_accounts_are_made_by_signing_up_with_an_address_only(supabase: Address):
    """So `auth.uid() is not null` means a member: config.toml and the stack turn nameless accounts off."""
    async with httpx.AsyncClient(base_url=supabase.api_url, headers={"apikey": supabase.publishable_key}) as http:
        answer = await http.post("/auth/v1/signup", json={"data": {}})
        assert (answer.status_code, answer.json()["error_code"]) == (422, "anonymous_provider_disabled")


# Rows ---------------------------------------------------------------------------------------------------------------


async def test_the_owner_sees_both_halves_and_others_the_public_one(people: dict[str, Person], studio: Studio):
    for table in PRIVATE_TABLES:
        private, public = studio.private.rows()[table], studio.public.rows()[table]
        ids = f"{table}?select=id&id=in.({','.join(private + public)})"
        for who in EVERYBODY:
            seen = {row["id"] for row in await people[who].rows(ids)}
            # the service reads past policies; models it needs none for
            assert seen == set(private + public if who in ("owner", "service") else public), (table, who)


@pytest.mark.parametrize("who", OTHERS)
@pytest.mark.parametrize("table", PRIVATE_TABLES)
async def test_private_rows_are_nowhere_in_an_answer(people: dict[str, Person], studio: Studio, table: str, who: str):
    somebody = people[who]
    hidden = studio.private.rows()[table]
    for path in (
        f"{table}?id=eq.{hidden[0]}",
        f"{table}?id=in.({','.join(hidden)})",
        f"{table}?or=(visibility.eq.private,id.eq.{hidden[0]})",
        f"{table}?not.and=(visibility.eq.public,id.neq.{hidden[0]})&visibility=eq.private",
        f"{table}?visibility=neq.public",
        f"{table}?owner_id=eq.{studio.owner}&visibility=eq.private",
    ):
        answer = await somebody.rest("GET", path, prefer="count=exact")
        assert (answer.json(), answer.headers["content-range"]) == ([], "*/0"), path
        head = await somebody.rest("HEAD", path, prefer="count=exact")
        assert head.headers["content-range"] == "*/0"
    everything = await somebody.rest("GET", f"{table}?limit=1000")
    assert not any(id in everything.text for id in hidden)
    refused(
        await somebody.rest("GET", f"{table}?id=eq.{hidden[0]}", Accept="application/vnd.pgrst.object+json"),
        406,
        "PGRST116",
    )


@pytest.mark.parametrize("who", OTHERS)
@pytest.mark.parametrize(
    "path",
    [
        "profiles?id=eq.{owner}&select=id,generation_jobs(id,prompt),generations(id,media_path),models(id)",
        "profiles?id=eq.{owner}&select=id,generation_jobs!inner(id,prompt,visibility)&generation_jobs.visibility=eq.private",
        "profiles?id=eq.{owner}&select=id,generations!inner(*)&generations.visibility=eq.private",
        "generations?select=id,generation_jobs(*),models(*),profiles(*)&owner_id=eq.{owner}",
        "generation_jobs?select=id,generations(*),models(*)&owner_id=eq.{owner}",
        "generation_jobs?select=id,retried:generation_jobs!retried_from(*)&owner_id=eq.{owner}",
        "models?select=*,generation_jobs(*),generations(*)",
        "generations?select=...generation_jobs(job_prompt:prompt,preview_path)&owner_id=eq.{owner}",
    ],
)
async def test_embedding_shows_no_more(people: dict[str, Person], studio: Studio, path: str, who: str):
    answer = await people[who].rest("GET", path.format(owner=studio.owner))
    hidden = [*studio.private.files(), "private wren", '"private"', studio.private.model]
    assert answer.is_success or answer.json()["code"].startswith("PGRST"), answer.text
    if answer.is_success:
        assert [text for text in hidden if text in answer.text] == [], answer.text


@pytest.mark.parametrize("who", OTHERS)
async def test_nothing_closed_is_reached_from_what_is_open(
    people: dict[str, Person], studio: Studio, sql: asyncpg.Connection, who: str
):
    """By every foreign key from a table of the members' own to one that everybody reads: embedded, counted and filtered by."""
    keys = await sql.fetch(
        """
        select k.conname as key, c.relname as closed, o.relname as open
        from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class o on o.oid = k.confrelid
        where k.contype = 'f' and c.relname = any ($1) and has_table_privilege('anon', o.oid, 'select')
        """,
        list(OWN),
    )
    assert {"sent_emails", "chat_participants", "credit_accounts", "tasks"} <= {k["closed"] for k in keys}
    hidden = {studio.own[table] for table in OWN if table in studio.own} - {studio.owner}
    for key, closed, open_ in map(tuple, keys):
        embedded = f"{closed}!{key}"
        for path in (
            f"{open_}?select=id,found:{embedded}(*)",
            f"{open_}?select=id,found:{embedded}!inner(id)&found.id=eq.{studio.own.get(closed, uuid4())}",
            f"{open_}?select=id,found:{embedded}(count)",
        ):
            answer = await people[who].rest("GET", path, prefer="count=exact")
            assert not any(id in answer.text for id in hidden), path
            assert who == "stranger" or not answer.is_success, path
            if "inner" in path and answer.is_success:
                assert (answer.json(), answer.headers["content-range"]) == ([], "*/0"), path


@pytest.mark.parametrize("who", OTHERS)
async def test_a_public_picture_of_a_private_model_does_not_show_the_model(
    people: dict[str, Person], studio: Studio, sql: asyncpg.Connection, who: str
):
    draw_with = "update public.generations set model_id = $1 where id = $2"
    await sql.execute(draw_with, studio.private.model, studio.public.generation)
    answer = await people[who].rest("GET", f"generations?id=eq.{studio.public.generation}&select=id,models(*)")
    await sql.execute(draw_with, studio.public.model, studio.public.generation)
    assert answer.json() == [{"id": studio.public.generation, "models": None}]


@pytest.mark.parametrize("half", ["private", "public"])
async def test_nobody_changes_what_is_anothers(owner: Person, stranger: Person, studio: Studio, half: str):
    mine = studio.private if half == "private" else studio.public
    attempts = [
        ("PATCH", f"generations?id=eq.{mine.generation}", {"favourite": True}),
        ("PATCH", f"generations?id=eq.{mine.generation}", {"visibility": "public"}),
        ("PATCH", f"generations?owner_id=eq.{owner.id}", {"visibility": "public"}),
        ("PATCH", f"generation_jobs?id=eq.{mine.job}", {"dismissed": True}),
        ("PATCH", f"profiles?id=eq.{owner.id}", {"display_name": "Mallory"}),
        ("DELETE", f"generations?id=eq.{mine.generation}", None),
        ("DELETE", f"generations?owner_id=eq.{owner.id}", None),
    ]
    before = await _state(owner)
    for method, path, body in attempts:
        answer = await stranger.rest(method, path, body, prefer=WHOLE)
        assert (answer.status_code, answer.json()) == (200, []), path
        assert answer.headers["content-range"] == "*/0", path
    assert await _state(owner) == before


async def _state(owner: Person) -> list[Any]:
    tables = ["profiles?id", "generations?owner_id", "generation_jobs?owner_id"]
    return [await owner.rows(f"{table}=eq.{owner.id}&order=id") for table in tables]


async def test_what_members_change_is_theirs(owner: Person, studio: Studio):
    for path, change in (
        (f"generations?id=eq.{studio.private.generation}", {"favourite": True}),
        (f"generation_jobs?id=eq.{studio.private.job}", {"dismissed": True}),
        (f"profiles?id=eq.{owner.id}", {"bio": "Draws wrens", "colour": "#aabbcc", "display_name": "Olive"}),
    ):
        answer = await owner.rest("PATCH", path, change, prefer=WHOLE)
        (row,) = answer.json()
        assert row.items() >= change.items()
        assert answer.headers["content-range"] == "0-0/1" or answer.headers["content-range"] == "*/1"


async def test_nobody_gives_rows_away_or_takes_them(owner: Person, stranger: Person, studio: Studio):
    """Files follow their rows, so a path that could be written would open another's picture."""
    mine = f"generations?id=eq.{studio.public.generation}"
    for change in ({"owner_id": stranger.id}, {"media_path": studio.private.media}, {"job_id": studio.private.job}):
        denied(await owner.rest("PATCH", mine, change), "owner")
        denied(await owner.rest("PATCH", mine, {"favourite": True, **change}), "owner")
    row = (await owner.rows(mine))[0]
    taken = {**row, "id": str(uuid4()), "owner_id": stranger.id, "media_path": studio.private.media}
    for prefer in ("", "resolution=merge-duplicates", "resolution=ignore-duplicates", "missing=default"):
        denied(await stranger.rest("POST", "generations", taken, prefer=f"{prefer},{WHOLE}"), "stranger")
        denied(
            await stranger.rest("POST", "generations?on_conflict=id&columns=id,favourite", [taken], prefer=prefer),
            "stranger",
        )
    denied(await stranger.rest("PUT", mine, {**row, "owner_id": stranger.id}), "stranger")


async def test_a_profile_is_no_badge(owner: Person):
    denied(await owner.rest("PATCH", f"profiles?id=eq.{owner.id}", {"is_demo": True}), "owner")
    denied(await owner.rest("PATCH", f"profiles?id=eq.{owner.id}", {"version": 1}), "owner")
    for change, code in (
        ({"display_name": "  "}, "23514"),
        ({"display_name": "x" * 61}, "23514"),
        ({"username": "Not Lower"}, "23514"),
        ({"username": "ada"}, "23505"),
        ({"colour": "red"}, "23514"),
        ({"bio": "x" * 501}, "23514"),
    ):
        answer = await owner.rest("PATCH", f"profiles?id=eq.{owner.id}", change)
        assert (answer.json()["code"], answer.is_success) == (code, False), change


# Functions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", ["private", "public"])
async def test_functions_say_nothing_of_anothers_jobs(stranger: Person, owner: Person, studio: Studio, half: str):
    """The answers are those for ids that do not exist, so that a guessed id is not even confirmed."""
    mine = studio.private if half == "private" else studio.public
    for job in (mine.job, mine.active_job):
        before = await owner.rows(f"generation_jobs?id=eq.{job}")
        for function, arguments in (("cancel_generation", {}), ("retry_generation", {"new_id": str(uuid4())})):
            answer = await stranger.ask(function, job_id=job, **arguments)
            nowhere = await stranger.ask(function, job_id=str(uuid4()), **arguments)
            assert (answer.status_code, answer.json()) == (404, nowhere.json())
        wishes = {"kind": "image", "prompt": "mine now", "model_id": AURORA}
        refused(await stranger.ask("enqueue_generation", job_id=job, **wishes), 409, "23505")
        refused(await stranger.ask("enqueue_generation", job_id=str(uuid4()), retried_from=job, **wishes), 404, "PT404")
        assert await owner.rows(f"generation_jobs?id=eq.{job}") == before


async def test_a_private_model_is_its_owners(stranger: Person, owner: Person, studio: Studio):
    wishes = {"kind": "image", "prompt": "a wren"}
    answer = await stranger.ask("enqueue_generation", job_id=str(uuid4()), model_id=studio.private.model, **wishes)
    nowhere = await stranger.ask("enqueue_generation", job_id=str(uuid4()), model_id=str(uuid4()), **wishes)
    assert answer.json() == nowhere.json() == {
        "code": "22023", "details": None, "hint": "model_id", "message": "There is no such model",
    }  # fmt: skip
    job = await owner.enqueue(model_id=studio.private.model, visibility="private")
    assert (await owner.call("cancel_generation", job_id=job["id"]))["status"] == "cancelled"


@pytest.mark.parametrize("who", OTHERS)
async def test_a_picture_made_private_takes_its_prompt_along(
    supabase: Address, people: dict[str, Person], owner: Person, service: Person, sql: asyncpg.Connection, who: str
):
    """The job says the prompt as well; it stays public as long as one of its pictures is, and no longer."""
    job = await owner.enqueue(prompt="a secret after all", params={"count": 3})
    await sql.execute("update public.generation_jobs set status = 'active', attempt = 1 where id = $1", job["id"])
    await sql.execute("insert into private.job_leases values ($1, 'w', 1, now() + interval '1 minute')", job["id"])
    results = [result(f"{job['id']}/{n}.webp", f"{job['id']}/{n}.poster.webp", n) for n in range(3)]
    assert await service.call("complete_generation", worker="w", job_id=job["id"], attempt=1, results=results)

    async def prompt_is_seen() -> bool:
        return bool(await people[who].rows(f"generation_jobs?id=eq.{job['id']}"))

    pictures = f"generations?job_id=eq.{job['id']}&ordinal"
    await owner.rest("PATCH", f"{pictures}=eq.0", {"visibility": "private"})
    assert await prompt_is_seen()
    # The last two go at once, and neither sees that the other goes as well.
    first, second = [await asyncpg.connect(supabase.db_url) for _ in range(2)]
    async with first.transaction():
        of_job = "where job_id = $1 and ordinal = $2"
        await first.execute(f"update public.generations set visibility = 'private' {of_job}", job["id"], 1)
        deletion = asyncio.create_task(second.execute(f"delete from public.generations {of_job}", job["id"], 2))
        while not deletion.done() and not await sql.fetchval(WAITS, second.get_server_pid()):  # noqa: ASYNC110 - Postgres tells nobody
            await asyncio.sleep(0.01)
        assert await prompt_is_seen()
    assert await deletion == "DELETE 1"
    for connection in (first, second):
        await connection.close()
    assert not await prompt_is_seen()
    await owner.rest("PATCH", f"{pictures}=eq.1", {"visibility": "public"})
    assert not await prompt_is_seen()
    assert await owner.rows(f"generation_jobs?id=eq.{job['id']}")


# Accounts -----------------------------------------------------------------------------------------------------------


async def test_names_are_found_for_everybody_who_signs_up(supabase: Address, sql: asyncpg.Connection):
    """Two who wish for one name at once, and people who wish for what no name can be."""
    stem = f"twin{uuid4().hex[:8]}"
    wishes = [
        {"username": stem}, {"username": stem}, {"username": "É"}, {"username": "", "display_name": "\n\t"},
        {"username": "x" * 90, "display_name": "y" * 90}, {"colour": "javascript:", "username": {"a": 1}},
        {},
    ]  # fmt: skip
    async with httpx.AsyncClient(base_url=supabase.api_url, headers={"apikey": supabase.publishable_key}) as http:
        answers = await asyncio.gather(
            *(
                http.post(
                    "/auth/v1/signup",
                    json={"email": f"secret{uuid4().hex}@starling.test", "password": PASSWORD, "data": wish},
                )
                for wish in wishes
            )
        )
    assert [answer.status_code for answer in answers] == [200] * len(wishes), [answer.text for answer in answers]
    ids = [answer.json()["user"]["id"] for answer in answers]
    names = await sql.fetch("select username, display_name from public.profiles where id = any ($1::uuid[])", ids)
    assert len({row["username"] for row in names}) == len(wishes)
    assert sum(row["username"].startswith(stem) for row in names) == 2, names
    assert all(row["display_name"].strip() for row in names)
    assert not any("secret" in row["username"] + row["display_name"] for row in names), "an address is nobody's to read"


async def test_a_closed_account_leaves_nothing_behind(supabase: Address, service: Person, sql: asyncpg.Connection):
    leaver = await join(supabase, "leaver")
    job = await leaver.enqueue(visibility="private")
    await leave(leaver, service)
    assert not await sql.fetchval("select exists (select from public.generation_jobs where id = $1)", job["id"])
    assert not await sql.fetchval("select exists (select from public.profiles where id = $1)", leaver.id)
    answer = await leaver.ask("enqueue_generation", job_id=str(uuid4()), kind="image", prompt="late", model_id=AURORA)
    assert not answer.is_success
    await leaver.http.aclose()
