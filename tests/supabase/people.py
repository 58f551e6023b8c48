"""Who the database tells apart: a visitor, members, and the service; each speaks to it over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from embedded.stack import Address

AURORA = "5d3c1e0a-0001-4000-8000-000000000001"  # a model of seed.sql that makes pictures and clips
GOUACHE = "5d3c1e0a-0002-4000-8000-000000000002"  # one that makes pictures only
PASSWORD = "a good password"


@dataclass
class Person:
    """Somebody with a token. `id` is empty for those who are no member."""

    name: str
    token: str
    http: httpx.AsyncClient = field(repr=False)
    id: str = ""

    async def rest(
        self, method: str, path: str, body: Any = None, *, prefer: str = "", **headers: str
    ) -> httpx.Response:
        """One request to REST, answered however it is answered."""
        sent = {"Prefer": prefer, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await self.http.request(method, f"/rest/v1/{path}", json=body, headers=sent)

    async def rows(self, path: str) -> list[dict[str, Any]]:
        """What a GET shows, which must succeed."""
        answer = await self.rest("GET", path)
        assert answer.is_success, answer.text
        return answer.json()

    async def ask(self, function: str, **arguments: Any) -> httpx.Response:
        """Calls a function, answered however it is answered."""
        return await self.rest("POST", f"rpc/{function}", arguments)

    async def call(self, function: str, **arguments: Any) -> Any:
        """What a function gives back, which must succeed."""
        answer = await self.ask(function, **arguments)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def enqueue(self, **wishes: Any) -> dict[str, Any]:
        """Queues a job of theirs: a picture of a wren unless told otherwise."""
        wanted = {"job_id": str(uuid4()), "kind": "image", "prompt": "a wren", "model_id": AURORA, **wishes}
        return await self.call("enqueue_generation", **wanted)


def person(address: Address, name: str, key: str, token: str = "", id: str = "") -> Person:
    """Somebody who shows `token`, or no more than the key."""
    headers = {"apikey": key, "Authorization": f"Bearer {token or key}"}
    return Person(name, token or key, httpx.AsyncClient(base_url=address.api_url, headers=headers, timeout=30), id)


async def join(address: Address, name: str) -> Person:
    """A new member, who signs up as anybody would."""
    async with httpx.AsyncClient(base_url=address.api_url, headers={"apikey": address.publishable_key}) as http:
        account = {"email": f"{name}.{uuid4().hex[:8]}@starling.test", "password": PASSWORD}
        answer = await http.post("/auth/v1/signup", json=account)
    answer.raise_for_status()
    session = answer.json()
    return person(address, name, address.publishable_key, session["access_token"], str(UUID(session["user"]["id"])))


async def leave(member: Person, service: Person) -> None:
    """Closes a member's account, with all that is theirs."""
    answer = await service.http.delete(f"/auth/v1/admin/users/{member.id}")
    assert answer.is_success, answer.text


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """Asserts how a request was turned down."""
    said = answer.json() if answer.content else {}
    assert (answer.status_code, said.get("code")) == (status, code), answer.text
