"""Hashtags, handles and addresses within a text."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping.marks import addresses, handles, hashtags


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#acme", ["acme"]), ("So #Acme, #Acme and #coffee!", ["Acme", "coffee"]), ("a#b &#39; ##x", []),
        ("#1 of 3", []), ("#2025kaffee #größe #カフェ", ["2025kaffee", "größe", "カフェ"]),
        ("https://acme.test/#acme", []), ("(#acme)", ["acme"]), ("", []), (None, None), (7, None),
    ],
)  # fmt: skip
def test_hashtags(text: Any, found: list[str] | None) -> None:
    assert hashtags(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@acme", ["acme"]), ("Thanks @acme.coffee, and @ana_b.", ["acme.coffee", "ana_b"]), ("a@b.test", []),
        ("https://x.test/@acme", []), ("@acme@mastodon.test", []), ("@@acme", []), ("@ acme", []), (None, None),
    ],
)  # fmt: skip
def test_handles(text: Any, found: list[str] | None) -> None:
    assert handles(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://acme.test/a?b=1.", ["https://acme.test/a?b=1"]),
        ("(HTTP://acme.test) https://acme.test", ["HTTP://acme.test", "https://acme.test"]),
        ("javascript:alert(1) ftp://x.test", []),
        (None, None),
    ],
)
def test_addresses(text: Any, found: list[str] | None) -> None:
    assert addresses(text) == found


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    for read in (hashtags, handles, addresses):
        assert all(isinstance(each, str) and each for each in read(text) or [])


@pytest.mark.parametrize(
    "text", ["#" * 200_000, "@a." * 70_000, "https://" * 25_000, "#a" * 100_000, "@" + "-" * 200_000]
)
def test_no_text_takes_long(text: str) -> None:
    before = time.process_time()

    for read in (hashtags, handles, addresses):
        read(text)

    assert time.process_time() - before < 1
