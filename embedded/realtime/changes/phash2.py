"""Erlang's `phash2` of a map of texts: the real server gives each binding that number as its id.

A hash of Bob Jenkins's (lookup2, 1996): twelve bytes at a time are mixed into three words. The pairs of a map are
hashed one by one and put together by exclusive or, so that their order does not count.
"""

from __future__ import annotations

from collections.abc import Mapping

WORD = 2**32 - 1
GOLDEN = 0x9E3779B9
BELOW = 2**27
# Erlang multiplies the golden ratio by a number for each kind of term.
OF_TEXT, OF_MAP_SIZE, OF_PAIRS = (GOLDEN * kind & WORD for kind in (13, 16, 19))


def phash2(texts: Mapping[str, str]) -> int:
    """A number below 2^27."""
    together = 0
    for key, value in texts.items():
        together ^= _text(value, _text(key, 0))
    return _number(together, OF_PAIRS, _number(len(texts), OF_MAP_SIZE, 0)) % BELOW


def _text(text: str, before: int) -> int:
    data, a, b, c = text.encode(), GOLDEN, GOLDEN, OF_TEXT + before
    if not data:
        return c & WORD
    whole = len(data) // 12 * 12
    for at in range(0, whole, 12):
        a, b, c = _mix(*(word + _little(data[at + i : at + i + 4]) for word, i in ((a, 0), (b, 4), (c, 8))))
    rest = data[whole:]  # the length takes the first byte of the last word
    return _mix(a + _little(rest[:4]), b + _little(rest[4:8]), c + len(data) + (_little(rest[8:]) << 8))[2]


def _number(number: int, kind: int, before: int) -> int:
    return _mix(kind + number, kind, before)[2]


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for first, second, third in ((13, 8, 13), (12, 16, 5), (3, 10, 15)):
        a = (a - b - c & WORD) ^ (c & WORD) >> first
        b = (b - c - a & WORD) ^ a << second & WORD
        c = (c - a - b & WORD) ^ b >> third
    return a, b, c
