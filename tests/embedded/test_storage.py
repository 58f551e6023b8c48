"""Storage as supabase-py and plain HTTP see it: policies decide, bytes come back as they went in, nothing leaves the folder."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import asyncpg
import httpx
import pytest
from storage3.exceptions import StorageApiError
from storage3.types import FileOptions, ListBucketFilesOptions

from embedded.database import Database
from embedded.keys import Keys
from embedded.stack import Address
from embedded.storage import Storage
from embedded.storage.files import Files
from supabase import AsyncClient
from tests.embedded.serving import client, served

SMALL = 4096  # bytes that the bucket `pictures` takes

# `vault` belongs to the owner of the first folder; `pictures` takes only small PNGs; `posters` is public to read.
BUCKETS = f"""
insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('vault', 'vault', false, null, null), ('pictures', 'pictures', false, {SMALL}, array['image/png']), ('posters', 'posters', true, null, null)
on conflict do nothing;
create policy "owners read" on storage.objects for select to authenticated
  using (bucket_id in ('vault', 'pictures') and (storage.foldername(name))[1] = auth.uid()::text);
create policy "owners add" on storage.objects for insert to authenticated
  with check ((storage.foldername(name))[1] = auth.uid()::text);
create policy "owners change" on storage.objects for update to authenticated
  using ((storage.foldername(name))[1] = auth.uid()::text) with check ((storage.foldername(name))[1] = auth.uid()::text);
create policy "owners remove" on storage.objects for delete to authenticated
  using ((storage.foldername(name))[1] = auth.uid()::text);
"""
NO_BUCKETS = """
drop policy "owners read" on storage.objects; drop policy "owners add" on storage.objects;
drop policy "owners change" on storage.objects; drop policy "owners remove" on storage.objects;
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("storage")


@pytest.fixture(scope="module")
async def url(database: Database, keys: Keys, folder: Path) -> AsyncIterator[str]:
    await database.admin.execute(BUCKETS)
    storage = Storage(database, keys, folder)
    await storage.start()
    async with served({"/storage/v1": storage.routes}, keys) as address:
        yield address
    await database.admin.execute(NO_BUCKETS)


@pytest.fixture(scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as shared:
        yield shared


class Person:
    """A member with a token, with supabase-py and with plain HTTP."""

    def __init__(self, supabase: AsyncClient, raw: httpx.AsyncClient, member: str) -> None:
        self.supabase = supabase
        self.raw = raw
        self.id = member

    def bucket(self, name: str = "vault"):
        return self.supabase.storage.from_(name)


async def person(url: str, keys: Keys, http: httpx.AsyncClient, token: str, member: str = "") -> Person:
    supabase = await client(url, keys.publishable_key, http)
    headers = {"apikey": keys.publishable_key, "Authorization": f"Bearer {token}"}
    supabase.options.headers.update(headers)
    raw = httpx.AsyncClient(base_url=f"{url}/storage/v1", headers=headers)
    return Person(supabase, raw, member)


def member_token(keys: Keys, member: str) -> str:
    return keys.sign({"sub": member, "role": "authenticated", "aud": "authenticated", "exp": time.time() + 600})


@pytest.fixture
async def people(url: str, keys: Keys, http: httpx.AsyncClient) -> AsyncIterator[dict[str, Person]]:
    everybody = {
        "service": await person(url, keys, http, keys.service_role_key),
        "anon": await person(url, keys, http, keys.anon_key),
        **{
            name: await person(url, keys, http, member_token(keys, member), member)
            for name, member in (("owner", str(uuid4())), ("stranger", str(uuid4())))
        },
    }
    yield everybody
    for somebody in everybody.values():
        await somebody.raw.aclose()


@pytest.fixture
def owner(people: dict[str, Person]) -> Person:
    return people["owner"]


@pytest.fixture
def stranger(people: dict[str, Person]) -> Person:
    return people["stranger"]


@pytest.fixture
def anon(people: dict[str, Person]) -> Person:
    return people["anon"]


@pytest.fixture
def service(people: dict[str, Person]) -> Person:
    return people["service"]


def stored_files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def refused(response: httpx.Response, status: str, error: str) -> None:
    assert response.status_code == 400, response.text
    assert (response.json()["statusCode"], response.json()["error"]) == (status, error), response.text
    assert response.json().keys() == {"statusCode", "error", "message"}


async def test_what_goes_in_comes_out(owner: Person, folder: Path) -> None:
    content = os.urandom(3_500_000)
    path = f"{owner.id}/a folder/clip.mp4"

    answer = await owner.bucket().upload(
        path, content, {"content-type": "video/mp4", "cache-control": "60", "metadata": {"take": 2}}
    )

    assert answer.full_path == f"vault/{path}"
    assert await owner.bucket().download(path) == content
    info = await owner.bucket().info(path)
    assert (info["size"], info["content_type"], info["cache_control"]) == (len(content), "video/mp4", "max-age=60")
    assert info["metadata"] == {"take": 2}
    assert await owner.bucket().exists(path)
    # Nothing on the disk is named by a client.
    assert not any("clip" in str(file) or owner.id in str(file) for file in stored_files(folder))


async def test_a_plain_body_is_a_file_too(owner: Person) -> None:
    told = base64.b64encode(b'{"by": "hand"}').decode()
    headers = {"content-type": "text/html", "cache-control": "max-age=9", "x-metadata": told}
    answer = await owner.raw.post(f"/object/vault/{owner.id}/page.html", content=b"<b>hi</b>", headers=headers)
    assert answer.json()["Key"] == f"vault/{owner.id}/page.html"

    got = await owner.raw.get(f"/object/authenticated/vault/{owner.id}/page.html")
    assert got.content == b"<b>hi</b>"
    assert got.headers["content-type"].startswith("text/plain")  # nobody's upload runs as a page
    assert got.headers["cache-control"] == "max-age=9"
    info = await owner.raw.get(f"/object/info/vault/{owner.id}/page.html")
    assert info.json()["metadata"] == {"by": "hand"}


async def test_what_an_uploader_tells_cannot_break_a_header(owner: Person) -> None:
    path = f"/object/vault/{owner.id}/odd.txt"
    told = {"cacheControl": "1\r\nset-cookie: a=b", "contentType": "text/plain\r\nx: y"}
    assert (await owner.raw.post(path, data=told, files={"file": ("x", b"x", "text/plain")})).status_code == 200
    got = await owner.raw.get(path)
    assert (got.status_code, got.headers["cache-control"]) == (200, "no-cache")
    assert not {"set-cookie", "x"} & got.headers.keys()


@pytest.mark.parametrize("who", ["anon", "stranger"])
async def test_private_data_is_nobody_elses(people: dict[str, Person], owner: Person, who: str) -> None:
    path, other = f"{owner.id}/secret.txt", people[who]
    await owner.bucket().upload(path, b"secret")
    raw = other.raw

    refused(await raw.get(f"/object/vault/{path}"), "404", "not_found")
    refused(await raw.get(f"/object/authenticated/vault/{path}"), "404", "not_found")
    refused(await raw.get(f"/object/info/vault/{path}"), "404", "not_found")
    refused(await raw.get(f"/object/public/vault/{path}"), "404", "Bucket not found")
    refused(await raw.get(f"/object/info/public/vault/{path}"), "404", "Bucket not found")
    assert (await raw.head(f"/object/vault/{path}")).status_code == 400
    refused(await raw.post(f"/object/sign/vault/{path}", json={"expiresIn": 60}), "404", "not_found")
    many = await raw.post("/object/sign/vault", json={"expiresIn": 60, "paths": [path]})
    assert [entry["signedURL"] for entry in many.json()] == [None]
    assert (await raw.post("/object/list/vault", json={"prefix": owner.id})).json() == []
    refused(await raw.put(f"/object/vault/{path}", content=b"mine"), "403", "Unauthorized")
    refused(
        await raw.post(f"/object/vault/{path}", content=b"mine", headers={"x-upsert": "true"}), "403", "Unauthorized"
    )
    refused(await raw.post(f"/object/upload/sign/vault/{path}"), "403", "Unauthorized")
    refused(await raw.delete(f"/object/vault/{path}"), "404", "not_found")
    assert (await raw.request("DELETE", "/object/vault", json={"prefixes": [path]})).json() == []
    for verb in ("copy", "move"):
        body = {"bucketId": "vault", "sourceKey": path, "destinationKey": f"{other.id}/mine.txt"}
        refused(await raw.post(f"/object/{verb}", json=body), "404", "not_found")

    assert await owner.bucket().download(path) == b"secret"


async def test_without_any_token_only_public_and_signed_paths_answer(url: str, owner: Person) -> None:
    await owner.bucket().upload(f"{owner.id}/x.txt", b"x")
    async with httpx.AsyncClient(base_url=f"{url}/storage/v1") as nobody:
        refused(await nobody.get(f"/object/vault/{owner.id}/x.txt"), "404", "Bucket not found")
        refused(await nobody.get("/bucket"), "400", "InvalidRequest")
        bad = {"authorization": "Bearer a.b.c"}
        refused(await nobody.get(f"/object/vault/{owner.id}/x.txt", headers=bad), "403", "Unauthorized")


async def test_public_buckets_are_read_by_everybody_and_written_by_some(
    url: str, owner: Person, stranger: Person
) -> None:
    path = f"{owner.id}/poster.png"
    await owner.bucket("posters").upload(path, b"image", {"content-type": "image/png"})
    refused(await stranger.raw.post(f"/object/posters/{owner.id}/mine.png", content=b"x"), "403", "Unauthorized")

    address = await stranger.bucket("posters").get_public_url(path, {"download": "a name.png"})
    async with httpx.AsyncClient() as nobody:
        got = await nobody.get(address)
        assert (got.status_code, got.content, got.headers["content-type"]) == (200, b"image", "image/png")
        assert got.headers["content-disposition"] == "attachment; filename=a%20name.png; filename*=UTF-8''a%20name.png;"
        refused(await nobody.get(f"{url}/storage/v1/object/public/posters/none.png"), "404", "not_found")


async def test_replacing_needs_upsert_and_leaves_one_file(owner: Person, folder: Path) -> None:
    path = f"{owner.id}/draft.txt"
    await owner.bucket().upload(path, b"one")
    before = stored_files(folder)

    with pytest.raises(StorageApiError) as refusal:
        await owner.bucket().upload(path, b"two")
    assert (refusal.value.status, refusal.value.code) == ("409", "Duplicate")
    await owner.bucket().upload(path, b"three", {"upsert": "true"})
    await owner.bucket().update(path, b"four")

    assert await owner.bucket().download(path) == b"four"
    assert len(stored_files(folder)) == len(before)


async def test_uploads_that_race_leave_one_row(owner: Person) -> None:
    path = f"/object/vault/{owner.id}/race.txt"
    answers = await asyncio.gather(*(owner.raw.post(path, content=bytes([number])) for number in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400, 400]
    winner = next(number for number, answer in enumerate(answers) if answer.status_code == 200)
    assert (await owner.raw.get(path)).content == bytes([winner])


async def test_reading_while_it_is_replaced_gives_one_or_the_other(owner: Person) -> None:
    path = f"/object/vault/{owner.id}/preview.bin"
    await owner.raw.put(path, content=b"a" * 900_000)

    async def replace() -> None:
        for letter in b"bcdefghij":
            assert (await owner.raw.put(path, content=bytes([letter]) * 900_000)).status_code == 200

    replacing = asyncio.create_task(replace())
    while not replacing.done():
        got = await owner.raw.get(path)
        assert got.status_code == 200
        assert len(got.content) == 900_000
        assert len(set(got.content)) == 1
    await replacing


async def test_buckets_keep_to_their_size_and_types(owner: Person, service: Person, folder: Path) -> None:
    before = stored_files(folder)
    png = {"content-type": "image/png"}
    raw, path = owner.raw, f"/object/pictures/{owner.id}/x.png"

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(4096):
            yield b"x" * 1024

    refused(await raw.post(path, content=b"x" * (SMALL + 1), headers=png), "413", "Payload too large")
    refused(await raw.post(path, content=endless(), headers=png), "413", "Payload too large")
    refused(
        await raw.post(path, files={"file": ("x.png", b"x" * (SMALL + 1), "image/png")}), "413", "Payload too large"
    )
    refused(await raw.post(path, files={"file": ("x.png", b"x" * (3 << 20), "image/png")}), "413", "Payload too large")
    refused(await raw.post(path, content=b"x", headers={"content-type": "image/gif"}), "415", "invalid_mime_type")
    refused(await raw.post(path, data={"no": "file"}, files={"a": (None, "b")}), "400", "InvalidRequest")
    refused(await raw.post("/object/nowhere/x.png", content=b"x"), "404", "Bucket not found")

    assert stored_files(folder) == before
    assert (await raw.post(path, content=b"x" * SMALL, headers={"content-type": "image/png; q=1"})).status_code == 200


async def test_a_row_that_fails_leaves_no_file(owner: Person, database: Database, folder: Path) -> None:
    before = stored_files(folder)
    await database.admin.execute("""
        create function public.refuse_row() returns trigger language plpgsql as $$
        begin if new.metadata is not null then raise exception 'no' using errcode = 'P0001'; end if; return new; end $$;
        create trigger refuse_row before insert on storage.objects for each row execute function public.refuse_row();
    """)
    try:
        answer = await owner.raw.post(f"/object/vault/{owner.id}/never.txt", content=b"x")
    finally:
        await database.admin.execute("drop function public.refuse_row cascade")
    assert (answer.status_code, answer.json()["error"]) == (500, "DatabaseError")
    assert stored_files(folder) == before


async def test_parts_and_unchanged_files(owner: Person) -> None:
    path = f"/object/authenticated/vault/{owner.id}/digits.txt"
    await owner.bucket().upload(f"{owner.id}/digits.txt", b"0123456789")
    whole = await owner.raw.get(path)
    assert (whole.status_code, whole.headers["accept-ranges"], whole.headers["content-length"]) == (200, "bytes", "10")

    for wanted, content, told in (
        ("2-4", b"234", "2-4"),
        ("7-", b"789", "7-9"),
        ("-2", b"89", "8-9"),
        ("5-99", b"56789", "5-9"),
    ):
        part = await owner.raw.get(path, headers={"range": f"bytes={wanted}"})
        assert (part.status_code, part.content, part.headers["content-range"]) == (206, content, f"bytes {told}/10")
    refused(await owner.raw.get(path, headers={"range": "bytes=10-"}), "416", "InvalidRange")
    stale = await owner.raw.get(path, headers={"range": "bytes=2-4", "if-range": '"older"'})
    assert (stale.status_code, stale.content) == (200, b"0123456789")
    for odd in ("bytes=4-2", "lines=1-2", "bytes=a-b", "bytes=1-2,4-5"):
        assert (await owner.raw.get(path, headers={"range": odd})).status_code == 200

    etag, modified = whole.headers["etag"], whole.headers["last-modified"]
    assert etag == '"781e5e245d69b566979b86e28d23f2c7"'  # the MD5 of the content, as S3's
    assert (await owner.raw.get(path, headers={"if-none-match": etag})).status_code == 304
    assert (await owner.raw.get(path, headers={"if-none-match": '"other"'})).status_code == 200
    assert (await owner.raw.get(path, headers={"if-modified-since": modified})).status_code == 304
    assert (await owner.raw.get(path, headers={"if-modified-since": "yesterday"})).status_code == 200

    head = await owner.raw.head(path)
    assert (head.status_code, head.content, head.headers["etag"], head.headers["content-length"]) == (
        200,
        b"",
        etag,
        "10",
    )


async def test_signed_urls_open_one_object_for_a_while(url: str, keys: Keys, owner: Person) -> None:
    path = f"{owner.id}/signed file.txt"
    await owner.bucket().upload(path, b"for your eyes")
    signed = await owner.bucket().create_signed_url(path, 60, {"download": True})
    several = await owner.bucket().create_signed_urls([path, f"{owner.id}/none.txt"], 60)

    async with httpx.AsyncClient() as nobody:
        got = await nobody.get(signed["signedURL"] or "")
        assert (got.status_code, got.content) == (200, b"for your eyes")
        assert got.headers["content-disposition"] == "attachment;"
        assert (await nobody.get(several[0]["signedURL"] or "")).status_code == 200
        assert several[1]["signedURL"] is None
        assert "does not exist" in str(several[1]["error"])

        def token(**claims: object) -> str:
            return keys.sign({"url": f"vault/{path}", "iat": int(time.time()), "exp": int(time.time()) + 60, **claims})

        address = f"{url}/storage/v1/object/sign/vault/{path}"
        assert (await nobody.get(address, params={"token": token()})).status_code == 200
        refused(await nobody.get(address, params={"token": token(exp=int(time.time()) - 1)}), "400", "InvalidJWT")
        refused(await nobody.get(address, params={"token": token()[:-2]}), "400", "InvalidJWT")
        refused(await nobody.get(address, params={"token": token(url="vault/other.txt")}), "400", "InvalidSignature")
        refused(await nobody.get(address, params={"token": token(upsert=True)}), "400", "InvalidSignature")
        refused(await nobody.get(address, params={"token": member_token(keys, owner.id)}), "400", "InvalidJWT")
        refused(await nobody.get(address), "400", "InvalidRequest")
        # A signed URL says no role: its token opens nothing else.
        refused(
            await nobody.get(f"{url}/storage/v1/bucket", headers={"authorization": f"Bearer {token()}"}),
            "403",
            "Unauthorized",
        )


async def test_signed_upload_urls(url: str, keys: Keys, owner: Person, http: httpx.AsyncClient) -> None:
    path = f"{owner.id}/from elsewhere.txt"
    signed = await owner.bucket().create_signed_upload_url(path)
    nobody = await client(url, keys.publishable_key, http)

    await nobody.storage.from_("vault").upload_to_signed_url(path, signed["token"], b"sent in")

    assert await owner.bucket().download(path) == b"sent in"
    with pytest.raises(StorageApiError, match="already exists"):
        await nobody.storage.from_("vault").upload_to_signed_url(path, signed["token"], b"again")
    with pytest.raises(StorageApiError, match="signature"):
        await nobody.storage.from_("vault").upload_to_signed_url(f"{owner.id}/other.txt", signed["token"], b"x")
    refused(
        await owner.raw.get(f"/object/sign/vault/{path}", params={"token": signed["token"]}), "400", "InvalidSignature"
    )


async def test_lists_show_folders_then_files(owner: Person) -> None:
    for name in ("b.txt", "a.txt", "ab.txt", "sub/one.txt", "sub/deep/two.txt", "100_.txt"):
        await owner.bucket().upload(f"{owner.id}/{name}", name.encode())

    async def names(path: str = "", **options: Any) -> list[str]:
        asked = cast(ListBucketFilesOptions, options)
        return [entry["name"] for entry in await owner.bucket().list(f"{owner.id}{path}", asked)]

    assert await names() == ["sub", "100_.txt", "a.txt", "ab.txt", "b.txt"]
    assert await names("/sub/") == ["deep", "one.txt"]
    assert await names(search="A") == ["a.txt", "ab.txt"]
    assert await names(search="1_0") == []
    assert await names(search="100_") == ["100_.txt"]
    assert (await names(sortBy={"column": "created_at", "order": "desc"}))[:3] == ["sub", "100_.txt", "ab.txt"]
    assert len(await names(limit=2)) == 2
    assert await names(limit=10, offset=4) == ["b.txt"]

    folder, *files = await owner.bucket().list(owner.id)
    assert folder["id"] is None
    assert all(file["id"] and file["metadata"]["size"] for file in files)
    refused(
        await owner.raw.post("/object/list/vault", json={"prefix": "", "sortBy": {"column": "owner"}}),
        "400",
        "InvalidRequest",
    )
    refused(await owner.raw.post("/object/list/vault", json={"prefix": "", "limit": 0}), "400", "InvalidRequest")
    refused(await owner.raw.post("/object/list/vault", json={}), "400", "InvalidRequest")


async def test_moving_and_copying(owner: Person, stranger: Person) -> None:
    old, new, twin = (f"{owner.id}/{name}.txt" for name in ("old", "new", "twin"))
    await owner.bucket().upload(old, b"text", {"content-type": "text/markdown"})

    await owner.bucket().copy(old, twin)
    await owner.bucket().move(old, new)

    assert await owner.bucket().download(new) == b"text"
    assert await owner.bucket().download(twin) == b"text"
    assert (await owner.bucket().info(twin))["content_type"] == "text/markdown"
    assert not await owner.bucket().exists(old)
    for verb in ("move", "copy"):

        def body(source: str, target: str) -> dict[str, str]:
            return {"bucketId": "vault", "sourceKey": source, "destinationKey": target}

        refused(await owner.raw.post(f"/object/{verb}", json=body(new, twin)), "409", "Duplicate")
        refused(
            await owner.raw.post(f"/object/{verb}", json=body(new, f"{stranger.id}/gift.txt")), "403", "Unauthorized"
        )
        refused(await owner.raw.post(f"/object/{verb}", json=body(new, "bad\x7fname")), "400", "InvalidKey")
    assert (await owner.bucket().remove([new]))[0]["name"] == new
    assert await owner.bucket().download(twin) == b"text"


async def test_removing_takes_the_files_too(owner: Person, folder: Path) -> None:
    before = stored_files(folder)
    paths = [f"{owner.id}/{number}.txt" for number in range(3)]
    for path in paths:
        await owner.bucket().upload(path, b"x")

    removed = await owner.bucket().remove([*paths[:2], f"{owner.id}/none.txt"])
    assert sorted(entry["name"] for entry in removed) == paths[:2]
    assert (await owner.raw.delete(f"/object/vault/{paths[2]}")).json() == {"message": "Successfully deleted"}
    refused(await owner.raw.delete(f"/object/vault/{paths[2]}"), "404", "not_found")
    assert stored_files(folder) == before


@pytest.mark.parametrize(
    "name",
    [
        "../escape.txt",
        "..%2f..%2fescape.txt",
        "%2e%2e/x",
        "a/../../b",
        "/etc/passwd",
        "..",
        "a\\b",
        "na%C3%AFve.txt",
        "%ff.txt",
        "%00.txt",
        "x" * 1025,
    ],
)
async def test_no_name_leads_out_of_the_folder(service: Person, folder: Path, name: str) -> None:
    target = httpx.URL(str(service.raw.base_url)).copy_with(raw_path=f"/storage/v1/object/vault/{name}".encode())
    before = stored_files(folder.parent)
    answer = await service.raw.post(target, content=b"x")
    assert answer.status_code in (200, 400)
    added = {
        file for file in stored_files(folder.parent) - before if "postgres" not in file.parts
    }  # which writes at will
    assert len(added) == (answer.status_code == 200)
    assert all(file.is_relative_to(folder) for file in added)


async def test_buckets_are_made_by_those_who_may(service: Person, owner: Person) -> None:
    storage, name = service.supabase.storage, f"bucket-{uuid4().hex[:8]}"
    await storage.create_bucket(
        name, options={"public": False, "file_size_limit": 10, "allowed_mime_types": ["text/*"]}
    )
    made = await storage.get_bucket(name)
    assert (made.id, made.public, made.file_size_limit, made.allowed_mime_types) == (name, False, 10, ["text/*"])
    with pytest.raises(StorageApiError, match="already exists"):
        await storage.create_bucket(name)

    await storage.update_bucket(name, {"public": True})
    changed = await storage.get_bucket(name)
    assert (changed.public, changed.file_size_limit) == (True, 10)
    assert name in [bucket.id for bucket in await storage.list_buckets()]

    async def listed(**asked: str | int) -> list[str]:
        answer = await service.raw.get("/bucket", params={"search": name[7:].upper(), **asked})
        return [bucket["id"].removeprefix(name) for bucket in answer.json()]

    for more in ("_", "-b"):
        await storage.create_bucket(name + more)
    assert await listed() == ["", "-b", "_"]
    assert await listed(search=name + "_") == ["_"]  # no wildcard
    assert await listed(sortColumn="created_at", sortOrder="desc", limit=2) == ["-b", "_"]
    assert await listed(sortColumn="id", offset=2) == ["_"]
    refused(await service.raw.get("/bucket", params={"sortColumn": "owner"}), "400", "InvalidRequest")

    await storage.from_(name).upload("a.txt", b"a")
    with pytest.raises(StorageApiError, match="not empty"):
        await storage.delete_bucket(name)
    await storage.empty_bucket(name)
    await storage.delete_bucket(name)
    with pytest.raises(StorageApiError, match="Bucket not found"):
        await storage.get_bucket(name)

    assert await owner.supabase.storage.list_buckets() == []
    with pytest.raises(StorageApiError, match="row-level security"):
        await owner.supabase.storage.create_bucket("mine")
    for wrong in ("a/b", "x" * 64, ""):
        refused(await service.raw.post("/bucket", json={"name": wrong}), "400", "Invalid Input")
    refused(
        await service.raw.post("/bucket", json={"name": "big", "file_size_limit": "60GB"}), "413", "Payload too large"
    )


async def test_sql_cannot_delete_objects(owner: Person, database: Database) -> None:
    await owner.bucket().upload(f"{owner.id}/kept.txt", b"x")
    async with database.acting({"role": "service_role"}) as connection:
        with pytest.raises(Exception, match="Direct deletion from storage tables is not allowed"):
            await connection.execute("delete from storage.objects")
    assert await owner.bucket().exists(f"{owner.id}/kept.txt")


@pytest.mark.parametrize(
    "path", ["/object/list-v2/vault", "/upload/resumable", "/render/image/authenticated/vault/x.png"]
)
async def test_what_is_missing_says_so(service: Person, path: str) -> None:
    refused(await service.raw.post(path, json={}), "409", "FeatureNotEnabled")


async def test_an_upload_that_a_crash_cut_off_is_cleared_away(tmp_path: Path) -> None:
    files = Files(tmp_path)
    await files.prepare()
    (tmp_path / "arriving" / "half").write_bytes(b"x")
    await files.prepare()
    assert stored_files(tmp_path) == set()


# On the whole stack, with the project's own policies.

GENERATION = """
insert into public.generations (
  owner_id, kind, prompt, seed, media_path, poster_path, media_type, bytes, width, height, colour, visibility)
values ($1, 'image', 'a wren', 1, $2, $3, 'image/png', 3, 64, 64, '#9bdcff', 'private')
"""


async def test_media_may_be_read_by_whoever_may_read_its_generation(supabase: Address, http: httpx.AsyncClient) -> None:
    anon = await client(supabase.api_url, supabase.publishable_key, http)
    service = await client(supabase.api_url, supabase.secret_key, http)
    members: list[tuple[str, AsyncClient]] = []
    for _ in range(2):
        member = await client(supabase.api_url, supabase.publishable_key, http)
        signed_up = await member.auth.sign_up({"email": f"{uuid4().hex}@starling.test", "password": "a good password"})
        assert signed_up.user is not None
        members.append((signed_up.user.id, member))
    (owner_id, owner), (_, stranger) = members
    media, poster = f"{owner_id}/{uuid4()}.png", f"{owner_id}/{uuid4()}.webp"
    await service.storage.from_("media").upload(media, b"png", {"content-type": "image/png"})
    await service.storage.from_("media").upload(poster, b"webp", {"content-type": "image/webp"})
    postgres = await asyncpg.connect(supabase.db_url)

    async def seen_by(somebody: AsyncClient) -> list[bool]:
        return [
            entry["signedURL"] is not None
            for entry in await somebody.storage.from_("media").create_signed_urls([media, poster], 60)
        ]

    try:
        assert await seen_by(owner) == [False, False]  # no generation yet: nobody's
        await postgres.execute(GENERATION, owner_id, media, poster)
        assert [await seen_by(who) for who in (owner, stranger, anon)] == [[True, True], [False, False], [False, False]]
        await owner.table("generations").update({"visibility": "public"}).eq("media_path", media).execute()
        assert [await seen_by(who) for who in (stranger, anon)] == [[True, True], [True, True]]
        assert await anon.storage.from_("media").download(media) == b"png"
        with pytest.raises(StorageApiError, match="row-level security"):
            await owner.storage.from_("media").upload(f"{owner_id}/own.png", b"x", {"content-type": "image/png"})
    finally:
        await postgres.close()


async def test_members_have_their_avatar_in_their_own_folder(supabase: Address, http: httpx.AsyncClient) -> None:
    member = await client(supabase.api_url, supabase.publishable_key, http)
    answer = await member.auth.sign_up({"email": f"{uuid4().hex}@starling.test", "password": "a good password"})
    assert answer.user is not None
    avatars, path = member.storage.from_("avatars"), f"{answer.user.id}/me.png"
    png: FileOptions = {"content-type": "image/png", "upsert": "true"}

    await avatars.upload(path, b"one", png)
    await avatars.upload(path, b"two", png)

    assert (await http.get(await avatars.get_public_url(path))).content == b"two"
    with pytest.raises(StorageApiError, match="row-level security"):
        await avatars.upload(f"{uuid4()}/me.png", b"x", png)
    with pytest.raises(StorageApiError, match="mime type"):
        await avatars.upload(f"{answer.user.id}/me.gif", b"x", {"content-type": "image/gif"})
