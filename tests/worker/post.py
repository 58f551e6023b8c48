"""A mail server of the tests' own, on any free port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session


class Server:
    """Knows nobody whose address begins with `nobody`, is busy for those with `busy`, wants no text for `spam` and relays
    nothing to `relay`, and takes the text for `silent` without a word. `port` stays the same when it is away."""

    def __init__(self) -> None:
        self.port = 0
        self.messages: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.busy = True
        self.knows_us = True
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def recipients(self) -> list[str]:
        return [str(message["X-RcptTo"] or message["To"].addresses[0].addr_spec) for message in self.messages]

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, hostname="localhost"), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        if not self.knows_us:
            return "553 5.7.1 sender address rejected: not owned by you"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("relay"):
            return "550 5.7.1 unable to relay"
        if address.startswith("busy") and self.busy:
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = cast("bytes", envelope.content)
        self.raw.append(content)
        self.messages.append(cast("EmailMessage", message_from_bytes(content, policy=default)))
        if envelope.rcpt_tos[0].startswith("spam"):
            return "554 5.7.1 not wanted"
        if envelope.rcpt_tos[0].startswith("silent"):
            cast("asyncio.Transport", server.transport).abort()
        return "250 taken"


@asynccontextmanager
async def mail_server() -> AsyncIterator[Server]:
    server = Server()
    await server.open()
    try:
        yield server
    finally:
        await server.close()
