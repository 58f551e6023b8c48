"""What tests share: one real Supabase for the whole run, in a temporary folder."""

from __future__ import annotations

import gc
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import pytest
from hypothesis import settings

from embedded.bootstrap import bootstrap, requests_dsn
from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import SETTINGS, Postgres

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

    from embedded.stack import Address, Stack

PROJECT = Path(__file__).parents[1]

# A busy machine is no finding; and what CI finds, everybody shall find again.
settings.register_profile("starling", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("starling")


def pytest_configure(config: pytest.Config) -> None:
    """Makes cheap what every test pays for and none is about."""
    # Nobody here speaks TLS: one authority instead of all those in the world, which every HTTP client reads for 25 ms.
    one = re.search(r"-----BEGIN.*?-----END CERTIFICATE-----\n", certifi.contents(), re.DOTALL)
    file = Path(tempfile.mkdtemp(prefix="starling-tests-")) / "authority.pem"
    file.write_text(one[0] if one else "")
    config.add_cleanup(partial(shutil.rmtree, file.parent))
    os.environ["SSL_CERT_FILE"] = str(file)


def pytest_collection_finish() -> None:
    settle()


def settle() -> None:
    """What is there now stays, and nobody looks through it for garbage again: NiceGUI does so twice for each page's test,
    which was a third of what that took."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: tests wait as much as they work, so one more than there are cores; and not more than memory is sure to
    hold."""
    return min((os.cpu_count() or 1) + 1, 4)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    if config.getoption("dist") != "load":
        return None  # somebody knows better
    from tests.sharing import Sharing

    return Sharing(config, log)


@pytest.fixture(scope="session")
def cheap_passwords() -> Iterator[None]:
    """Hundreds of people are made for tests, and each password would take 60 ms of a processor, twice."""
    from embedded.auth import passwords

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", 4)  # the least that bcrypt can
        yield


@pytest.fixture(scope="session")
async def supabase(tmp_path_factory: pytest.TempPathFactory, cheap_passwords: None) -> AsyncIterator[Address]:
    """The whole stack with the project's migrations and the demo members: its address and keys."""
    from embedded.stack import Stack  # only for those who need it: importing all services takes a moment

    stack = Stack(tmp_path_factory.mktemp("supabase"), migrations=PROJECT / "supabase", with_demo=True)
    yield await start(stack)
    await stack.stop()


async def start(stack: Stack) -> Address:
    """Starts a stack that forgets everything when the power is cut, which no test does: 4 ms less for each write."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SETTINGS, "fsync", "off")
        return await stack.start()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The keys of `postgres` and `database`."""
    return Keys.load_or_create(tmp_path_factory.mktemp("keys") / "keys.json")


@pytest.fixture(scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> AsyncIterator[Postgres]:
    """A Postgres with bootstrap.sql and no migrations."""
    server = Postgres(tmp_path_factory.mktemp("postgres"), admin_password=keys.admin_password)
    await server.start()
    await bootstrap(server, keys)
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def database(postgres: Postgres, keys: Keys) -> AsyncIterator[Database]:
    """The pools over `postgres`."""
    pools = await Database.connect(requests_dsn(postgres, keys), postgres.dsn())
    yield pools
    await pools.close()
