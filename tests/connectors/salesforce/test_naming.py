"""Ids of 15 characters are the ids of 18; what is none is none."""

import pytest

from connectors.salesforce.naming import named, whole


@pytest.mark.parametrize(("short", "long"), [
    ("00Q5e000001AbCd", "00Q5e000001AbCdEAK"),
    ("00Q000000000000", "00Q000000000000EAA"),
    ("ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNO555"),
])  # fmt: skip
def test_the_last_three_characters_say_which_are_capitals(short: str, long: str) -> None:
    assert whole(short) == long
    assert named(short) == named(long) == (long,)


@pytest.mark.parametrize("text", ["", "35", "0" * 32, "https://[", "https://00Q5e000001AbCd.example.org/"])
def test_what_is_no_id_is_none(text: str) -> None:
    assert named(text) == ()
