"""What stands in the prompt form, as values."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from components.prompt_draft import PromptDraft
from state.generation import ASPECTS, Draft
from tests.components.rows import model, picture

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


def test_a_draft_survives_being_stored() -> None:
    draft = PromptDraft("two moons", kind="video", width=640, height=480, seed=7, visibility="private")
    assert PromptDraft.restore(draft.store()) == draft


@example({"model_id": ""})
@given(st.dictionaries(st.sampled_from([*PromptDraft().store(), "something_else"]), json_values))
def test_whatever_was_stored_gives_a_draft(stored: dict[str, object]) -> None:
    draft = PromptDraft.restore(stored)
    assert draft.size_label
    assert draft.amount_label
    assert draft.seed_label
    draft.values()


def test_reusing_a_picture_gives_what_made_it() -> None:
    made = picture("salt flats at noon", seed=42, width=1216, height=816)
    draft = PromptDraft.of(made)
    checked = Draft.check(**draft.values())
    assert isinstance(checked, Draft)
    assert (checked.prompt, checked.seed, checked.width, checked.height) == ("salt flats at noon", 42, 1216, 816)
    assert checked.model_id == made.model_id


def test_a_clip_is_reused_at_the_preset_of_its_shape() -> None:
    draft = PromptDraft.of(picture(kind="video", width=640, height=366, duration=3.96))
    assert draft.aspect is not None
    assert (draft.aspect.name, draft.duration) == ("16:9", 4)


def test_without_a_model_the_check_says_so() -> None:
    checked = Draft.check(**PromptDraft("two moons").values())
    assert isinstance(checked, dict)
    assert set(checked) == {"model_id"}


def test_chips_say_what_is_chosen() -> None:
    draft = PromptDraft(model_id=str(model().id), count=4, seed=12)
    assert (draft.size_label, draft.amount_label, draft.seed_label) == (ASPECTS[0].name, "4 pictures", "Seed 12")
    draft.width, draft.kind = 1000, "video"
    assert (draft.size_label, draft.amount_label) == ("1000 × 1024", "4 s")
