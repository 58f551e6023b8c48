"""The mail server that letters are handed to, over SMTP; one connection for many of them.

A letter is handed over between the server's yes to its recipient and its text. Until then an error changes nothing, and
it is tried again; with the text on its way and no answer, it may have arrived: then it never is.

PostError
├── Later      not now: it has certainly not arrived
├── Bounced    the server refuses the letter for good
├── Turned     the server does not want us at all: no letter's fault
└── Doubtful   no answer to the text: it may have arrived
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPRecipientRefused, SMTPResponseException

from worker.letter import POLICY

TIMEOUT_S = 20.0
MAILBOX = frozenset({550, 551, 553})  # what says that there is no such mailbox, where nothing more is said
NOBODY = re.compile(r"5\.1\.([0-6]|10)\b|5\.2\.1\b")  # RFC 3463: the address is wrong, or the mailbox closed
ENHANCED = re.compile(r"5\.\d+\.\d+\b")


class PostError(Exception):
    """A letter that was not taken; the text says why."""


class Later(PostError):
    """Not now: it has certainly not arrived."""


class Bounced(PostError):
    """Refused for good. `gone`: because there is nobody of that address, and not for what it says or who sends it."""

    def __init__(self, said: str, *, gone: bool) -> None:
        super().__init__(said)
        self.gone = gone


class Turned(PostError):
    """The server wants nothing of ours."""


class Doubtful(PostError):
    """It may have arrived."""


class PostOffice:
    """`url`: smtp://user:password@host:port, which turns to TLS where the server can, or smtps:// for TLS from the start."""

    def __init__(self, url: str, sender: str, *, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        self.sender = sender
        self._secure = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._secure else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._timeout_s = timeout_s

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Counter]:
        """A connection. Raises Later when there is none to be had."""
        smtp = aiosmtplib.SMTP(
            hostname=self._host, port=self._port, use_tls=self._secure, timeout=self._timeout_s,
            username=self._user, password=self._password,
        )  # fmt: skip
        try:
            await smtp.connect()
        except (SMTPException, OSError) as error:
            smtp.close()
            raise Later(f"The mail server does not answer: {_said(error)}") from error
        try:
            yield Counter(smtp, self.sender)
        finally:
            with suppress(SMTPException, OSError):
                await smtp.quit(timeout=1)
            smtp.close()


class Counter:
    """An open connection."""

    def __init__(self, smtp: SMTP, sender: str) -> None:
        self._smtp = smtp
        self._sender = sender

    @property
    def open(self) -> bool:
        """False: the server has hung up."""
        return self._smtp.is_connected

    async def send(self, message: EmailMessage, to: str, hand_over: Callable[[], Awaitable[bool]]) -> bool:
        """Hands a letter over, if `hand_over` says so when the server is ready for it; whether it did. Raises PostError."""
        try:
            await self._smtp.mail(self._sender)
            await self._smtp.rcpt(to)
        except SMTPResponseException as error:
            await self._forget()
            raise _refusal(error) from error
        except (SMTPException, OSError) as error:
            raise Later(_said(error)) from error
        if not await hand_over():
            await self._forget()
            return False
        try:
            await self._smtp.data(message.as_bytes(policy=POLICY))
        except SMTPDataError as error:
            raise _refusal(error) from error
        except (SMTPException, OSError) as error:
            raise Doubtful(f"It may have arrived: {_said(error)}") from error
        return True

    async def _forget(self) -> None:
        with suppress(SMTPException, OSError):
            await self._smtp.rset()


def _refusal(error: SMTPResponseException) -> PostError:
    said = f"{error.code} {error.message}"[:300]
    if not 500 <= error.code < 600:
        return Later(said)
    if not isinstance(error, SMTPRecipientRefused | SMTPDataError):
        return Turned(said)
    gone = NOBODY.match(error.message) is not None if ENHANCED.match(error.message) else error.code in MAILBOX
    return Bounced(said, gone=gone)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")[:250]
