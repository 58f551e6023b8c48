"""Account: what one says of oneself, the picture one uploads, and one's sign-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO

import asyncpg
import httpx
import pytest
from PIL import Image

from embedded.stack import Address
from state import avatars
from state.account import Account, ProfileDraft, device
from state.avatars import SIDE_PX, square
from state.errors import Refused, SignInError
from state.member import Member
from state.starling import Starling
from tests.state.support import PASSWORD, as_admin, make_account, settings_of, until


def picture(width: int, height: int, kind: str = "JPEG", **more: object) -> bytes:
    image = Image.new("RGB", (width, height), "#204060")
    image.paste("#ff8800", (width // 2 - 5, 0, width // 2 + 5, height))
    made = BytesIO()
    image.save(made, kind, **more)
    return made.getvalue()


class Desk:
    """A member in two browsers of one process."""

    def __init__(self, starling: Starling, here: str, elsewhere: str) -> None:
        self.starling, self.here, self.elsewhere = starling, here, elsewhere
        member = starling.members.of(here)
        assert member is not None
        assert starling.members.of(elsewhere) is member
        self.member: Member = member

    @property
    def account(self) -> Account:
        root = self.starling
        return Account(root.project, root.sessions, root.members, self.member, self.here)


@pytest.fixture(scope="module")
async def desk(
    supabase: Address, http: httpx.AsyncClient, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    starling = Starling(settings_of(supabase, tmp_path_factory.mktemp("account")))
    starling.open()
    account = await make_account(supabase, http)
    sessions = [
        await starling.sessions.sign_in(account.email, PASSWORD, agent=agent)
        for agent in ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "curl/8.0")
    ]
    made = Desk(starling, *sessions)
    tables, connections = (
        [*starling.world.tables, *made.member.tables],
        [starling.world.connection, made.member.connection],
    )
    await until(lambda: all(t.phase == "ready" for t in tables) and all(c.status.state == "live" for c in connections))
    yield made
    await starling.close()
    await http.delete(f"{supabase.api_url}/auth/v1/admin/users/{account.id}", headers=as_admin(supabase))


def draft(desk: Desk, **changes: str) -> ProfileDraft:
    profile = desk.member.profile
    assert profile is not None
    values = {name: getattr(profile, name) for name in ProfileDraft.model_fields}
    made = ProfileDraft.check(**values | changes)
    assert isinstance(made, ProfileDraft), made
    return made


async def test_what_one_says_of_oneself_is_everybodys_at_once(desk: Desk):
    assert await desk.account.save(draft(desk, bio=" Draws wrens ", display_name="Tess the second")) == {}
    profile = desk.member.profile
    assert profile is not None
    assert (profile.bio, profile.display_name) == ("Draws wrens", "Tess the second")
    people = desk.starling.world.people
    await until(lambda: (row := people.get(desk.member.id)) and row.bio == "Draws wrens")
    assert await desk.account.save(draft(desk)) == {}, "nothing is different"


async def test_a_name_that_is_taken_is_said_at_its_field(desk: Desk, db: asyncpg.Connection):
    taken = await db.fetchval("select username from public.profiles where id <> $1 limit 1", desk.member.id)
    if taken is None:
        pytest.skip("nobody else is here")
    assert await desk.account.save(draft(desk, username=taken)) == {"username": "Somebody else has this name"}


def test_limits_are_said_in_words():
    wrong = ProfileDraft.check(display_name="  ", username="No Name", bio="x" * 501, colour="red")
    assert isinstance(wrong, dict)
    assert wrong.keys() == {"display_name", "username", "bio", "colour"}


async def test_a_picture_becomes_a_small_square_without_its_secrets():
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    exif[0x0112] = 6  # lies on its side
    small = await square(picture(900, 300, exif=exif.tobytes()))
    assert b"where I live" not in small
    with Image.open(BytesIO(small)) as image:
        assert (image.format, image.size) == ("WEBP", (SIDE_PX, SIDE_PX))
        middle = image.convert("RGB").getpixel((10, SIDE_PX // 2))
        assert isinstance(middle, tuple)
        assert middle[0] > 200, "the stripe across the middle: it was turned upright"


@pytest.mark.parametrize(
    "content", [b"", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n broken", b"GIF89a" + b"\x00" * 40]
)
async def test_what_is_no_picture_is_refused(content: bytes):
    with pytest.raises(Refused, match="no picture"):
        await square(content)


async def test_too_large_a_picture_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(avatars, "MOST_PIXELS", 100 * 100)
    assert await square(picture(100, 100, "PNG"))
    broken = picture(101, 100, "PNG")[:200]
    with pytest.raises(Refused, match="megapixels"):
        await square(broken)
    monkeypatch.setattr(avatars, "MOST_BYTES", 100)
    with pytest.raises(Refused, match="too large"):
        await square(broken)


async def test_a_new_picture_replaces_the_former_one(desk: Desk, db: asyncpg.Connection, http: httpx.AsyncClient):
    await desk.account.set_picture(picture(40, 30))
    first = desk.member.profile
    assert first is not None
    assert first.avatar_path is not None
    address = desk.starling.project.public_url("avatars", first.avatar_path)
    answer = await http.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    await desk.account.set_picture(picture(30, 40))
    await desk.account.remove_picture()
    files = "select count(*) from storage.objects where bucket_id = 'avatars' and name like $1 || '/%'"
    assert await db.fetchval(files, str(desk.member.id)) == 0
    assert desk.member.profile is not None
    assert desk.member.profile.avatar_path is None


async def test_sign_ins_are_listed_and_the_others_end_with_the_password(desk: Desk, db: asyncpg.Connection):
    found = await desk.account.sign_ins()
    assert {(one.device, one.this) for one in found} == {("Firefox on Linux", True), ("curl", False)}
    with pytest.raises(SignInError) as wrong:
        await desk.account.change_password("not it", "another good password")
    assert wrong.value.field == "current"
    with pytest.raises(SignInError) as short:
        await desk.account.change_password(PASSWORD, "short")
    assert short.value.field == "new"
    with pytest.raises(SignInError) as same:
        await desk.account.change_password(PASSWORD, PASSWORD)
    assert same.value.field == "new"
    sessions = "select count(*) from auth.sessions where user_id = $1"
    assert await db.fetchval(sessions, desk.member.id) == 2, "what proved the password is signed out again"
    told: list[str] = []
    desk.member.released.subscribe(lambda id, _: told.append(id), unsubscribe_on_delete=False)
    await desk.account.change_password(PASSWORD, "another good password")
    assert [one.this for one in await desk.account.sign_ins()] == [True]
    assert desk.starling.sessions.get(desk.elsewhere) is None
    assert desk.starling.sessions.get(desk.here) is not None
    assert not desk.member.over
    await until(lambda: told == [desk.elsewhere])


async def test_one_signs_out_everywhere_else_and_leaves_from_everywhere(desk: Desk, db: asyncpg.Connection):
    profile = desk.member.profile
    assert profile is not None
    email = f"{profile.username}@example.com"
    other = await desk.starling.sessions.sign_in(email, "another good password")
    desk.starling.members.of(other)
    await desk.account.sign_out_others()
    assert desk.starling.sessions.get(other) is None
    assert len(await desk.account.sign_ins()) == 1

    other = await desk.starling.sessions.sign_in(email, "another good password")
    desk.starling.members.of(other)
    await desk.account.leave()
    await db.execute("delete from private.leavers where member_id = $1", desk.member.id)
    assert desk.starling.sessions.get(other) is None
    assert desk.starling.sessions.get(desk.here) is not None, "it says goodbye itself"


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("python-httpx/0.28.1", "python-httpx"),
        ("", "An unknown device"),
    ],
)  # fmt: skip
def test_devices_are_named(agent: str, said: str):
    assert device(agent) == said
