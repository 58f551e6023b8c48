"""Requests of any bytes at all, put to an ASGI application without a client that would tidy them up first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def everything(self) -> bytes:
        """Body and headers, to be searched for what must be in neither."""
        return self.body + b"".join(f"\n{name}: {value}".encode("latin-1") for name, value in self.headers.items())


async def ask(
    app: ASGIApp, method: str, path: str, *, query: bytes = b"", headers: Sequence[tuple[str, str]] = (), body: bytes = b"",
    client: str = "127.0.0.1",
) -> Answer:  # fmt: skip
    """One request; `path` is decoded already, as a server hands it on. Raises what the application raises."""
    answer, sent = Answer(), False
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(errors="replace"), "query_string": query, "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers],
        "client": (client, 1), "server": ("127.0.0.1", 2), "state": {},
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, send)
    return answer
