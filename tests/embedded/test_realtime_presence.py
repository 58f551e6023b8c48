"""Presence's state and differences, with the literals of the real server's frames."""

from itertools import count

from embedded.realtime.presence import Presence


def presence() -> Presence:
    numbers = count(1)
    return Presence(lambda: f"ref{next(numbers)}")


def test_a_first_track_is_a_join():
    people = presence()
    diff = people.track("a", "u1", {"n": 1, "name": "one"})
    assert diff is not None
    assert diff.payload == {"joins": {"u1": {"metas": [{"phx_ref": "ref1", "n": 1, "name": "one"}]}}, "leaves": {}}
    assert people.state == {"u1": {"metas": [{"phx_ref": "ref1", "n": 1, "name": "one"}]}}


def test_an_update_leaves_and_joins_in_one_diff():
    people = presence()
    people.track("a", "u1", {"n": 1})
    diff = people.track("a", "u1", {"n": 2})
    assert diff is not None
    assert diff.payload == {
        "joins": {"u1": {"metas": [{"phx_ref": "ref2", "phx_ref_prev": "ref1", "n": 2}]}},
        "leaves": {"u1": {"metas": [{"phx_ref": "ref1", "n": 1}]}},
    }


def test_the_same_payload_again_changes_nothing():
    people = presence()
    people.track("a", "u1", {"n": 1})
    assert people.track("a", "u1", {"n": 1}) is None


def test_two_sockets_of_one_key_are_two_metas_with_a_leave_each():
    people = presence()
    people.track("a", "u1", {"n": 1})
    people.track("b", "u1", {"n": 2})
    assert [meta["n"] for meta in people.state["u1"]["metas"]] == [1, 2]
    diff = people.untrack("a")
    assert diff is not None
    assert diff.payload == {"joins": {}, "leaves": {"u1": {"metas": [{"phx_ref": "ref1", "n": 1}]}}}
    assert [meta["n"] for meta in people.state["u1"]["metas"]] == [2]
    assert people.untrack("a") is None


def test_a_client_cannot_choose_its_ref():
    people = presence()
    people.track("a", "__proto__", {"phx_ref": "mine"})
    assert people.state == {"__proto__": {"metas": [{"phx_ref": "ref1"}]}}
