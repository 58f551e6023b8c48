"""Who may see which rows: the policies of a table, asked for many rows and many people in one round trip.

A row is looked up by its key as somebody, with their claims, as it is at that moment. `_embedded.see_rows`
(bootstrap.sql) does it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson

from embedded.database import Database
from embedded.keys import Claims
from embedded.realtime.changes.rows import Key
from embedded.realtime.changes.tables import Table

log = logging.getLogger(__name__)

LONGEST_S = 10.0
SEE_ROWS = "select n, seen, error from _embedded.see_rows($1::jsonb) order by n"


class Identity(NamedTuple):
    """Somebody, as far as a policy can tell people apart."""

    role: str
    claims: str  # JSON with sorted keys
    sub: str

    @classmethod
    def of(cls, claims: Claims) -> Identity:
        """Whose token said this."""
        said = orjson.dumps(claims, option=orjson.OPT_SORT_KEYS).decode()
        return cls(claims["role"], said, str(claims.get("sub", "")))


class Question(NamedTuple):
    """Which rows of a table somebody may see. Subscribers who are the same to a policy share one."""

    relation: int
    identity: Identity


async def visible(
    database: Database,
    asked: Mapping[Question, Iterable[Key]],
    tables: Mapping[int, Table],
) -> dict[Question, set[Key]]:
    """The keys that each may see. Raises what asyncpg raises, and TimeoutError."""
    if not asked:
        return {}
    keys = [list(dict.fromkeys(some)) for some in asked.values()]
    questions = [
        {
            "role": question.identity.role, "claims": question.identity.claims, "sub": question.identity.sub,
            "query": _look_up(tables[question.relation]), "keys": some,
        }
        for question, some in zip(asked, keys, strict=True)
    ]  # fmt: skip
    async with database.requests.acquire() as connection:
        answers = await connection.fetch(SEE_ROWS, orjson.dumps(questions).decode(), timeout=LONGEST_S)
    for question, answer in zip(asked, answers, strict=True):
        if answer["error"]:
            name = tables[question.relation].name
            log.info("%s sees nothing of %s: %s", question.identity.role, name, answer["error"])
    return {
        question: {some[number - 1] for number in answer["seen"]}
        for question, some, answer in zip(asked, keys, answers, strict=True)
    }


def _look_up(table: Table) -> str:
    """$1 holds keys; the numbers of those that are found.

    So that an index serves: a comparison passes row security to reach it only if it cannot fail, so values are cast
    before; and the limit, which takes nothing away, tells the planner how few keys there are.
    """
    values = "".join(f", (v->>{at})::{column.cast} as k{at}" for at, column in enumerate(table.key))
    same = " and ".join(f"t.{column.quoted} = k.k{at}" for at, column in enumerate(table.key))
    return (
        f"select coalesce(array_agg(k.n::int), '{{}}') from (select n{values}"
        " from jsonb_array_elements($1) with ordinality as x(v, n) limit jsonb_array_length($1)) as k"
        f" where exists (select from {table.name} t where {same})"
    )
