"""Families: what is entered is announced, and every family of reference 5 follows what it is read from."""

from __future__ import annotations

import asyncpg

from state.sync import families
from state.sync.families import FAMILIES, families_of

REFERENCE_5 = (
    "tasks",
    "task-status-counts",
    "unified-generations",
    "shots",
    "unpositioned-count",
    "project-video-counts",
)
BOARD = {"projects", "shots", "tasks"}  # the board's tables, entered ahead of it


async def test_whatever_is_entered_is_announced(db: asyncpg.Connection):
    rows = await db.fetch(
        "select tgrelid::regclass::text as name from pg_trigger where tgname = 'announce_insert' and not tgisinternal"
    )
    announced = {row["name"].removeprefix("public.") for row in rows}
    assert set(FAMILIES) - announced <= BOARD, "nothing would tell of their changes"


def test_a_task_concerns_everything_that_reference_5_lets_follow_it():
    assert set(families_of("tasks")) == set(REFERENCE_5)


def test_every_family_is_told_of_in_the_table_of_keys_and_is_some_tables():
    told = {line.split("`")[1] for line in (families.__doc__ or "").splitlines() if line.startswith("| `")}
    assert told == {family for concerned in FAMILIES.values() for family in concerned}


def test_a_table_that_nobody_has_entered_is_its_own_family():
    assert families_of("instruments") == ("instruments",)
