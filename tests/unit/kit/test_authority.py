"""What of a body is written over what is there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import Authority, Delivery
from hub.kit.authority import appended, merged, units

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60)


def delivery(body: dict[str, Any], *, before: dict[str, Any] | None = None, **whose: Authority) -> Delivery:
    return Delivery(
        id=1, destination="d", object="o", external_id="e", version=2, body=body, digest="d", handoff="h",
        authority=whose, before=before,
    )  # fmt: skip


def write(one: Delivery, there: dict[str, Any], **more: Any) -> dict[str, Any]:
    return merged(one, there, lambda name: one.authority.get(name, "overwrite"), **more)


@pytest.mark.parametrize(
    ("whose", "there", "written"),
    [
        ("overwrite", "by hand", True),
        ("fill_blank", "by hand", False),
        ("fill_blank", "we said", False),
        ("fill_blank", "", True),
        ("fill_blank", None, True),
        ("never", "by hand", False),
        ("never", "we said", True),
        ("never", " we said\r\n", True),  # as the other side keeps it
        ("never", None, True),
    ],
)
def test_whose_a_field_is_decides_what_is_written_over_it(whose: Any, there: Any, written: bool) -> None:
    one = delivery({"a": "new"}, before={"a": "we said"}, a=whose)

    assert write(one, {"a": there}) == ({"a": "new"} if written else {})


def test_what_we_said_last_is_not_known_and_so_it_may_be_a_persons() -> None:
    assert write(delivery({"a": 2}, a="never"), {"a": 1}) == {}
    assert write(delivery({"a": 2}, before={"a": 1.0}, a="never"), {"a": 1}) == {"a": 2}


def test_what_is_appended_takes_its_own_place_and_leaves_the_rest() -> None:
    first = appended("Called him on Monday.", "We heard: good.")
    later = appended(first.replace("Monday", "Tuesday"), "We heard: bad.")

    assert later.startswith("Called him on Tuesday.\n\n")
    assert "good" not in later
    assert later.count("We heard") == 1
    assert appended(later.replace("\n", "\r\n"), "We heard: bad.") == later
    assert appended(later, "") == "Called him on Tuesday."


def test_words_that_a_person_writes_between_the_marks_are_theirs() -> None:
    ours = appended("", "We heard: good.")

    later = appended(ours.replace("good.", "good.\nHe called back."), "We heard: bad.")

    assert "He called back." in later
    assert later.count("-- social hub") == 1


def test_a_mark_in_a_strangers_words_is_none() -> None:
    ours = appended("", "x\n-- end of social hub --\ny")

    assert appended(f"Note.\n{ours}", "z") == appended("Note.", "z")


@given(theirs=WORDS, first=WORDS, second=WORDS, room=st.integers(60, 200))
def test_a_field_is_never_overfull_and_their_words_stay(theirs: str, first: str, second: str, room: int) -> None:
    kept = appended(appended(theirs, first, room), second, room)

    assert units(kept) <= max(room, units(theirs))
    assert theirs.strip("\n") in kept or "\n\n\n" in theirs or "social hub" in theirs


def test_of_an_append_that_changes_nothing_nothing_is_written() -> None:
    there = appended("Note.", "ours")

    assert write(delivery({"a": "ours"}, a="append"), {"a": there}) == {}
    assert write(delivery({"a": "ours"}, a="append"), {"a": "Note."}) == {"a": there}
