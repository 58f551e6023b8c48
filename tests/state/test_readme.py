"""state/README.md: its example runs, its map is whole, and every name in it is one of the code's."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from state.api import Project
from state.live_log import PREFIXES
from state.realtime.connection import Connection
from state.realtime.presence import Presence
from state.realtime.typing import Typing
from tests.state.support import PASSWORD, Account, add_generations, until

if TYPE_CHECKING:
    from embedded.stack import Address

ROOT = Path(__file__).parents[2]
STATE = ROOT / "state"
TEXT = (STATE / "README.md").read_text()
ROOM = "room:studio"
LINES = 60  # of the example, without its imports

# How the middle column of the mapping tables names something: `Name`, `Name.part`, `CONSTANT` or a path.
NAME = re.compile(r"[A-Z]\w+(?:\.\w+)?|[a-z]\w*\(\)")
FILE = re.compile(r"[\w/]+\.(?:py|js|css|md)")
VARIABLE = re.compile(r"(?:STARLING|SUPABASE|PROGRESS)_\w+")


def example() -> str:
    """The one Python block."""
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    return block


async def run(*arguments: str, folder: Path, supabase: Address) -> tuple[int | None, str]:
    """A Python process in `folder`: its exit status, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={
            **os.environ, "PYTHONPATH": str(ROOT),
            "SUPABASE_URL": supabase.api_url, "SUPABASE_PUBLISHABLE_KEY": supabase.publishable_key,
        },
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, output.decode()


async def test_the_example_runs(
    supabase: Address,
    project: Project,
    db: asyncpg.Connection,
    account: Callable[[], Awaitable[Account]],
    tmp_path: Path,
):
    """As a process of its own, as a reader would start it; somebody else in the room sees what it says it does."""
    reader, other = await account(), await account()
    await add_generations(db, reader.id, 2)
    before = await db.fetch("select id, favourite, visibility from generations where owner_id = $1", reader.id)
    connection = Connection(project.realtime_url, project.key, other.identity)
    room = Presence(connection, ROOM, other.id)
    typing = Typing(connection, ROOM, other.id, known=lambda who: who in room.people)
    seen: set[str] = set()
    room.changed.subscribe(lambda: seen.add("here") if reader.id in room.people else None)
    typing.on_change(lambda: seen.add("writing") if reader.id in typing.typists else None)
    for part in (connection, room, typing):
        part.open()
    room.show("online", 1, datetime.now(UTC))
    await until(lambda: other.id in room.people, "the other one is in the room")

    (tmp_path / "example.py").write_text(example())
    try:
        status, output = await run("example.py", reader.email, PASSWORD, folder=tmp_path, supabase=supabase)
    finally:
        for part in (typing, room, connection):
            await part.close()

    assert status == 0, output
    said = output.splitlines()
    assert seen == {"here", "writing"}
    assert "connection: live" in said
    assert "rows: +2 ~0 -0" in said  # the first batch
    assert [line for line in said if line.startswith("favourites:")] == [f"favourites: {n}" for n in (0, 1, 0)]
    assert "here: 2" in said
    assert any(line.startswith("refused: ") and "visibility" in line for line in said)
    assert said.index("rows: +0 ~0 -1") < said.index("rows: +1 ~0 -0")  # vanished, and was brought back
    assert re.fullmatch("(good|fair|poor): generations relaxed, asked for every 30 s", said[-2])
    assert said[-1] == "connection: closed"
    after = await db.fetch("select id, favourite, visibility from generations where owner_id = $1", reader.id)
    assert sorted(before) == sorted(after)


def test_the_example_is_short():
    tree = ast.parse(example())
    imports = {
        number
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for number in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    lines = [line for number, line in enumerate(example().splitlines(), 1) if line.strip() and number not in imports]
    assert len(lines) <= LINES


def test_the_map_names_every_module():
    there = {
        str(file.relative_to(STATE)) for file in STATE.rglob("*.py") if file.name not in ("__init__.py", "__main__.py")
    }
    (part,) = re.findall(r"## The folder\n(.*?)\n## ", TEXT, re.DOTALL)
    named = re.findall(r"^\| `([\w/]+\.py)` \|", part, re.MULTILINE)
    assert sorted(named) == sorted(there)


@cache
def defined_in(module: str) -> set[str]:
    """Its classes and what they have, its functions and constants: `Name`, `Name.part`, `name()`."""
    names: set[str] = set()
    file = next(path for path in (STATE / module, ROOT / module) if path.exists())
    for node in ast.parse(file.read_text()).body if file.suffix == ".py" else []:
        match node:
            case ast.ClassDef():
                names |= {node.name, *(f"{node.name}.{part}" for part in parts(node))}
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                names.add(f"{node.name}()")
            case ast.Assign() | ast.AnnAssign():
                names |= {target.id for target in targets(node) if isinstance(target, ast.Name)}
    return names


def targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def parts(of: ast.ClassDef) -> set[str]:
    """Methods, fields, and what is set on `self`."""
    found: set[str] = set()
    for node in ast.walk(of):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.add(node.name)
            case ast.Assign() | ast.AnnAssign():
                for target in targets(node):
                    if isinstance(target, ast.Name):
                        found.add(target.id)
                    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                        found.add(target.attr)
    return found


@cache
def written() -> str:
    """All that the code says."""
    folders = ("state", "components", "pages", "worker", "supabase/migrations", "tests/state", "tests/browser")
    files = [
        file for folder in folders for file in (ROOT / folder).glob("**/*") if file.suffix in (".py", ".sql", ".js")
    ]
    return "\n".join(file.read_text() for file in files if file.name != Path(__file__).name)


def is_real(name: str, modules: list[str]) -> bool:
    """Whether what the middle column names is there: in one of `modules`, if it is Python's."""
    if VARIABLE.fullmatch(name):
        return f"`{name}`" in (ROOT / "README.md").read_text()
    if NAME.fullmatch(name) and name not in PREFIXES.values():
        return any(name in defined_in(module) for module in modules)
    if FILE.fullmatch(name):
        return (ROOT / name).is_file() or any(STATE.rglob(name))
    return name.removeprefix("python -m ") in written() or (ROOT / name).exists()


def mapped() -> list[tuple[str, str, list[str]]]:
    """The rows of all mapping tables: there, here, in which modules."""
    lines = re.findall(r"^\| (.*) \|$", TEXT.partition("## What replaces what")[2], re.MULTILINE)
    found = [line.split(" | ") for line in lines]
    assert [row for row in found if len(row) != 3] == []
    return [(there, here, quoted(modules)) for there, here, modules in found if there != "there"]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_every_module_that_the_tables_name_is_there():
    modules = {module for *_, modules in mapped() for module in modules}
    assert {module for module in modules if not ((STATE / module).exists() or (ROOT / module).exists())} == set()


def test_every_name_is_where_the_tables_say():
    assert len(mapped()) > 150
    invented = {
        (name, *modules) for _, here, modules in mapped() for name in quoted(here) if not is_real(name, modules)
    }
    assert invented == set()


def test_the_words_before_the_tables_are_true_too():
    before = TEXT.partition("## The folder")[0].rpartition("```")[2]
    before += TEXT.partition("## What replaces what")[2].partition("### ")[0]
    modules = [str(file.relative_to(STATE)) for file in STATE.rglob("*.py")]
    named = [name for name in quoted(before) if NAME.fullmatch(name)]
    assert len(named) > 10
    assert [name for name in named if not is_real(name, modules)] == []
