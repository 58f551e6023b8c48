"""How fresh a view is, in words: nothing while all is well."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from components import freshness_note
from components.freshness_note import FreshnessNote, describe, explain
from state.sync.view import ViewFreshness

RELAXED = ViewFreshness("relaxed", 30.0, 4.0)
AGEING = ViewFreshness("ageing", 12.5, 11.6)
POLLING = ViewFreshness("polling", 5.0, 3.0)


def test_it_is_quiet_when_all_is_well():
    assert describe(RELAXED) == ""


def test_it_says_when_it_was_checked_or_how_often_it_is():
    assert describe(AGEING) == "checked 12 s ago"
    assert explain(AGEING) == "Checked 12 s ago. Without news it is checked again every 12 s."
    assert describe(POLLING) == "every 5 s until live again"
    assert explain(ViewFreshness("polling", 5.0, None)).startswith("Not loaded yet.")
    assert describe(ViewFreshness("ageing", 10.0, None)) == ""


async def test_it_comes_and_goes_as_freshness_does(show: Callable, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(freshness_note, "QUIET_S", 0.05)
    monkeypatch.setattr(freshness_note, "TICK_S", 0.05)
    now = [RELAXED]
    user = await show(lambda: FreshnessNote(lambda: now[0]))
    await user.should_not_see("until live again")
    now[0] = POLLING
    await user.should_see("every 5 s until live again")
    now[0] = AGEING
    await user.should_see("checked 12 s ago")
    now[0] = RELAXED
    await user.should_not_see("checked")
