"""Files, tried as everybody: whoever may read the row may fetch its files; nobody but the worker writes media."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from embedded.stack import Address
from tests.supabase.people import Person
from tests.supabase.rights import BUCKETS
from tests.supabase.studio import Studio, put

OTHERS = ["anon", "stranger"]
WEBP = {"content-type": "image/webp"}
UPSERT = {**WEBP, "x-upsert": "true"}
READING = ("object", "object/authenticated", "object/info", "object/info/authenticated")


async def storage(somebody: Person, method: str, path: str, body: Any = None) -> httpx.Response:
    return await somebody.http.request(method, f"/storage/v1/{path}", json=body)


async def store(somebody: Person, path: str, method: str = "POST", headers: dict[str, str] = UPSERT) -> httpx.Response:
    return await somebody.http.request(method, f"/storage/v1/object/{path}", content=b"forged", headers=headers)


async def signs(somebody: Person, paths: list[str]) -> list[str | None]:
    answer = await storage(somebody, "POST", "object/sign/media", {"paths": paths, "expiresIn": 60})
    return [entry["signedURL"] for entry in answer.json()]


def said(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, {key: answer.json().get(key) for key in ("statusCode", "error", "message")}


async def contents(service: Person, paths: list[str]) -> list[bytes]:
    return [(await storage(service, "GET", f"object/media/{path}")).content for path in paths]


def test_the_buckets_tried_here_are_all_there_are():
    assert BUCKETS.keys() == {"media", "avatars", "datasets", "attachments"}, "the last two have tests of their own"


@pytest.mark.parametrize("who", OTHERS)
async def test_private_files_are_as_if_they_did_not_exist(people: dict[str, Person], studio: Studio, who: str):
    somebody = people[who]
    for path in studio.private.files():
        absent = f"{studio.owner}/{uuid4()}/1/0.webp"
        for way in READING:
            for method in ("GET", "HEAD"):
                answer = await storage(somebody, method, f"{way}/media/{path}")
                assert answer.status_code == 400
                if method == "GET":
                    assert said(answer) == said(await storage(somebody, "GET", f"{way}/media/{absent}"))
        for way in ("object/public", "object/info/public"):
            assert (await storage(somebody, "GET", f"{way}/media/{path}")).status_code == 400
        answer = await storage(somebody, "POST", f"object/sign/media/{path}", {"expiresIn": 60})
        assert said(answer) == said(await storage(somebody, "POST", f"object/sign/media/{absent}", {"expiresIn": 60}))
        assert answer.status_code == 400
    assert await signs(somebody, studio.private.files()) == [None] * 3


@pytest.mark.parametrize("who", OTHERS)
async def test_listing_shows_files_that_may_be_read_and_no_others(people: dict[str, Person], studio: Studio, who: str):
    for half, listed in ((studio.private, 0), (studio.public, 2)):
        folder = half.media.rpartition("/")[0]
        for prefix in (folder, f"{folder}/"):
            answer = await storage(
                people[who], "POST", "object/list/media", {"prefix": prefix, "limit": 100, "offset": 0}
            )
            assert len(answer.json()) == listed
    everything = await storage(
        people[who], "POST", "object/list/media", {"prefix": studio.owner, "limit": 1000, "offset": 0}
    )
    assert studio.private.job not in everything.text
    assert studio.public.job in everything.text


@pytest.mark.parametrize("who", ["anon", "stranger", "owner"])
async def test_public_files_are_everybodys_to_see(people: dict[str, Person], studio: Studio, who: str):
    for path in studio.public.files():
        answer = await storage(people[who], "GET", f"object/media/{path}")
        assert (answer.status_code, answer.content) == (200, path.encode())
        assert (
            await storage(people[who], "GET", f"object/public/media/{path}")
        ).status_code == 400  # the bucket is none
    assert None not in await signs(people[who], studio.public.files())


async def test_the_owner_sees_their_own(owner: Person, studio: Studio):
    for path in studio.private.files():
        assert (await storage(owner, "GET", f"object/media/{path}")).content == path.encode()
    assert None not in await signs(owner, studio.private.files())


async def test_without_a_key_nothing_but_avatars_and_signed_addresses_answers(
    supabase: Address, owner: Person, studio: Studio
):
    async with httpx.AsyncClient(base_url=f"{supabase.api_url}/storage/v1") as nobody:
        for path in studio.public.files():
            for way in (*READING, "object/public"):
                assert (await nobody.get(f"/{way}/media/{path}")).status_code in (400, 401)
        (signed,) = await signs(owner, [studio.private.poster])
        assert (await nobody.get(str(signed))).content == studio.private.poster.encode()


@pytest.mark.parametrize("who", OTHERS)
async def test_a_signed_address_opens_nothing_else(
    supabase: Address, people: dict[str, Person], owner: Person, studio: Studio, who: str
):
    (open_address,) = await signs(people[who], [studio.public.media])
    (own_address,) = await signs(owner, [studio.private.media])
    token, own_token = (str(address).partition("token=")[2] for address in (open_address, own_address))
    header, body, signature = own_token.split(".")
    session = people[who].token
    for path, tried in (
        (studio.private.media, token),  # of another file
        (studio.private.poster, own_token),
        (studio.private.preview, own_token),
        (studio.private.media, f"{header}.{token.split('.')[1]}.{signature}"),
        (studio.private.media, f"{header}.{body}.{'A' * len(signature)}"),
        (studio.private.media, f"eyJhbGciOiJub25lIn0.{body}."),
        (studio.private.media, session),  # a person's token, or a key, says nothing of a file
        (studio.private.media, supabase.anon_key),
        (studio.private.media, ""),
    ):
        answer = await storage(people[who], "GET", f"object/sign/media/{path}?token={tried}")
        assert answer.status_code == 400, (path, tried)
    for tried in (own_token, token):
        answer = await people[who].http.put(
            f"/storage/v1/object/upload/sign/media/{studio.private.media}?token={tried}",
            content=b"forged",
            headers=WEBP,
        )
        assert answer.status_code == 400


@pytest.mark.parametrize("who", OTHERS)
async def test_no_spelling_of_a_path_leads_to_a_private_file(people: dict[str, Person], studio: Studio, who: str):
    public_folder = studio.public.media.rpartition("/")[0]
    private = studio.private.media
    for spelled in (
        f"{public_folder}/../../../{private}",
        f"{public_folder}/..%2f..%2f..%2f{private}",
        f"./{private}", f"/{private}", f"%2f{private}", private.upper(), f"{private}/", f"{private}%00", f"{private}%20",
        private.replace("/", "//"), private.replace("/", "%2F"), private.replace("0.webp", "%25.webp"), private.replace("0.webp", "_.webp"),
    ):  # fmt: skip
        for way in ("object", "object/public"):
            for bucket in ("media", "avatars", "avatars/../media"):
                answer = await storage(people[who], "GET", f"{way}/{bucket}/{spelled}")
                assert answer.status_code in (400, 404), spelled


@pytest.mark.parametrize("who", ["anon", "stranger", "owner"])
async def test_only_the_worker_writes_media(people: dict[str, Person], studio: Studio, service: Person, who: str):
    somebody = people[who]
    there = [*studio.private.files(), *studio.public.files()]
    before = await contents(service, there)
    for path in (*there, f"{somebody.id or studio.owner}/new.webp", "new.webp"):
        for method, headers in (("POST", WEBP), ("POST", UPSERT), ("PUT", WEBP)):
            assert (await store(somebody, f"media/{path}", method, headers)).status_code == 400
        assert (await storage(somebody, "POST", f"object/upload/sign/media/{path}")).status_code == 400
    elsewhere = f"{somebody.id or studio.owner}/mine.webp"
    for path in there:
        assert (await storage(somebody, "DELETE", f"object/media/{path}")).status_code == 400
        for verb in ("move", "copy"):
            for bucket in ("media", "avatars"):
                body = {
                    "bucketId": "media",
                    "sourceKey": path,
                    "destinationBucket": bucket,
                    "destinationKey": elsewhere,
                }
                may = (
                    verb == "copy"
                    and bucket == "avatars"
                    and who != "anon"
                    and (who == "owner" or path in studio.public.files())
                )
                answer = await storage(somebody, "POST", f"object/{verb}", body)
                assert answer.is_success == may, (verb, bucket, path)
                if may:
                    await storage(somebody, "DELETE", f"object/avatars/{elsewhere}")
    assert (await storage(somebody, "DELETE", "object/media", {"prefixes": there})).json() == []
    assert await contents(service, there) == before


@pytest.mark.parametrize("who", OTHERS)
async def test_files_follow_their_row_at_once(
    people: dict[str, Person], owner: Person, service: Person, studio: Studio, who: str
):
    picture = f"generations?id=eq.{studio.public.generation}"
    files = [studio.public.media, studio.public.poster]
    assert (await owner.rest("PATCH", picture, {"visibility": "private"})).status_code == 204
    assert await signs(people[who], files) == [None, None]
    assert None not in await signs(owner, files)
    assert (await owner.rest("PATCH", picture, {"visibility": "public"})).status_code == 204
    assert None not in await signs(people[who], files)


# Avatars ------------------------------------------------------------------------------------------------------------


async def test_an_avatar_lies_in_its_members_folder(
    supabase: Address, people: dict[str, Person], owner: Person, stranger: Person
):
    mine = f"{owner.id}/{uuid4().hex}.webp"
    await put(owner, "avatars", mine, b"me")
    async with httpx.AsyncClient(base_url=supabase.api_url) as nobody:
        assert (await nobody.get(f"/storage/v1/object/public/avatars/{mine}")).content == b"me"
    for who in OTHERS:
        somebody = people[who]
        for method, headers in (("POST", WEBP), ("POST", UPSERT), ("PUT", WEBP)):
            for path in (
                mine,
                f"{owner.id}/other.webp",
                f"{owner.id.upper()}/x.webp",
                "x.webp",
                f"x/{somebody.id}/x.webp",
            ):
                assert (await store(somebody, f"avatars/{path}", method, headers)).status_code == 400, path
                assert (await storage(somebody, "POST", f"object/upload/sign/avatars/{path}")).status_code == 400
        assert (await storage(somebody, "DELETE", f"object/avatars/{mine}")).status_code == 400
        assert (await storage(somebody, "DELETE", "object/avatars", {"prefixes": [mine]})).json() == []
        for verb in ("move", "copy"):
            body = {"bucketId": "avatars", "sourceKey": mine, "destinationKey": f"{owner.id}/moved.webp"}
            assert (await storage(somebody, "POST", f"object/{verb}", body)).status_code == 400
    theirs = {"bucketId": "avatars", "sourceKey": mine, "destinationKey": f"{stranger.id}/planted.webp"}
    for verb in ("move", "copy"):
        assert (await storage(owner, "POST", f"object/{verb}", theirs)).status_code == 400
    assert (await store(owner, f"avatars/{mine}")).is_success
    assert (await storage(owner, "DELETE", f"object/avatars/{mine}")).is_success


async def test_avatars_are_small_pictures(owner: Person):
    path = f"avatars/{owner.id}/odd.webp"
    for content, headers in ((b"<svg/>", {"content-type": "image/svg+xml"}), (b"<b>", {"content-type": "text/html"})):
        answer = await owner.http.post(f"/storage/v1/object/{path}", content=content, headers=headers)
        assert answer.json()["error"] == "invalid_mime_type"
    large = bytes(BUCKETS["avatars"].largest_bytes + 1)
    answer = await owner.http.post(f"/storage/v1/object/{path}", content=large, headers=WEBP)
    assert answer.json()["statusCode"] == "413"


async def test_nobody_fills_the_bucket_of_avatars(owner: Person, stranger: Person):
    paths = [f"avatars/{stranger.id}/{uuid4().hex}.webp" for _ in range(14)]
    answers = await asyncio.gather(*(store(stranger, path) for path in paths))
    stored = [path for path, answer in zip(paths, answers, strict=True) if answer.is_success]
    assert len(stored) == 10
    assert {answer.status_code for answer in answers if not answer.is_success} == {400}
    assert (await store(owner, f"avatars/{owner.id}/{uuid4().hex}.webp")).is_success
    assert (await storage(stranger, "DELETE", f"object/{stored[0]}")).is_success
    assert (
        await store(stranger, paths[0] if paths[0] not in stored else paths[0].replace(".webp", "x.webp"))
    ).is_success
    names = [path.removeprefix("avatars/") for path in stored]
    assert (await storage(stranger, "DELETE", "object/avatars", {"prefixes": names})).is_success


async def test_buckets_are_the_services(people: dict[str, Person]):
    for who in ("anon", "stranger"):
        somebody = people[who]
        assert (await storage(somebody, "GET", "bucket")).json() == []
        assert (
            await storage(somebody, "POST", "bucket", {"id": "mine", "name": "mine", "public": True})
        ).status_code == 400
        for bucket in BUCKETS:
            assert (await storage(somebody, "GET", f"bucket/{bucket}")).status_code == 400
            assert not (await storage(somebody, "PUT", f"bucket/{bucket}", {"public": True})).is_success
            assert not (await storage(somebody, "POST", f"bucket/{bucket}/empty")).is_success
            assert not (await storage(somebody, "DELETE", f"bucket/{bucket}")).is_success
    buckets = (await storage(people["service"], "GET", "bucket")).json()
    assert {bucket["id"]: bucket["public"] for bucket in buckets} == {name: b.public for name, b in BUCKETS.items()}
