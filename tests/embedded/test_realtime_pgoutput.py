"""The decoder against literal messages, laid out as Postgres's documentation describes them."""

from struct import pack

import pytest

from embedded.realtime.pgoutput import (
    UNCHANGED,
    Begin,
    Column,
    Commit,
    Decoder,
    Delete,
    Insert,
    MalformedMessage,
    Relation,
    Truncate,
    Update,
)

RELATION = (
    b"R" + pack("!I", 16385) + b"public\0notes\0" + b"d" + pack("!H", 2)
    + b"\x01id\0" + pack("!Ii", 20, -1)
    + b"\x00body\0" + pack("!Ii", 25, -1)
)  # fmt: skip
NOTES = Relation(16385, "public", "notes", "d", (Column("id", 20, True), Column("body", 25, False)))


def row(*values: str | None, unchanged: bool = False) -> bytes:
    data = pack("!H", len(values) + unchanged)
    for value in values:
        data += b"n" if value is None else b"t" + pack("!I", len(value.encode())) + value.encode()
    return data + (b"u" if unchanged else b"")


@pytest.fixture
def decoder() -> Decoder:
    decoder = Decoder()
    assert decoder.decode(RELATION) == NOTES
    return decoder


def test_a_transaction_is_framed_by_begin_and_commit():
    begin = Decoder().decode(b"B" + pack("!QqI", 0x16B374D848, 841_795_200_123_456, 733))
    assert begin == Begin(0x16B374D848, 841_795_200_123_456, 733)
    assert isinstance(begin, Begin)
    assert begin.committed_at.isoformat() == "2026-09-04T00:00:00.123456+00:00"
    assert Decoder().decode(b"C" + pack("!BQQq", 0, 1, 2, 3)) == Commit(2)


def test_rows_are_postgres_own_bytes(decoder: Decoder):
    change = decoder.decode(b"I" + pack("!I", 16385) + b"N" + row("1", "héllo 😀"))
    assert change == Insert(NOTES, (b"1", "héllo 😀".encode()))
    assert NOTES.as_dict((b"1", None)) == {"id": b"1", "body": None}


@pytest.mark.parametrize(
    ("middle", "old", "old_is_key"),
    [
        (b"", None, False),
        (b"K" + row("1", None), (b"1", None), True),
        (b"O" + row("1", "a"), (b"1", b"a"), False),
    ],
)
def test_updates_by_identity(decoder: Decoder, middle: bytes, old: tuple[bytes | None] | None, old_is_key: bool):
    message = b"U" + pack("!I", 16385) + middle + b"N" + row("2", "b")
    assert decoder.decode(message) == Update(NOTES, old, old_is_key, (b"2", b"b"))


def test_a_toasted_value_left_alone_is_unchanged(decoder: Decoder):
    assert decoder.decode(b"U" + pack("!I", 16385) + b"N" + row("2", unchanged=True)) == Update(
        NOTES, None, False, (b"2", UNCHANGED)
    )


def test_deletes_and_truncates(decoder: Decoder):
    assert decoder.decode(b"D" + pack("!I", 16385) + b"K" + row("1", None)) == Delete(NOTES, (b"1", None), True)
    assert decoder.decode(b"D" + pack("!I", 16385) + b"O" + row("1", "a")) == Delete(NOTES, (b"1", b"a"), False)
    assert decoder.decode(b"T" + pack("!IBI", 1, 2, 16385)) == Truncate((NOTES,))


def test_what_says_nothing_here_is_none(decoder: Decoder):
    assert decoder.decode(b"O" + pack("!Q", 1) + b"origin\0") is None
    assert decoder.decode(b"Y" + pack("!I", 1) + b"public\0mood\0") is None


@pytest.mark.parametrize("data", [b"", b"?", b"B12", b"I" + pack("!I", 1) + b"N\0\0", RELATION[:-3]])
def test_nonsense_is_refused(data: bytes):
    with pytest.raises(MalformedMessage):
        Decoder().decode(data)


def test_a_cut_value_is_refused(decoder: Decoder):
    with pytest.raises(MalformedMessage):
        decoder.decode((b"I" + pack("!I", 16385) + b"N" + row("1", "hello"))[:-2])
