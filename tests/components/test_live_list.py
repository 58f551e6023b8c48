"""LiveList: the numbers are the invariants of components/live_list.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nicegui import ui
from nicegui.testing import User

from components import live_list
from components.live_list import ARRIVE, LEAVE, MOST_LEAVING, Insert, LiveList, Move, Operation, Remove, diff
from components.turns import Turns
from state.sync.mutation import Pending
from tests.components.rows import HandRows
from tests.state.support import until

Show = Callable[[Callable[[], object]], Awaitable[User]]
orders = st.lists(st.integers(0, 30), unique=True, max_size=20)


def apply(operations: list[Operation], order: list[int]) -> list[int]:
    order = list(order)
    for operation in operations:
        if isinstance(operation, Remove | Move):
            order.remove(operation.key)  # type: ignore[arg-type]
        if isinstance(operation, Insert | Move):
            assert operation.key not in order
            place = order.index(operation.after) + 1 if operation.after is not None else 0  # type: ignore[arg-type]
            order.insert(place, operation.key)  # type: ignore[arg-type]
    return order


def longest_increasing(numbers: list[int]) -> int:
    lengths: list[int] = []
    for index, number in enumerate(numbers):
        lengths.append(1 + max((lengths[i] for i in range(index) if numbers[i] < number), default=0))
    return max(lengths, default=0)


@given(orders, orders)
def test_1_the_operations_give_the_new_order(old: list[int], new: list[int]) -> None:
    assert apply(diff(old, new), old) == new


@given(orders, orders)
def test_3_as_few_move_as_possible(old: list[int], new: list[int]) -> None:
    operations = diff(old, new)
    stay = [key for key in new if key in old]
    assert sum(isinstance(o, Move) for o in operations) == len(stay) - longest_increasing([old.index(k) for k in stay])
    assert sum(isinstance(o, Remove) for o in operations) == len(old) - len(stay)
    assert sum(isinstance(o, Insert) for o in operations) == len(new) - len(stay)


def test_what_is_in_order_needs_nothing() -> None:
    assert diff("abc", "abc") == []


def test_one_that_comes_to_the_front_moves_alone() -> None:
    assert diff("abcd", "dabc") == [Move("d", None)]


@dataclass(frozen=True)
class Fruit:
    id: str
    ripe: bool = False


class FruitItem:
    built = 0
    updates = 0

    def __init__(self, fruit: Fruit, pending: Pending | None) -> None:
        FruitItem.built += 1
        self.element = ui.label()
        self.show(fruit)

    def show(self, fruit: Fruit) -> None:
        self.element.text = f"{fruit.id}!" if fruit.ripe else fruit.id

    def update(self, fruit: Fruit, pending: Pending | None) -> None:
        FruitItem.updates += 1
        self.show(fruit)


class Basket:
    def __init__(self, rows: HandRows[Fruit]) -> None:
        FruitItem.built = FruitItem.updates = 0
        self.rows = rows
        self.container = ui.element("ul")
        self.list: LiveList[Fruit, FruitItem] = LiveList(rows, FruitItem, self.container)

    @property
    def texts(self) -> list[str]:
        return [child.text for child in self.container if LEAVE not in child.classes]  # type: ignore[attr-defined]

    def element(self, key: str) -> ui.label:
        return self.list.items[key].element


def fruits(names: str) -> list[Fruit]:
    return [Fruit(name) for name in names]


@pytest.fixture
async def basket(show: Show, monkeypatch: pytest.MonkeyPatch) -> Basket:
    monkeypatch.setattr(live_list, "TURNS", Turns(float("inf")))  # on a busy machine, too, what is put is shown at once
    made: list[Basket] = []
    await show(lambda: made.append(Basket(HandRows(fruits("abc")))))
    return made[0]


async def test_1_and_2_rows_come_go_and_move_and_those_that_stay_keep_their_element(basket: Basket) -> None:
    before = {key: basket.element(key) for key in "abc"}
    a, b, c = basket.rows.rows
    basket.rows.put([c, Fruit("x"), a, b])
    assert basket.texts == ["c", "x", "a", "b"]
    assert all(basket.element(key) is before[key] for key in "abc")
    basket.rows.put([b, Fruit("x")])
    assert basket.texts == ["b", "x"]
    assert FruitItem.built == 4


async def test_2_only_what_changed_is_updated(basket: Basket) -> None:
    a, _, c = basket.rows.rows
    basket.rows.put([a, Fruit("b", ripe=True), c])
    assert basket.texts == ["a", "b!", "c"]
    assert (FruitItem.built, FruitItem.updates) == (3, 1)
    basket.rows.put(basket.rows.rows)
    assert FruitItem.updates == 1


async def test_2_an_unconfirmed_write_and_its_failure_are_shown(basket: Basket) -> None:
    async def send() -> None:
        return None

    pending = basket.rows.unconfirmed["b"] = Pending("b", "update", send)
    basket.rows.put(basket.rows.rows)
    assert FruitItem.updates == 1
    pending.failed = "The queue is full"
    basket.rows.put(basket.rows.rows)
    assert FruitItem.updates == 2


async def test_4_what_arrives_is_marked_and_what_was_there_is_not(basket: Basket) -> None:
    basket.rows.put([Fruit("x"), *basket.rows.rows])
    assert [key for key in "xabc" if ARRIVE in basket.element(key).classes] == ["x"]


async def test_4_what_a_filter_lets_through_is_no_news(basket: Basket) -> None:
    basket.list.filter(lambda fruit: fruit.id == "b")
    assert basket.texts == ["b"]
    basket.list.filter(lambda _: True)
    assert basket.texts == ["a", "b", "c"]
    assert not [key for key in "abc" if ARRIVE in basket.element(key).classes]


async def test_4_what_is_loaded_from_behind_is_no_news(show: Show) -> None:
    made: list[Basket] = []
    await show(lambda: made.append(Basket(HandRows(fruits("ab"), behind=fruits("cd")))))
    assert await made[0].list.load_more() is False
    assert made[0].texts == ["a", "b", "c", "d"]
    assert not [key for key in "abcd" if ARRIVE in made[0].element(key).classes]


async def test_5_what_arrives_while_one_reads_waits_in_front(basket: Basket) -> None:
    a, _, c = basket.rows.rows
    basket.list.hold(True)
    basket.rows.put([Fruit("y"), Fruit("x"), a, Fruit("m"), c])
    assert basket.texts == ["a", "m", "c"]
    assert basket.list.held == 2
    basket.list.hold(False)
    assert basket.texts == ["y", "x", "a", "m", "c"]
    assert basket.list.held == 0
    assert ARRIVE in basket.element("x").classes


async def test_5_nothing_waits_in_front_of_nothing(basket: Basket) -> None:
    basket.list.hold(True)
    basket.rows.put(fruits("xy"))
    assert basket.texts == ["x", "y"]


async def test_what_goes_fades_out_and_is_gone(basket: Basket) -> None:
    leaving = basket.element("b")
    basket.rows.put([row for row in basket.rows.rows if row.id != "b"])
    assert LEAVE in leaving.classes
    await until(lambda: leaving.is_deleted)
    assert len(basket.container.default_slot.children) == 2


async def test_many_at_once_go_without_a_show(show: Show) -> None:
    names = "".join(chr(97 + n) for n in range(MOST_LEAVING + 2))
    made: list[Basket] = []
    await show(lambda: made.append(Basket(HandRows(fruits(names)))))
    made[0].rows.put(made[0].rows.rows[:1])
    assert len(made[0].container.default_slot.children) == 1


async def test_one_that_comes_back_while_it_fades_is_there_once(basket: Basket) -> None:
    a, b, c = basket.rows.rows
    basket.rows.put([a, c])
    basket.rows.put([a, b, c])
    assert basket.texts == ["a", "b", "c"]


async def test_the_list_lets_go_of_its_rows_with_the_page(basket: Basket) -> None:
    assert len(basket.rows.listeners) == 1
    basket.container.client.delete()
    assert len(basket.rows.listeners) == 0
    basket.rows.put([])
