"""Cutting scripts as the official CLI does (test_cli.py compares the two on the project's own migrations)."""

from __future__ import annotations

import pytest

from embedded.statements import split


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("select 1; select 2", ["select 1", "select 2"]),
        ("select 1;;\n;", ["select 1"]),
        ("-- one; two\nselect 1;", ["-- one; two\nselect 1"]),
        ("select 1;\n-- the end\n", ["select 1", "-- the end"]),
        ("/* a; /* b; */ c; */ select 1; select 2", ["/* a; /* b; */ c; */ select 1", "select 2"]),
        ("select 'a;''b', \"x;\"\"y\"; select 2", ["select 'a;''b', \"x;\"\"y\"", "select 2"]),
        ("select e'it\\'s;'; select 2", ["select e'it\\'s;'", "select 2"]),
        ("select 'back\\'; select 2", ["select 'back\\'", "select 2"]),
        ("do $$ begin; end $$; select 2", ["do $$ begin; end $$", "select 2"]),
        ("select $a$ ; $$ ; $b$ ; $a$; select 2", ["select $a$ ; $$ ; $b$ ; $a$", "select 2"]),
        ("begin; select 1; end;", ["begin", "select 1", "end"]),
    ],
)
def test_a_script_is_cut_at_its_own_semicolons(script: str, statements: list[str]) -> None:
    assert split(script) == statements


def test_a_body_without_quotes_is_one_statement() -> None:
    body = "create function f(a int) returns int begin atomic select case when a > 1 then 2 else 3 end; select 4; end"
    assert split(f"{body}; select 2;") == [body, "select 2"]
