"""Both wire formats against frames copied from the real server."""

import orjson
import pytest

from embedded.realtime.serializer import (
    MalformedFrame,
    Message,
    Outgoing,
    OutgoingBroadcast,
    UserPush,
    Version,
    decode,
    encode,
    pack,
)

REPLY = Message(None, "1", "phoenix", "phx_reply", {"status": "ok", "response": {}})


def test_version_1_sends_objects_without_join_ref():
    assert orjson.loads(encode(Version.V1, REPLY)) == {
        "ref": "1",
        "event": "phx_reply",
        "payload": {"status": "ok", "response": {}},
        "topic": "phoenix",
    }


def test_version_2_sends_arrays():
    assert encode(Version.V2, REPLY) == '[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]'


def test_text_frames_are_read():
    v1 = '{"topic":"realtime:a","event":"phx_join","payload":{},"ref":"1","join_ref":"1"}'
    assert decode(Version.V1, v1) == Message("1", "1", "realtime:a", "phx_join", {})
    assert decode(Version.V2, '["6","7","realtime:a","x",null]') == Message("6", "7", "realtime:a", "x", None)
    assert decode(Version.V2, "[1,2,3,4,5]") == Message(1, 2, 3, 4, 5)


def test_a_binary_broadcast_is_read():
    frame = b"\x03\x01\x01\x0c\x01\x00\x01" + b"67realtime:jsxx" + b'{"a":1}'
    assert decode(Version.V2, frame) == Message("6", "7", "realtime:jsx", "broadcast", UserPush("x", True, b'{"a":1}'))


def test_a_phoenix_push_is_read():
    assert decode(Version.V2, b"\x00\x01\x01\x02\x01" + b"67tpe" + b"\xff") == Message("6", "7", "tp", "e", b"\xff")


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "nonsense",
        "{}",
        "[]",
        "[1,2,3,4]",
        '{"topic":1}',
        "NaN",
        b"",
        b"\x03",
        b"\x09abc",
        b"\x03\x05\x01\x01\x01\x00\x01a",
    ],
)
@pytest.mark.parametrize("version", Version)
def test_malformed_frames_are_told_apart(version: Version, frame: str | bytes):
    with pytest.raises(MalformedFrame):
        decode(version, frame)


def test_a_binary_broadcast_to_a_version_2_member():
    frame = OutgoingBroadcast("realtime:cbc", "by", b'{"y":2}').frame(Version.V2)
    assert frame == bytes.fromhex("040c020001") + b"realtime:cbc" + b"by" + b'{"y":2}'


def test_a_binary_broadcast_as_json_for_version_1():
    frame = OutgoingBroadcast("realtime:bc", "bj", b'{"y":2}').frame(Version.V1)
    assert isinstance(frame, str)
    assert orjson.loads(frame)["payload"] == {"event": "bj", "payload": {"y": 2}, "type": "broadcast"}


def test_bytes_and_false_json_are_nothing_to_version_1():
    assert OutgoingBroadcast("realtime:bc", "b", b"\x00\x01", is_json=False).frame(Version.V1) is None
    assert OutgoingBroadcast("realtime:bc", "b", b"{nonsense").frame(Version.V1) is None
    assert (
        OutgoingBroadcast("realtime:bc", "b", b"\x00\x01", is_json=False).frame(Version.V2)
        == b"\x04\x0b\x01\x00\x00realtime:bcb\x00\x01"
    )


def test_a_database_broadcast_carries_its_id_and_postgres_own_json():
    meta, payload = b'{"id":"aeddd78b-24f7-44b1-a64f-06363bacc86d"}', b'{"q": 1.50}'
    broadcast = OutgoingBroadcast("realtime:bc", "ev", payload, meta=meta)
    assert broadcast.frame(Version.V2) == b"\x04\x0b\x02\x2d\x01" + b"realtime:bc" + b"ev" + meta + payload
    text = broadcast.frame(Version.V1)
    assert isinstance(text, str)
    assert '"payload":{"q": 1.50}' in text
    assert orjson.loads(text)["payload"]["meta"] == {"id": "aeddd78b-24f7-44b1-a64f-06363bacc86d"}


def test_names_too_long_for_a_binary_frame_go_as_text():
    frame = OutgoingBroadcast("realtime:bc", "e" * 256, b"{}").frame(Version.V2)
    assert isinstance(frame, str)
    assert orjson.loads(frame)[3:] == ["broadcast", {"event": "e" * 256, "payload": {}, "type": "broadcast"}]


def test_a_fan_out_encodes_once_per_version():
    message = Outgoing("realtime:a", "presence_diff", {"joins": {}, "leaves": {}})
    assert message.packet(Version.V1) is message.packet(Version.V1)
    assert message.packet(Version.V2) == b'\x81A[null,null,"realtime:a","presence_diff",{"joins":{},"leaves":{}}]'


@pytest.mark.parametrize(
    ("size", "head"),
    [(0, "8200"), (125, "827d"), (126, "827e007e"), (65535, "827effff"), (65536, "827f0000000000010000")],
)
def test_frames_are_packed_as_rfc_6455_says(size: int, head: str):
    assert pack(b"x" * size) == bytes.fromhex(head) + b"x" * size
    assert pack("é") == b"\x81\x02\xc3\xa9"
