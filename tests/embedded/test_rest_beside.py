"""embedded/rest beside the real PostgREST on the same database: every request of rest.requests to both."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.embedded.beside import Asked, Beside, read_requests, serve_beside
from tests.embedded.rest_support import Api

pytestmark = pytest.mark.node

ALL = read_requests()

WORDING = "the same refusal; what the parser would have expected is told in fewer words"
GUESS = "a hint is a guess: names are alike by another measure"

# What stays different from PostgREST 12.0.2, and why. Most of it: Supabase runs a newer one, which embedded/rest follows.
DIFFERENCES: dict[str, tuple[str, ...]] = {
    "newer: 406 instead of 415 for an answer that cannot be had": (
        "GET /clients | Accept: image/png",
        "GET /clients | Accept: text/html, image/png",
        "GET /clients | Accept: nonsense",
        "GET /rpc/add?a=1 | Accept: text/plain",
        "GET /rpc/note | Accept: text/plain",
    ),
    "newer: a path that leads nowhere has its own code (PGRST125)": (
        "GET /clients/1",
        "GET /rpc/add/x",
    ),
    "newer: a table that is not known has its own code (PGRST205), and a hint": (
        "GET /nope",
        "GET /client",
        "GET /shop.clients",
        "GET /clients | Accept-Profile: public",
        "OPTIONS /nope",
        "GET /rpc",
        'POST /nope | {"id": 1}',
        'PATCH /nope?id=eq.1 | {"id": 2}',
        "DELETE /nope?id=eq.1",
    ),
    "newer: full text in JSON": ("GET /tasks?meta=fts.deep&select=id",),
    "newer: is.not_null": ("GET /tasks?done=is.not_null&select=id&order=id",),
    "newer: other statuses for these SQLSTATEs": (
        'POST /rpc/fail | {"code": "53400", "message": "sorry"}',
        'POST /rpc/fail | {"code": "42P17", "message": "sorry"}',
        'POST /rpc/fail | {"code": "54000", "message": "sorry"}',
        'POST /rpc/fail | {"code": "21000", "message": "sorry"}',
    ),
    "newer: other words for PGRST106, with a hint": (
        "GET /clients | Accept-Profile: auth",
        'POST /clients | Content-Profile: auth | {"id": 50, "name": "x"}',
    ),
    "newer: other words for PGRST116, and one Content-Type instead of two": (
        "GET /clients | Accept: application/vnd.pgrst.object+json",
        "GET /clients?id=eq.9 | Accept: application/vnd.pgrst.object+json",
        "GET /rpc/names | Accept: application/vnd.pgrst.object+json",
        'POST /clients | Prefer: return=representation | Accept: application/vnd.pgrst.object+json | [{"id": 50, "name": "Cy"}, {"id": 51, "name": "Di"}]',
        'POST /clients | Accept: application/vnd.pgrst.object+json | [{"id": 50, "name": "Cy"}, {"id": 51, "name": "Di"}]',
        'PATCH /clients?id=gt.0 | Prefer: return=representation | Accept: application/vnd.pgrst.object+json | {"name": "N"}',
        'PATCH /clients?id=eq.9 | Prefer: return=representation | Accept: application/vnd.pgrst.object+json | {"name": "N"}',
        "DELETE /assignments?user_id=eq.1 | Prefer: return=representation | Accept: application/vnd.pgrst.object+json",
        "HEAD /clients | Accept: application/vnd.pgrst.object+json",
    ),
    "newer: other words for PGRST204": (
        'POST /clients?columns=id,nope | {"id": 50, "name": "C"}',
        'POST /clients | {"nope": 1}',
        'PATCH /clients?id=eq.1 | {"nope": 1}',
    ),
    "newer: params=single-object is gone": ('POST /rpc/add | Prefer: params=single-object | {"a": 1}',),
    "newer: the arguments of a GET are passed as they are, not inside JSON": ('GET /rpc/echo?j={"a":1}&n=1.50',),
    "newer: to-many spreads": ("GET /clients?select=name,...projects(project_ids:id)&id=eq.1",),
    GUESS: (
        "GET /secrets?select=id,clients(id)",
        'POST /rpc/add | {"c": 2}',
        "GET /rpc/whole",
        "GET /rpc/title",
    ),
    "a value is a parameter cast to its column's type, where theirs is a literal of no type": (
        "GET /tasks?tags=in.({a,b})&select=id",
        'GET /tasks?tags=in.("{a,b}","{}")&select=id&order=id',
        "GET /tasks?name=cs.x&select=id",
        "GET /tasks?id=like.1&select=id",
        "GET /kinds?ip=nxr.10.0.0.0/8&select=id",
        "GET /tasks?place=eq.(1,2)&select=id",
    ),
    "left out: an array of objects whose first is the arguments": ('POST /rpc/add | [{"a": 1}]',),
    "more lenient: OPTIONS takes the arguments that say which function is meant": (
        "OPTIONS /rpc/add_client?name=Q",
        "OPTIONS /rpc/add?a=1",
    ),
    "more lenient: a function of one JSON takes any JSON": ("POST /rpc/whole | [1, 2]",),
    "more lenient: spaces before a comma of an order": ("GET /tasks?select=id&order= project_id.desc , id.desc",),
    "no status that HTTP knows is a 500": ('POST /rpc/fail | {"code": "PT999", "message": "sorry"}',),
    "stricter: what is left over after a select or a tree is refused, not dropped": (
        "GET /clients?select=,id",
        "GET /clients?select=id)",
        "GET /clients?select=(id)",
        "GET /tasks?or=(id.eq.1))&select=id",
    ),
    "the platform loads safeupdate: no change without a filter": (
        'PATCH /clients | {"name": "all"}',
        "DELETE /clients",
    ),
    WORDING: (
        "GET /clients?select=id:",
        "GET /clients?select=a:b:id",
        "GET /tasks?select=tags::text,tags::varchar[]&order=id",
        "GET /tasks?id=eq.1&select=meta->",
        "GET /tasks?id=eq.1&select=meta->>",
        "GET /clients?select=id.nope()",
        "GET /tasks?id=in.(1&select=id",
        "GET /tasks?done=is.maybe&select=id",
        "GET /tasks?id=eq&select=id",
        "GET /tasks?id=nope.1&select=id",
        "GET /tasks?id=neq(any).{1,2}&select=id",
        "GET /tasks?id=in(any).(1,2)&select=id",
        "GET /tasks?or=(not.id.eq.1)&select=id",
        "GET /tasks?or=(span.ov.[4,6],span.sl.[0,1))&select=id&order=id",
        "GET /tasks?or=&select=id",
        "GET /tasks?or=(id)&select=id",
        "GET /tasks?or=(id.nope.1)&select=id",
        "GET /tasks?select=id&order=id.desc.nullslast.x",
        "GET /projects?select=clients(id&id=eq.1",
    ),
    "theirs crashes: a limit of an embed below zero": (
        "GET /clients?select=id,projects(id)&projects.limit=-1&order=id",
    ),
    "theirs is wrong: a tree of filters is put to the changed rows once more": (
        'PATCH /clients?or=(id.eq.1,name.eq.Bob) | Prefer: return=representation | {"name": "both"}',
    ),
    "theirs is wrong: columns of a call's rows are not known to filters, or by the name of the function": (
        "GET /rpc/pairs?n=3&k=gte.2&order=k.desc&select=v",
        "GET /rpc/pairs?n=3&select=v,nope",
    ),
    "theirs is wrong: neither object nor array counts as no rows": (
        'POST /clients | "text"',
        "POST /clients | null",
    ),
    "more lenient: what a change returns is ordered as asked": (
        'POST /clients?order=id.desc | Prefer: return=representation | [{"id": 50, "name": "Cy"}, {"id": 51, "name": "Di"}]',
        'PATCH /projects?id=gt.0&select=id,title&order=id.desc | Prefer: return=representation | {"name": "same"}',
    ),
    "more lenient: the same embed twice": ("GET /projects?select=clients(name),clients(id)&id=eq.1",),
    "other names inside the statement, which errors of Postgres tell": (
        "GET /projects?select=id,clients(name)&order=clients(nope)",
    ),
}
EXPLAINED = {title: reason for reason, titles in DIFFERENCES.items() for title in titles}


@pytest.fixture(scope="module")
async def beside(api: Api) -> AsyncIterator[Beside]:
    async with serve_beside(api) as both:
        yield both


@pytest.mark.parametrize("asked", ALL, ids=lambda asked: asked.title)
async def test_both_answer_alike(beside: Beside, asked: Asked):
    ours, theirs = await beside.ask(asked)
    if asked.title in EXPLAINED:
        assert ours != theirs, f"no difference any more: {EXPLAINED[asked.title]}"
        if EXPLAINED[asked.title] in (WORDING, GUESS):
            assert (ours.status, ours.body["code"]) == (theirs.status, theirs.body["code"])
    else:
        assert ours == theirs


def test_differences_are_about_requests_that_are_asked():
    titles = [asked.title for asked in ALL]
    assert len(set(titles)) == len(titles)
    assert set(EXPLAINED) <= set(titles)
    assert len(EXPLAINED) == sum(map(len, DIFFERENCES.values()))
