"""Auth as supabase-py and plain HTTP see it: accounts, sessions, refresh tokens, refusals in GoTrue's words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import jwt
import pytest
from supabase_auth.errors import AuthApiError, AuthError, AuthWeakPasswordError
from supabase_auth.types import Session, User

from embedded.auth import Auth, passwords
from embedded.auth.errors import AuthError as Refusal
from embedded.auth.limits import WINDOW_S, RateLimit
from embedded.auth.passwords import COST
from embedded.database import Database
from embedded.keys import Keys
from supabase import AsyncClient
from tests.embedded.serving import client, served

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
async def url(database: Database, keys: Keys) -> AsyncIterator[str]:
    async with served({"/auth/v1": Auth(database, keys, sign_ins=10_000).routes}, keys) as address:
        yield address


@pytest.fixture(scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as shared:
        yield shared


@pytest.fixture
async def anon(url: str, keys: Keys, http: httpx.AsyncClient) -> AsyncClient:
    return await client(url, keys.publishable_key, http)


@pytest.fixture
async def service(url: str, keys: Keys, http: httpx.AsyncClient) -> AsyncClient:
    return await client(url, keys.secret_key, http)


@pytest.fixture
async def raw(url: str, keys: Keys) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{url}/auth/v1", headers={"apikey": keys.anon_key}) as plain:
        yield plain


def somebody() -> str:
    return f"member-{uuid4().hex[:12]}@starling.test"


async def signed_up(supabase: AsyncClient, email: str = "", **data: str) -> tuple[User, Session]:
    answer = await supabase.auth.sign_up(
        {"email": email or somebody(), "password": PASSWORD, "options": {"data": data}}
    )
    assert answer.user is not None
    assert answer.session is not None
    return answer.user, answer.session


async def refused(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert (response.status_code, response.json()["error_code"]) == (status, code), response.text
    assert response.json()["code"] == status
    return response.json()


async def test_signing_up_opens_a_session_with_gotrues_claims(anon: AsyncClient, keys: Keys) -> None:
    email = somebody()
    user, session = await signed_up(anon, email.upper(), username="wren")

    assert user.email == email
    assert user.email_confirmed_at is not None
    assert user.last_sign_in_at is not None
    assert user.app_metadata == {"provider": "email", "providers": ["email"]}
    assert user.user_metadata == {
        "username": "wren", "sub": user.id, "email": email, "email_verified": True, "phone_verified": False,
    }  # fmt: skip
    assert user.identities is not None
    assert [(identity.provider, identity.id) for identity in user.identities] == [("email", user.id)]
    assert session.token_type == "bearer"
    assert session.expires_in == 3600

    claims = keys.verify(session.access_token)
    assert {"iss", "sub", "aud", "exp", "iat", "email", "phone", "app_metadata", "user_metadata", "role", "aal", "amr",
            "session_id", "is_anonymous"} == claims.keys()  # fmt: skip
    assert (claims["sub"], claims["aud"], claims["role"], claims["aal"]) == (
        user.id,
        "authenticated",
        "authenticated",
        "aal1",
    )
    assert claims["amr"][0]["method"] == "password"
    assert claims["exp"] == session.expires_at == claims["iat"] + 3600


async def test_signing_in_out_and_in_again(anon: AsyncClient) -> None:
    email = somebody()
    user, _ = await signed_up(anon, email)
    await anon.auth.sign_out()

    answer = await anon.auth.sign_in_with_password({"email": email.title(), "password": PASSWORD})

    assert answer.user is not None
    assert answer.user.id == user.id
    current = await anon.auth.get_user()
    assert current is not None
    assert current.user.email == email


@pytest.mark.parametrize(
    ("email", "password", "error", "code"),
    [
        ("nobody", PASSWORD, AuthApiError, "validation_failed"),
        ("no body@starling.test", PASSWORD, AuthApiError, "validation_failed"),
        (f"{'x' * 250}@starling.test", PASSWORD, AuthApiError, "validation_failed"),
        ("short@starling.test", "1234567", AuthWeakPasswordError, "weak_password"),
        ("long@starling.test", "é" * 37, AuthApiError, "validation_failed"),
        ("null@starling.test", "with\x00null", AuthApiError, "validation_failed"),
    ],
)
async def test_bad_sign_ups_are_refused(
    anon: AsyncClient, email: str, password: str, error: type[AuthError], code: str
) -> None:
    with pytest.raises(error) as refusal:
        await anon.auth.sign_up({"email": email, "password": password})
    assert refusal.value.code == code


async def test_a_weak_password_says_why_to_old_and_new_clients(raw: httpx.AsyncClient) -> None:
    account = {"email": somebody(), "password": "short"}

    old = await raw.post("/signup", json=account)
    new = await raw.post("/signup", json=account, headers={"x-supabase-api-version": "2024-01-01"})

    message = "Password should be at least 8 characters."
    reasons = {"weak_password": {"reasons": ["length"]}}
    assert (old.status_code, new.status_code) == (422, 422)
    assert old.json() == {"code": 422, "error_code": "weak_password", "msg": message, **reasons}
    assert new.json() == {"code": "weak_password", "message": message, **reasons}
    assert new.headers["x-supabase-api-version"] == "2024-01-01"


async def test_an_address_signs_up_once_whatever_races(anon: AsyncClient, raw: httpx.AsyncClient) -> None:
    account = {"email": somebody(), "password": PASSWORD}
    answers = await asyncio.gather(*(raw.post("/signup", json=account) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422]

    with pytest.raises(AuthApiError, match="User already registered") as refusal:
        await anon.auth.sign_up({"email": account["email"], "password": PASSWORD})
    assert (refusal.value.code, refusal.value.status) == ("user_already_exists", 422)


async def test_wrong_passwords_and_unknown_addresses_look_the_same(
    anon: AsyncClient, raw: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "COST", COST)  # other tests may have made them cheap
    email = somebody()
    await signed_up(anon, email)

    async def attempt(address: str) -> tuple[float, dict[str, object]]:
        begun = time.process_time()  # the server's, which is in this process: others may keep the machine busy
        answer = await raw.post("/token?grant_type=password", json={"email": address, "password": "a wrong guess"})
        return time.process_time() - begun, await refused(answer, 400, "invalid_credentials")

    known, unknown = [], []
    for _ in range(5):  # in turn, and the quickest of each
        known.append(await attempt(email))
        unknown.append(await attempt(somebody()))
    assert known[0][1] == unknown[0][1]
    ratio = min(took for took, _ in known) / min(took for took, _ in unknown)
    assert 0.4 < ratio < 2.5


async def test_a_failing_trigger_on_sign_up_leaves_no_account(raw: httpx.AsyncClient, database: Database) -> None:
    email = somebody()
    async with database.admin.acquire() as connection:
        await connection.execute("""
            create function public.refuse_account() returns trigger language plpgsql as $$
            begin raise exception 'no'; end $$;
            create trigger refuse_account after insert on auth.users for each row execute function public.refuse_account();
        """)
        try:
            answer = await raw.post("/signup", json={"email": email, "password": PASSWORD})
        finally:
            await connection.execute("drop function public.refuse_account cascade")
        body = await refused(answer, 500, "unexpected_failure")
        assert body["msg"] == "Database error saving new user"
        assert not await connection.fetchval("select count(*) from auth.users where email = $1", email)


async def test_refresh_tokens_rotate(anon: AsyncClient) -> None:
    _, first = await signed_up(anon)
    renewed = await anon.auth.refresh_session(first.refresh_token)
    assert renewed.session is not None
    assert renewed.session.refresh_token != first.refresh_token
    before, after = (jwt.decode(token, options={"verify_signature": False})
                     for token in (first.access_token, renewed.session.access_token))  # fmt: skip
    assert before["session_id"] == after["session_id"]


async def test_a_refresh_token_used_twice_at_once_gives_the_same_successor(
    anon: AsyncClient, raw: httpx.AsyncClient
) -> None:
    _, session = await signed_up(anon)
    body = {"refresh_token": session.refresh_token}
    answers = await asyncio.gather(*(raw.post("/token?grant_type=refresh_token", json=body) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_reuse_after_the_grace_interval_revokes_the_family(
    anon: AsyncClient, raw: httpx.AsyncClient, database: Database
) -> None:
    user, first = await signed_up(anon)
    second = (await raw.post("/token?grant_type=refresh_token", json={"refresh_token": first.refresh_token})).json()
    await database.admin.execute(
        "update auth.refresh_tokens set updated_at = now() - interval '11 seconds' where user_id = $1 and revoked",
        user.id,
    )

    thief = await raw.post("/token?grant_type=refresh_token", json={"refresh_token": first.refresh_token})
    await refused(thief, 400, "refresh_token_already_used")
    owner = await raw.post("/token?grant_type=refresh_token", json={"refresh_token": second["refresh_token"]})
    await refused(owner, 400, "refresh_token_already_used")


async def test_refresh_tokens_are_not_kept_in_the_clear(
    anon: AsyncClient, raw: httpx.AsyncClient, database: Database
) -> None:
    user, session = await signed_up(anon)
    kept = await database.admin.fetchval("select token from auth.refresh_tokens where user_id = $1", user.id)
    assert kept != session.refresh_token
    answer = await raw.post("/token?grant_type=refresh_token", json={"refresh_token": kept})
    await refused(answer, 400, "refresh_token_not_found")


@pytest.mark.parametrize(
    ("scope", "here", "elsewhere"), [("local", 403, 200), ("others", 200, 403), ("global", 403, 403)]
)
async def test_signing_out_ends_what_its_scope_says(
    anon: AsyncClient, raw: httpx.AsyncClient, scope: str, here: int, elsewhere: int
) -> None:
    email = somebody()
    _, one = await signed_up(anon, email)
    other = (await raw.post("/token?grant_type=password", json={"email": email, "password": PASSWORD})).json()

    headers = {"authorization": f"Bearer {one.access_token}"}
    assert (await raw.post("/logout", params={"scope": scope}, headers=headers)).status_code == 204

    for token, refresh, status in (
        (one.access_token, one.refresh_token, here),
        (other["access_token"], other["refresh_token"], elsewhere),
    ):
        seen = await raw.get("/user", headers={"authorization": f"Bearer {token}"})
        renewed = await raw.post("/token?grant_type=refresh_token", json={"refresh_token": refresh})
        assert seen.status_code == status
        if status == 403:
            await refused(seen, 403, "session_not_found")
            await refused(renewed, 400, "refresh_token_not_found")
        else:
            assert renewed.status_code == 200


async def test_a_member_changes_name_password_and_address(anon: AsyncClient, raw: httpx.AsyncClient) -> None:
    email, moved = somebody(), somebody()
    _, session = await signed_up(anon, email, nickname="wren", colour="red")
    elsewhere = (await raw.post("/token?grant_type=password", json={"email": email, "password": PASSWORD})).json()

    await anon.auth.update_user({"data": {"nickname": "lark", "colour": None}})
    changed = await anon.auth.update_user({"email": moved, "password": "another good one"})

    assert changed.user.email == moved
    assert changed.user.user_metadata["nickname"] == "lark"
    assert "colour" not in changed.user.user_metadata
    await anon.auth.sign_in_with_password({"email": moved, "password": "another good one"})
    old = await raw.post("/token?grant_type=password", json={"email": moved, "password": PASSWORD})
    await refused(old, 400, "invalid_credentials")
    gone = await raw.get("/user", headers={"authorization": f"Bearer {elsewhere['access_token']}"})
    await refused(gone, 403, "session_not_found")
    kept = await raw.get("/user", headers={"authorization": f"Bearer {session.access_token}"})
    assert kept.status_code == 200


async def test_changes_that_are_refused(anon: AsyncClient, raw: httpx.AsyncClient) -> None:
    taken = somebody()
    await signed_up(anon, taken)
    _, session = await signed_up(anon)
    headers = {"authorization": f"Bearer {session.access_token}"}

    await refused(await raw.put("/user", json={"password": PASSWORD}, headers=headers), 422, "same_password")
    await refused(await raw.put("/user", json={"password": "short"}, headers=headers), 422, "weak_password")
    await refused(await raw.put("/user", json={"email": taken}, headers=headers), 422, "email_exists")
    await refused(await raw.put("/user", json={"app_metadata": {"is_demo": True}}, headers=headers), 403, "not_admin")
    await refused(await raw.put("/user", json={"phone": "123"}, headers=headers), 422, "phone_provider_disabled")
    await refused(await raw.put("/user", json=["x"], headers=headers), 400, "bad_json")
    await refused(await raw.put("/user", content=b"{", headers=headers), 400, "bad_json")


async def test_tokens_that_prove_nothing(raw: httpx.AsyncClient, keys: Keys) -> None:
    def bearer(**claims: object) -> dict[str, str]:
        return {"authorization": f"Bearer {keys.sign({'role': 'authenticated', 'exp': time.time() + 60, **claims})}"}

    await refused(await raw.get("/user"), 401, "no_authorization")
    await refused(await raw.get("/user", headers={"authorization": "Bearer x.y.z"}), 403, "bad_jwt")
    await refused(await raw.get("/user", headers=bearer(sub=str(uuid4()), exp=1)), 403, "bad_jwt")
    await refused(await raw.get("/user", headers=bearer()), 403, "bad_jwt")
    await refused(await raw.get("/user", headers=bearer(sub="me")), 403, "bad_jwt")
    await refused(await raw.get("/user", headers=bearer(sub=str(uuid4()))), 403, "user_not_found")
    await refused(await raw.get("/user", headers={"authorization": f"Bearer {keys.anon_key}"}), 403, "bad_jwt")


async def test_anonymous_sign_in_is_a_setting(
    database: Database, keys: Keys, anon: AsyncClient, http: httpx.AsyncClient
) -> None:
    with pytest.raises(AuthApiError) as refusal:
        await anon.auth.sign_in_anonymously()
    assert (refusal.value.code, refusal.value.status) == ("anonymous_provider_disabled", 422)

    async with served({"/auth/v1": Auth(database, keys, anonymous_sign_ins=True).routes}, keys) as url:
        guest = await client(url, keys.publishable_key, http)
        answer = await guest.auth.sign_in_anonymously()
        assert answer.user is not None
        assert answer.session is not None
        assert answer.user.is_anonymous
        assert answer.user.identities == []
        assert keys.verify(answer.session.access_token)["is_anonymous"] is True

        settled = await guest.auth.update_user({"email": somebody(), "password": PASSWORD})
        assert settled.user.id == answer.user.id
        assert not settled.user.is_anonymous
        assert settled.user.app_metadata["provider"] == "email"


async def test_the_admin_api_is_for_the_service_role(service: AsyncClient, anon: AsyncClient) -> None:
    email = somebody()
    made = await service.auth.admin.create_user(
        {"email": email, "password": PASSWORD, "email_confirm": True,
         "user_metadata": {"username": "robin"}, "app_metadata": {"is_demo": True}}
    )  # fmt: skip
    assert made.user.app_metadata == {"provider": "email", "providers": ["email"], "is_demo": True}
    assert made.user.user_metadata == {"username": "robin", "email_verified": True}
    assert (await anon.auth.sign_in_with_password({"email": email, "password": PASSWORD})).session is not None

    with pytest.raises(AuthApiError) as refusal:
        await service.auth.admin.create_user({"email": email, "password": PASSWORD})
    assert (refusal.value.code, refusal.value.status) == ("email_exists", 422)
    with pytest.raises(AuthApiError) as refusal:
        await anon.auth.admin.list_users()
    assert (refusal.value.code, refusal.value.status) == ("not_admin", 403)

    listed = await service.auth.admin.list_users(page=1, per_page=1)
    assert [user.email for user in listed] == [email]
    renamed = await service.auth.admin.update_user_by_id(
        made.user.id, {"user_metadata": {"username": None, "city": "Turin"}}
    )
    assert renamed.user.user_metadata == {"email_verified": True, "city": "Turin"}

    await service.auth.admin.delete_user(made.user.id)
    with pytest.raises(AuthApiError) as refusal:
        await service.auth.admin.get_user_by_id(made.user.id)
    assert (refusal.value.code, refusal.value.status) == ("user_not_found", 404)


async def test_bans_unconfirmed_addresses_and_soft_deletes_keep_people_out(
    service: AsyncClient, raw: httpx.AsyncClient, database: Database
) -> None:
    email = somebody()
    account = {"email": email, "password": PASSWORD}
    made = await service.auth.admin.create_user({"email": email, "password": PASSWORD})

    async def sign_in() -> httpx.Response:
        return await raw.post("/token?grant_type=password", json=account)

    await refused(await sign_in(), 400, "email_not_confirmed")
    await service.auth.admin.update_user_by_id(made.user.id, {"email_confirm": True, "ban_duration": "1h30m"})
    await refused(await sign_in(), 400, "user_banned")
    await service.auth.admin.update_user_by_id(made.user.id, {"ban_duration": "none"})
    assert (await sign_in()).status_code == 200
    with pytest.raises(AuthApiError, match="ban duration"):
        await service.auth.admin.update_user_by_id(made.user.id, {"ban_duration": "soon"})
    await service.auth.admin.delete_user(made.user.id, should_soft_delete=True)
    await refused(await sign_in(), 400, "invalid_credentials")
    assert await database.admin.fetchval("select deleted_at is not null from auth.users where id = $1", made.user.id)


async def test_the_list_of_accounts_is_paged_and_searched(
    raw: httpx.AsyncClient, service: AsyncClient, keys: Keys
) -> None:
    mark = uuid4().hex[:10]
    for number in range(3):
        await service.auth.admin.create_user({"email": f"{number}-{mark}@starling.test"})
    headers = {"authorization": f"Bearer {keys.secret_key}"}

    first = await raw.get("/admin/users", params={"per_page": 2, "filter": mark}, headers=headers)
    last = await raw.get("/admin/users", params={"per_page": 2, "page": 2, "filter": mark}, headers=headers)

    assert [user["email"][0] for user in first.json()["users"] + last.json()["users"]] == ["2", "1", "0"]
    assert first.headers["x-total-count"] == "3"
    assert first.headers["link"] == (
        '</auth/v1/admin/users?page=2&per_page=2>; rel="next", </auth/v1/admin/users?page=2&per_page=2>; rel="last"'
    )
    await refused(await raw.get("/admin/users", params={"page": "-1"}, headers=headers), 400, "validation_failed")
    everything = await raw.get("/admin/users", params={"filter": "100%_" + mark}, headers=headers)
    assert everything.json()["users"] == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/otp", 422, "otp_disabled"),
        ("POST", "/recover", 422, "email_provider_disabled"),
        ("GET", "/authorize?provider=github", 400, "validation_failed"),
        ("POST", "/sso", 404, "saml_provider_disabled"),
        ("POST", "/factors", 422, "mfa_totp_enroll_not_enabled"),
        ("GET", "/admin/users/1/factors", 422, "mfa_totp_enroll_not_enabled"),
        ("DELETE", "/admin/users/1/factors/2", 404, "mfa_factor_not_found"),
        ("GET", "/user/oauth/grants", 404, "feature_disabled"),
        ("POST", "/token?grant_type=pkce", 404, "flow_state_not_found"),
        ("POST", "/token?grant_type=dance", 400, "invalid_credentials"),
        ("POST", "/admin/generate_link", 422, "email_provider_disabled"),
        ("GET", "/nowhere", 404, "not_found"),
    ],
)
async def test_what_is_missing_says_so(raw: httpx.AsyncClient, method: str, path: str, status: int, code: str) -> None:
    await refused(await raw.request(method, path, json={}), status, code)


async def test_settings_health_and_keys(raw: httpx.AsyncClient) -> None:
    settings = (await raw.get("/settings")).json()
    assert settings["external"]["email"] is True
    assert settings["external"]["github"] is False
    assert settings["mailer_autoconfirm"] is True
    assert (await raw.get("/health")).json()["name"] == "GoTrue"
    assert (await raw.get("/.well-known/jwks.json")).json() == {"keys": []}


async def test_too_many_sign_ins_from_one_address(database: Database, keys: Keys) -> None:
    async with (
        served({"/auth/v1": Auth(database, keys, sign_ins=2).routes}, keys) as url,
        httpx.AsyncClient(base_url=f"{url}/auth/v1") as raw,
    ):
        attempts = [
            await raw.post("/token?grant_type=password", json={"email": "x@y.z", "password": "x"}) for _ in range(3)
        ]
        assert [attempt.status_code for attempt in attempts] == [400, 400, 429]
        await refused(attempts[-1], 429, "over_request_rate_limit")
        assert (await raw.post("/token?grant_type=refresh_token", json={"refresh_token": "x"})).status_code == 400


def test_a_rate_limit_recovers_with_time_and_forgets_whom_it_has_not_seen() -> None:
    now = 0.0
    limit = RateLimit(2, clock=lambda: now)
    limit.take("here")
    limit.take("here")
    limit.take("there")
    with pytest.raises(Refusal):
        limit.take("here")
    now += WINDOW_S / 2
    limit.take("here")
    with pytest.raises(Refusal):
        limit.take("here")
