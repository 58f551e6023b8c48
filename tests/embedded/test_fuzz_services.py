"""Auth and Storage asked with JSON of any shape and paths of any kind: no failure, and no file outside the folder."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from starlette.types import ASGIApp

from embedded.auth import Auth
from embedded.database import Database
from embedded.gateway import create_app
from embedded.keys import Keys
from embedded.storage import Storage
from tests.embedded.asgi import Answer, ask

MEMBER, OTHER = "00000000-0000-0000-0000-0000000000f1", "00000000-0000-0000-0000-0000000000f2"
ENOUGH = 1_000_000  # of everything that is limited in a minute
CANARY = b"CANARY"

# Every member has a folder of their own in the bucket; the other's object has the canary in its name and its bytes.
BUCKET = """
insert into storage.buckets (id, name, public) values ('fuzz', 'fuzz', false);
create policy "fuzz own" on storage.objects to authenticated
  using (bucket_id = 'fuzz' and (storage.foldername(name))[1] = auth.uid()::text)
  with check (bucket_id = 'fuzz' and (storage.foldername(name))[1] = auth.uid()::text);
"""
NO_BUCKET = """
drop policy "fuzz own" on storage.objects;
set storage.allow_delete_query = 'true';
delete from storage.objects where bucket_id = 'fuzz'; delete from storage.buckets where id = 'fuzz' or id like 'fz%';
"""


@dataclass
class Services:
    """Auth and Storage behind the real gateway; Storage's folder is alone in `around`."""

    app: ASGIApp
    keys: Keys
    around: Path

    async def ask(
        self, method: str, path: str, query: bytes, body: bytes, type_: str, sub: str | None = MEMBER
    ) -> Answer:
        role = {"role": "authenticated", "sub": sub} if sub else {"role": "service_role"}
        bearer = self.keys.sign({**role, "exp": 4_000_000_000, "session_id": OTHER})
        sent = [("authorization", f"Bearer {bearer}"), ("content-type", type_), ("apikey", self.keys.anon_key)]
        return await ask(self.app, method, path, query=query, headers=sent, body=body)


@pytest.fixture(scope="module")
async def services(database: Database, keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    around = tmp_path_factory.mktemp("around")
    storage = Storage(database, keys, around / "storage")
    auth = Auth(database, keys, sign_ins=ENOUGH, refreshes=ENOUGH)
    await storage.start()
    await database.admin.execute(BUCKET)
    services = Services(create_app(keys, {"/auth/v1": auth.routes, "/storage/v1": storage.routes}), keys, around)
    for owner, word in ((MEMBER, b"mine"), (OTHER, CANARY)):
        path = f"/storage/v1/object/fuzz/{owner}/{word.decode()}.txt"
        assert (await services.ask("POST", path, b"", word, "text/plain", owner)).status == 200
    yield services
    await database.admin.execute(NO_BUCKET)


WORDS = [
    "",
    "a",
    "fuzz",
    "..",
    "../..",
    "mine.txt",
    "\0",
    "é",
    "😀",
    "x" * 3000,
    "%2e%2e",
    "\\",
    "null",
    MEMBER,
    "1",
    "-1",
    "'",
    '"',
    "\n",
]
words = st.sampled_from(WORDS) | st.text(max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=5,
)  # fmt: skip


def bodies_of(known: dict[str, SearchStrategy[object]]) -> SearchStrategy[bytes]:
    """Objects with the fields that an endpoint knows, mostly of the right kind; or anything."""
    fields = {
        name: st.sampled_from([usual, usual, json_values]).flatmap(lambda one: one) for name, usual in known.items()
    }
    objects = st.fixed_dictionaries({}, optional=fields)
    odd = st.sampled_from([b"", b"[", b"\xff", b"[" * 3000, b'{"a":"\\u0000"}', b'{"email":"\\ud800"}'])
    return st.sampled_from([objects.map(orjson.dumps)] * 6 + [json_values.map(orjson.dumps), odd]).flatmap(
        lambda one: one
    )


emails = st.sampled_from(
    ["a@b.test", "fuzz@starling.test", "A@B", "@", "é@ü.test", "a@b.test\0", "x" * 300 + "@b.test"]
)
passwords = st.sampled_from(["correct horse", "short", "", "\0" * 9, "é" * 80, "x" * 2000])
AUTH_BODIES = bodies_of({
    "email": emails, "password": passwords, "data": json_values, "phone": words, "refresh_token": words, "user_metadata": json_values,
    "app_metadata": json_values, "role": words, "email_confirm": st.booleans(), "ban_duration": st.sampled_from(["none", "1h", "x", "9" * 40 + "h"]),
    "id": st.sampled_from([MEMBER, "x"]), "current_password": passwords, "nonce": words, "should_soft_delete": st.booleans(),
})  # fmt: skip
AUTH_PATHS = st.sampled_from([
    "/signup", "/token", "/user", "/logout", "/admin/users", "/admin/users/{}", "/settings", "/health", "/otp", "/verify", "/factors/{}",
    "/{}", "/.well-known/jwks.json", "/user/identities/{}",
]).flatmap(lambda path: st.builds(path.format, words))  # fmt: skip
object_names = st.sampled_from([
    f"{MEMBER}/mine.txt", f"{MEMBER}/new.txt", f"{OTHER}/CANARY.txt".swapcase(), f"{MEMBER}/../{OTHER}/x", "../../x", "/etc/passwd", "//", "a\0b", "é",
    "x" * 1500, f"{MEMBER}/" + "a/" * 400, f"{MEMBER}/{'../' * 9}x",
]) | words | words.map(f"{MEMBER}/{{}}".format)  # fmt: skip
buckets = st.sampled_from(["fuzz", "fuzz", "fuzz", "nope", "..", "\0", "é", "x" * 99, "fz1"])
STORAGE_BODIES = bodies_of({
    "id": buckets, "name": buckets, "public": st.booleans(), "file_size_limit": st.sampled_from([1, "1MB", "x", -1, 2**62]), "prefix": object_names,
    "allowed_mime_types": st.just(["image/*"]), "limit": st.integers(-1, 5), "offset": st.integers(-1, 5), "search": words, "bucketId": buckets,
    "sortBy": st.fixed_dictionaries({"column": words | st.sampled_from(["name", "created_at"]), "order": words | st.just("asc")}),
    "sourceKey": object_names, "destinationKey": object_names, "destinationBucket": buckets, "prefixes": st.lists(object_names, max_size=3),
    "paths": st.lists(object_names, max_size=3), "expiresIn": st.sampled_from([1, 60, 0, 2**62]), "upsert": st.booleans(),
})  # fmt: skip
STORAGE_PATHS = st.sampled_from([
    "/bucket", "/bucket/{0}", "/bucket/{0}/empty", "/object/list/{0}", "/object/move", "/object/copy", "/object/sign/{0}", "/object/sign/{0}/{1}",
    "/object/upload/sign/{0}/{1}", "/object/info/{0}/{1}", "/object/public/{0}/{1}", "/object/authenticated/{0}/{1}", "/object/{0}",
    "/object/{0}/{1}", "/object/{0}/{1}", "/{1}",
]).flatmap(lambda path: st.builds(path.format, buckets, object_names))  # fmt: skip
QUERY_KEYS = [
    "grant_type",
    "page",
    "per_page",
    "filter",
    "scope",
    "token",
    "download",
    "limit",
    "offset",
    "search",
    "sortColumn",
    "width",
]
queries = st.lists(
    st.tuples(st.sampled_from(QUERY_KEYS), words | st.sampled_from(["password", "refresh_token", "pkce", "local", "global"])), max_size=2
).map(lambda pairs: "&".join(f"{key}={quote_plus(text, errors='replace')}" for key, text in pairs).encode())  # fmt: skip
methods = st.sampled_from(["GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
types = st.sampled_from(
    ["application/json"] * 3 + ["text/plain", "multipart/form-data; boundary=x", "multipart/form-data", "", "\xff/;="]
)
actors = st.sampled_from([MEMBER, MEMBER, None, "no-uuid"])


def check(answer: Answer, log: pytest.LogCaptureFixture) -> None:
    """No failure, whatever the status it hides behind: Storage tells a refusal's own in its body."""
    assert answer.status < 500, (answer, log.text)
    if answer.status >= 400 and answer.body:
        assert not orjson.loads(answer.body).get("statusCode", "").startswith("5"), answer


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(method=methods, path=AUTH_PATHS, query=queries, body=AUTH_BODIES, type_=types, actor=actors)
async def test_no_input_makes_auth_fail(
    services: Services, caplog: pytest.LogCaptureFixture, method: str, path: str, query: bytes, body: bytes, type_: str, actor: str | None
):  # fmt: skip
    caplog.set_level(logging.ERROR)
    check(await services.ask(method, f"/auth/v1{path}", query, body, type_, actor), caplog)


@pytest.mark.parametrize("depth", [200, *range(236, 258), 900])
async def test_nesting_without_end_is_no_failure_of_auth(services: Services, depth: int):
    nested = "[" * depth + "]" * depth
    body = f'{{"email":"deep{depth}@starling.test","password":"correct horse","data":{{"x":{nested}}}}}'.encode()
    made = await services.ask("POST", "/auth/v1/signup", b"", body, "application/json")
    assert made.status in (200, 400), made
    listed = await services.ask("GET", "/auth/v1/admin/users", b"per_page=1000", b"", "", None)
    assert listed.status == 200


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(method=methods, path=STORAGE_PATHS, query=queries, body=STORAGE_BODIES, type_=types)
async def test_no_input_makes_storage_fail_or_leave_its_folder(
    services: Services, caplog: pytest.LogCaptureFixture, method: str, path: str, query: bytes, body: bytes, type_: str
):  # fmt: skip
    # embedded.storage.files, invariant 1
    caplog.set_level(logging.ERROR)
    answer = await services.ask(method, f"/storage/v1{path}", query, body, type_)
    check(answer, caplog)
    assert CANARY not in answer.everything
    assert [one.name for one in services.around.iterdir()] == ["storage"]
