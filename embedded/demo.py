"""The demo members, made through the stack's own Admin API like any other account."""

from __future__ import annotations

import asyncio
import json
import logging
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)

PASSWORD = "starling-demo"
DOMAIN = "starling.demo"
TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Person:
    """A demo member; `name` is also the local part of the address."""

    name: str
    display_name: str
    colour: str

    @property
    def email(self) -> str:
        """What they sign in with."""
        return f"{self.name}@{DOMAIN}"


PEOPLE = (
    Person("ada", "Ada Lovelace", "#d0c4ff"),
    Person("grace", "Grace Hopper", "#9bdcff"),
    Person("katherine", "Katherine Johnson", "#ffd6a5"),
    Person("margaret", "Margaret Hamilton", "#c3f0ca"),
)


async def create_people(api_url: str, secret_key: str) -> list[str]:
    """Makes those of PEOPLE that have no account yet; returns their addresses.

    `is_demo` is app metadata: nobody can claim it by signing up.
    """
    existing = await asyncio.to_thread(_call, api_url, secret_key, "GET", "/admin/users?page=1&per_page=1000", None)
    known = {user["email"] for user in existing["users"]}
    missing = [person for person in PEOPLE if person.email not in known]
    await asyncio.gather(*(asyncio.to_thread(_create, api_url, secret_key, person) for person in missing))
    return [person.email for person in missing]


def _create(api_url: str, secret_key: str, person: Person) -> None:
    account = {
        "email": person.email,
        "password": PASSWORD,
        "email_confirm": True,
        "user_metadata": {"username": person.name, "display_name": person.display_name, "colour": person.colour},
        "app_metadata": {"is_demo": True},
    }
    try:
        _call(api_url, secret_key, "POST", "/admin/users", account)
    except urllib.error.HTTPError as error:
        if error.code != 422:  # 422: it exists, beyond the first thousand accounts
            raise


def _call(api_url: str, secret_key: str, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{api_url}/auth/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"apikey": secret_key, "authorization": f"Bearer {secret_key}", "content-type": "application/json"},
    )
    # No proxy of the environment for our own loopback address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=TIMEOUT_S) as response:
        return json.load(response)
