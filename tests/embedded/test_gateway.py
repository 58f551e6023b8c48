"""What the gateway does before and after a service sees a request."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import httpx
import jwt
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from embedded.gateway import MAX_BODY_BYTES, create_app
from embedded.keys import Keys

KEYS = Keys.create()
MEMBER = KEYS.sign({"role": "authenticated", "sub": "someone", "exp": 4102444800})


async def token(request: Request) -> Response:
    """Answers with the token that the request acts with."""
    return JSONResponse({"token": request.state.token, "request": request.state.request_id})


async def size(request: Request) -> Response:
    return JSONResponse(len(await request.body()))


async def fail(request: Request) -> Response:
    raise RuntimeError("secret detail")


async def database_away(request: Request) -> Response:
    raise ConnectionRefusedError


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    routes = [
        Route("/token", token),
        Route("/size", size, methods=["POST"]),
        Route("/fail", fail),
        Route("/away", database_away),
        Route("/object/{path:path}", token, methods=["GET", "POST"]),
        Route("/health", token),
    ]
    services: dict[str, list[Route]] = dict.fromkeys(("/auth/v1", "/rest/v1", "/storage/v1"), routes)
    transport = httpx.ASGITransport(create_app(KEYS, services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://stack") as open_client:
        yield open_client


@pytest.mark.parametrize(
    ("headers", "query", "acts_with"),
    [
        ({"apikey": KEYS.publishable_key}, "", KEYS.anon_key),
        ({"apikey": KEYS.secret_key}, "", KEYS.service_role_key),
        ({"apikey": KEYS.anon_key}, "", KEYS.anon_key),
        ({}, f"?apikey={KEYS.publishable_key}", KEYS.anon_key),
        ({"apikey": KEYS.publishable_key, "authorization": f"Bearer {MEMBER}"}, "", MEMBER),
        ({"apikey": KEYS.secret_key, "authorization": f"Bearer {KEYS.secret_key}"}, "", KEYS.service_role_key),
        ({"authorization": f"Bearer {KEYS.publishable_key}"}, "", KEYS.anon_key),
        ({"authorization": f"bearer {MEMBER}"}, "", MEMBER),
        # A bad bearer beside a good key is for the service to refuse, in its own words.
        ({"apikey": KEYS.publishable_key, "authorization": "Bearer nonsense"}, "", "nonsense"),
    ],
    ids=range(9),  # a key that is made anew in every process is no name
)
async def test_a_request_acts_with_its_bearer_or_else_its_key(
    client: httpx.AsyncClient, headers: dict[str, str], query: str, acts_with: str
) -> None:
    answer = await client.get(f"/rest/v1/token{query}", headers=headers)
    assert (answer.status_code, answer.json()["token"]) == (200, acts_with)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "No API key found in request"),
        ({"apikey": ""}, "No API key found in request"),
        ({"apikey": "sb_publishable_other"}, "Invalid API key"),
        ({"apikey": jwt.encode({"role": "anon", "exp": 4102444800}, "x" * 40)}, "Invalid API key"),
        ({"authorization": "Bearer nonsense"}, "Invalid API key"),
        ({"apikey": KEYS.sign({"role": "anon", "exp": 1})}, "Invalid API key"),
    ],
)
async def test_without_a_good_key_nothing_passes(
    client: httpx.AsyncClient, headers: dict[str, str], message: str
) -> None:
    for path in ("/rest/v1/token", "/auth/v1/token", "/storage/v1/object/media/x", "/nowhere"):
        answer = await client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["message"]) == (401, message)
        assert answer.json()["hint"]


@pytest.mark.parametrize(
    "path",
    ["/auth/v1/health", "/storage/v1/object/public/avatars/a.png", "/storage/v1/object/sign/media/a.png?token=x"],
)
async def test_public_paths_act_as_anon(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).json()["token"] == KEYS.anon_key


async def test_browsers_of_any_origin_may_ask(client: httpx.AsyncClient) -> None:
    asked = {
        "origin": "https://elsewhere",
        "access-control-request-method": "PATCH",
        "access-control-request-headers": "apikey,prefer",
    }
    preflight = await client.options("/rest/v1/token", headers=asked)
    assert preflight.status_code == 204
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "apikey,prefer"
    for headers in ({}, {"apikey": KEYS.anon_key}):
        answer = await client.get("/rest/v1/token", headers=headers)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "Content-Range" in answer.headers["access-control-expose-headers"]


async def test_what_is_not_there(client: httpx.AsyncClient) -> None:
    for path in ("/nowhere", "/rest/v1/nowhere", "/rest/v1"):
        answer = await client.get(path, headers={"apikey": KEYS.anon_key})
        assert (answer.status_code, answer.json()) == (404, {"message": "no Route matched with those values"})


async def test_too_large_a_body_is_refused_with_and_without_its_length(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 1_000_000

    for body in (b"x" * (MAX_BODY_BYTES + 1), chunks()):
        answer = await client.post("/rest/v1/size", content=body, headers={"apikey": KEYS.anon_key})
        assert (answer.status_code, answer.json()["message"]) == (413, "Request size limit exceeded")
    whole = await client.post("/rest/v1/size", content=b"x" * MAX_BODY_BYTES, headers={"apikey": KEYS.anon_key})
    assert whole.json() == MAX_BODY_BYTES


async def test_failures_tell_nothing_and_a_missing_database_asks_to_try_again(client: httpx.AsyncClient) -> None:
    failed = await client.get("/rest/v1/fail", headers={"apikey": KEYS.anon_key})
    assert (failed.status_code, failed.json()) == (500, {"message": "An unexpected error occurred"})
    away = await client.get("/rest/v1/away", headers={"apikey": KEYS.anon_key})
    assert away.status_code == 503


async def test_one_log_line_a_request_without_secrets(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "embedded.requests"):
        headers = {"authorization": f"Bearer {MEMBER}"}
        answer = await client.get(f"/rest/v1/token?apikey={KEYS.secret_key}&select=secret", headers=headers)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "embedded.requests"]
    assert line.startswith("GET /rest/v1/token 200 ")
    assert answer.headers["sb-request-id"] == answer.json()["request"]
    assert answer.headers["sb-request-id"] in line
    for secret in (KEYS.secret_key, MEMBER, "select"):
        assert secret not in line


@pytest.mark.parametrize("name", ["sb-request-id", "x-request-id"])
async def test_a_request_keeps_the_id_that_its_client_gave_it(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    with caplog.at_level(logging.INFO, "embedded.requests"):
        for given, kept in (("a-1.b_2", True), ("", False), ("x" * 65, False), ("a b", False), ("a;b", False)):
            answer = await client.get("/rest/v1/token", headers={"apikey": KEYS.anon_key, name: given})
            request_id = answer.headers["sb-request-id"]
            assert (request_id == given) is kept
            assert answer.json()["request"] == request_id
            assert caplog.messages[-1].endswith(f" {request_id}")


async def test_a_path_cannot_forge_a_line_of_the_log(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "embedded.requests"):
        await client.get("/rest/v1/x%0AGET%20/forged%20200", headers={"apikey": KEYS.anon_key})
    assert caplog.messages[-1].startswith("GET /rest/v1/x%0AGET%20/forged%20200 404 ")
