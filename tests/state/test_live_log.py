"""LiveLog: G1 to G4."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import jwt
import pytest

from state.live_log import HIDDEN, MAX_LINES, PREFIXES, Discreet, LiveLog, owner_of, prefix_of, redact

STATE = Path(__file__).parents[2] / "state"
TOKEN = jwt.encode({"sub": "somebody"}, "a secret that nobody knows at all", algorithm="HS256")


@pytest.fixture
def log() -> Iterator[LiveLog]:
    made = LiveLog()
    made.open()
    yield made
    made.end()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"the token {TOKEN} was refused", TOKEN),
        (f"ws://host/websocket?apikey={TOKEN}&vsn=1.0.0", TOKEN),
        (f"cut off: {TOKEN[:60]}", TOKEN[:30]),
        ("key sb_publishable_abc-DEF_123", "abc-DEF_123"),
        ("sb_secret_Zx9", "Zx9"),
        ("Authorization: Bearer abc.def", "abc"),
        ("{'authorization': 'Basic dXNlcg=='}", "dXNlcg"),
        ("?apikey=short", "short"),
        ("TokenFamily(access_token='a1', refresh_token='vk3xq7m2a5bd')", "vk3xq7m2a5bd"),
        ('{"refresh_token":"vk3xq7m2a5bd"}', "vk3xq7m2a5bd"),
        ("password=hunter2;", "hunter2"),
        ("Cookie: theme=dark; starling_session=abc", "abc"),
        ("mail to Ada.Lovelace+x@mail.example.org failed", "Ada.Lovelace"),
        ("session zZ9-_q8Rk3xq7m2a5bdTT0pLqW3v5yU7i9o1p3a5s7d9f", "zZ9-_q8Rk3xq7"),
    ],
)
def test_no_secret_is_kept(text: str, secret: str) -> None:  # G1
    assert secret not in redact(text)
    assert HIDDEN in redact(text)


def test_what_is_no_secret_stays() -> None:
    text = f"member {uuid4()}: generations: fetched 200 rows in 31 ms; world: the token was renewed, for 3600 s"
    assert redact(text) == text


def test_tracebacks_on_standard_error_hold_no_secret_either() -> None:  # G1
    try:
        raise ValueError(f"refused {TOKEN}")
    except ValueError:
        record = logging.getLogger("starling").makeRecord(
            "starling", logging.ERROR, "", 0, "it failed", (), __import__("sys").exc_info()
        )
    said = Discreet("%(message)s").format(record)
    assert "ValueError" in said
    assert TOKEN not in said


def test_each_line_has_the_prefix_of_its_logger(log: LiveLog) -> None:
    logging.getLogger("starling.freshness").info("world: live")
    logging.getLogger("starling.realtime.deeper").info("world: joined")
    logging.getLogger("starling").warning("something")
    assert [line.prefix for line in log.since(0, None, everything=True)] == ["Freshness", "Realtime", "Starling"]
    assert prefix_of("elsewhere") == "Starling"
    assert set(PREFIXES.values()) >= {"Realtime", "Freshness", "SmartPolling", "Reconnect", "Members", "Tokens", "Sync"}


def test_every_prefix_has_a_logger_and_every_logger_a_prefix() -> None:
    code = "\n".join(file.read_text() for file in STATE.rglob("*.py"))
    loggers = set(re.findall(r'getLogger\("(starling\.\w+)"\)', code))
    assert set(PREFIXES) == loggers


def test_lines_are_read_by_those_they_belong_to(log: LiveLog) -> None:  # G2
    me, other = uuid4(), uuid4()
    say = logging.getLogger("starling.realtime").info
    say("world: live")
    say("member %s: live", me)
    say("member %s: live", other)
    say("A row could not be read: private words")
    assert [line.text for line in log.since(0, None)] == ["world: live"]
    assert [line.text for line in log.since(0, me)] == ["world: live", f"member {me}: live"]
    assert len(log.since(0, None, everything=True)) == 4
    assert owner_of("worldly goods") is None


def test_of_an_exception_only_its_kind_is_kept(log: LiveLog) -> None:  # G2
    try:
        raise ValueError("private words")
    except ValueError:
        logging.getLogger("starling.sync").exception("world: a listener failed")
    (line,) = log.since(0, None)
    assert line.text == "world: a listener failed (ValueError)"


def test_the_oldest_lines_are_forgotten(log: LiveLog) -> None:  # G3
    for number in range(MAX_LINES + 10):
        logging.getLogger("starling.sync").info("world: %d", number)
    lines = log.since(0, None)
    assert len(lines) == MAX_LINES
    assert lines[0].text == "world: 10"
    assert [line.text for line in log.since(log.last - 1, None)] == [f"world: {MAX_LINES + 9}"]
    assert log.since(log.last, None) == []


def test_debug_lines_are_made_while_somebody_wants_them(log: LiveLog) -> None:  # G4
    debug = logging.getLogger("starling.realtime").debug
    debug("world: one")
    enough, enough_too = log.verbose(), log.verbose()
    debug("world: two")
    enough()
    enough()  # twice is harmless
    debug("world: three")
    enough_too()
    debug("world: four")
    assert [line.text for line in log.since(0, None)] == ["world: two", "world: three"]
    assert not logging.getLogger("starling.realtime").isEnabledFor(logging.DEBUG)


def test_the_setting_makes_them_from_the_start() -> None:  # G4
    log = LiveLog(debug=True)
    log.open()
    logging.getLogger("starling.realtime").debug("world: one")
    log.end()
    assert [line.text for line in log.since(0, None)] == ["world: one"]
    assert logging.getLogger("starling").level == logging.NOTSET
