"""schemathesis asks what the OpenAPI document allows, and what it does not: nothing breaks, and every answer is as written."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api import build
from state.starling import Starling
from tests.state.support import settings_of
from tests.supabase.people import Person, join, leave, person

if TYPE_CHECKING:
    from embedded.stack import Address

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))  # of each operation, once right and once wrong
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]


@pytest.fixture
async def ada(supabase: Address) -> AsyncIterator[Person]:
    service = person(supabase, "service", supabase.secret_key)
    somebody = await join(supabase, "ada")
    await somebody.call("create_team", team_id="5d3c1e0a-7000-4000-8000-00000000abcd", name="Fuzz")
    yield somebody
    await leave(somebody, service)
    await somebody.http.aclose()
    await service.http.aclose()


@pytest.fixture
async def address(supabase: Address, tmp_path: Path) -> AsyncIterator[str]:
    """The API by itself, on a port of its own."""
    root = Starling(settings_of(supabase, tmp_path))
    api = build(root)
    api.state.callers.per_minute = 100_000
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(api, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve([listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving
    await root.project.close()


async def test_nothing_that_can_be_asked_breaks_it(address: str, ada: Person) -> None:
    asked: dict[str, set[int]] = {}

    def ask(operation: Any, mode: GenerationMode) -> None:
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.filter_too_much,
                HealthCheck.data_too_large,
                HealthCheck.large_base_example,
            ],
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def each(case: Any) -> None:
            response = case.call(base_url=address, headers={"Authorization": f"Bearer {ada.token}"})
            asked.setdefault(operation.label, set()).add(response.status_code)
            case.validate_response(response, checks=CHECKS)

        each()

    def ask_all() -> None:
        for found in schemathesis.openapi.from_url(f"{address}/openapi.json").get_all_operations():
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                ask(found.ok(), mode)  # type: ignore[union-attr]

    await asyncio.to_thread(ask_all)
    assert len(asked) == 7
    assert {200, 201, 404} <= set.union(*asked.values()), asked
