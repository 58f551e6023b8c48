"""The demo members, made through the stack's own Admin API like any other account."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from embedded.errors import StackError

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
    """Makes those of PEOPLE that have no account yet; returns their addresses. Raises StackError.

    `is_demo` is app metadata: nobody can claim it by signing up.
    """
    api = httpx.AsyncClient(
        base_url=f"{api_url}/auth/v1", headers={"apikey": secret_key, "authorization": f"Bearer {secret_key}"},
        timeout=TIMEOUT_S, trust_env=False,  # no proxy for our own loopback address
    )  # fmt: skip
    try:
        async with api:
            existing = (await api.get("/admin/users?page=1&per_page=1000")).raise_for_status().json()["users"]
            known = {user["email"] for user in existing}
            missing = [person for person in PEOPLE if person.email not in known]
            for answer in await asyncio.gather(*(api.post("/admin/users", json=_account(one)) for one in missing)):
                if answer.status_code != 422:  # 422: it exists, beyond the first thousand accounts
                    answer.raise_for_status()
    except httpx.HTTPError as error:
        raise StackError(f"The demo members could not be made: {error!r}") from error
    return [person.email for person in missing]


def _account(person: Person) -> dict[str, Any]:
    return {
        "email": person.email,
        "password": PASSWORD,
        "email_confirm": True,
        "user_metadata": {"username": person.name, "display_name": person.display_name, "colour": person.colour},
        "app_metadata": {"is_demo": True},
    }
