"""Checks of who gets at what: the schema, signing in, rows, files, and how the tables are guarded."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from uuid import uuid4

from state.api import Api
from state.errors import Refused
from state.selftest.bench import Bench
from state.selftest.result import Failed, NotHere
from state.sync.query import Query, Where

SCHEMA = ("profiles", "models", "generation_jobs", "generations")  # what no page can do without
ABSENT = ("PGRST205", "42P01")  # no such table
WRITABLE: dict[
    str, dict[str, Any]
] = {  # what owners may set themselves, so that nothing but the policy stands in the way
    "generations": {"favourite": True},
    "generation_jobs": {"dismissed": True},
}
MEDIA, AVATARS = "media", "avatars"
WEBP = "image/webp"


async def schema(bench: Bench) -> str:
    """REST answers, and knows the tables."""
    bench.waiting_for = lambda: "an answer of REST"
    for table in SCHEMA:
        try:
            await bench.anybody.select(Query(table), 1)
        except Refused as error:
            if error.code in ABSENT:
                raise Failed(f"There is no table {table}: apply supabase/migrations") from error
            raise Failed(f"{table} cannot be read: {error}") from error
    return f"REST answers; {len(SCHEMA)} tables are in place"


async def sign_in(bench: Bench) -> str:
    """Two members come into being and sign in; each is given a private row of each kind."""
    for _ in range(2):
        bench.waiting_for = lambda: "an answer of Auth"
        await bench.people.add()
    for tester in bench.people.testers:
        bench.waiting_for = lambda: "an answer of REST"
        if not await _seen(tester.api, "profiles", str(tester.id)):
            raise Failed("A new member has no profile: the trigger on auth.users is missing")
        given = await tester.api.rpc("furnish_selftest", {})
        tester.rows, tester.media_path = given["rows"], given["media_path"]
    return "Two members made by the Admin API, and signed in" if bench.admin else "Two members signed up"


async def row_security(bench: Bench) -> str:
    """What is private to one can be neither seen nor changed by the other, nor by functions on their behalf."""
    one, other = bench.pair
    for table, id in one.rows.items():
        before = await _seen(one.api, table, id)
        if not before:
            raise Failed(f"A member does not see their own row of {table}")
        for who, api in (("Another member", other.api), ("A visitor", bench.anybody)):
            if await _seen(api, table, id):
                raise Failed(f"{who} sees a private row of {table}")
        for change in ({"visibility": "public"}, WRITABLE.get(table, {"id": str(uuid4())})):
            await _refused(other.api.update(table, id, change), f"Another member changes a private row of {table}")
        await _tried(other.api.delete(table, id))
        if await _seen(one.api, table, id) != before:
            raise Failed(f"Another member has changed or deleted a private row of {table}")
    await _refused(other.api.update("profiles", one.id, {"bio": "Not mine"}), "Another member changes a profile")
    job = one.rows["generation_jobs"]
    calls: list[tuple[str, dict[str, Any], str]] = [
        ("cancel_generation", {"job_id": job}, "PT404"),
        ("retry_generation", {"job_id": job, "new_id": str(uuid4())}, "PT404"),
        (
            "enqueue_generation",
            {"job_id": job, "kind": "image", "prompt": "Self-test", "model_id": str(uuid4())},
            "23505",
        ),
        ("forget_me", {"member_id": str(one.id)}, "PT404"),
    ]
    for function, arguments, code in calls:
        await _refused(other.api.rpc(function, arguments), f"{function} acts on what is another member's", code)
    return f"Private rows of {len(one.rows)} tables, a profile and {len(calls)} functions keep another member out"


async def files(bench: Bench) -> str:
    """A member's folder of avatars is theirs to write to."""
    one, other = bench.pair
    path, mine = f"{one.id}/selftest.webp", b"mine"
    try:
        await one.api.upload(AVATARS, path, mine, WEBP)
        for target in (path, f"{one.id}/selftest-2.webp"):
            await _refused(
                other.api.upload(AVATARS, target, b"forged", WEBP), "Another member writes into one's folder"
            )
        await _tried(other.api.remove(AVATARS, [path]))
        if await one.api.download(AVATARS, path) != mine:
            raise Failed("Another member has changed or removed one's file")
    finally:
        await one.api.remove(AVATARS, [path])
    return "A member's folder is closed to another member"


async def signed_addresses(bench: Bench) -> str:
    """A file of a private picture can be fetched by its owner alone. Only a secret key can put one there."""
    if bench.admin is None:
        raise NotHere("Not tried: only SUPABASE_SECRET_KEY can store a picture")
    one, other = bench.pair
    try:
        await bench.admin.put(MEDIA, one.media_path, b"private", WEBP)
        address = (await one.api.sign(MEDIA, [one.media_path], 60)).get(one.media_path)
        if address is None:
            raise Failed("A member gets no address for their own picture")
        if (await bench.project.http.get(address)).content != b"private":
            raise Failed("A signed address does not lead to its file")
        for who, api in (("Another member", other.api), ("A visitor", bench.anybody)):
            if await _signed(api, one.media_path):
                raise Failed(f"{who} gets an address for a private picture")
            await _refused(api.download(MEDIA, one.media_path), f"{who} downloads a private picture")
    finally:
        await bench.admin.take_away(MEDIA, one.media_path)
    return "A private picture has an address for its owner, and for nobody else"


async def _signed(api: Api, path: str) -> bool:
    try:
        return path in await api.sign(MEDIA, [path], 60)
    except Refused:
        return False


async def guards(bench: Bench) -> tuple[str, ...]:
    """What is published and announced, and by which policies each table is guarded; the first line sums it up."""
    one, _ = bench.pair
    tables: list[dict[str, Any]] = await one.api.rpc("live_catalog", {})
    if bare := [table["name"] for table in tables if not table["guarded"]]:
        raise Failed(f"Row level security is off: {', '.join(bare)}")
    followed = {f"public.{name}" for name in ("profiles", *one.rows)}
    announced = [table for table in tables if table["announced"] or table["name"] in followed]
    if silent := [table["name"] for table in announced if len(table["triggers"]) < 3]:
        raise Failed(f"Changes are not announced, triggers are missing: {', '.join(silent)}")
    published = [table["name"] for table in tables if table["published"]]
    if "public.generations" not in published:
        raise Failed("public.generations is not in the publication supabase_realtime")
    summed = f"{len(tables)} tables guarded, {len(announced)} announced, {len(published)} published"
    return (summed, *(_described(table) for table in tables))


def _described(table: dict[str, Any]) -> str:
    words = [word for word in ("announced", "published") if table[word]]
    return f"{', '.join((table['name'], *words))}: {'; '.join(table['policies']) or 'no policy'}"


async def _seen(api: Api, table: str, id: str) -> list[dict[str, Any]]:
    return await api.select(Query(table, (Where("id", "eq", id),)), 1)


async def _refused(attempt: Awaitable[Any], otherwise: str, code: str | None = None) -> None:
    """Raises Failed(otherwise) unless the attempt is refused, for this reason if one is given."""
    try:
        await attempt
    except Refused as error:
        if code is None or error.code == code:
            return
        raise Failed(f"{otherwise}, or is refused for another reason: {error} ({error.code})") from error
    raise Failed(otherwise)


async def _tried(attempt: Awaitable[Any]) -> None:
    """Some attempts are refused and others come to nothing; what is there afterwards tells."""
    try:
        await attempt
    except Refused:
        return
