"""Keys are a public contract: whoever changes one of these sends all history again, so a change needs a migration."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain import Author, Handoff, Post, Provenance, Signal, Watch, external_id, make_key
from hub.stages.conversations import conversation_key
from hub.stages.posts import PostMaker

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HEX = re.compile(r"[0-9a-f]{32}")
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        (("x", "post", "1899"), "x:post:1899"),
        (("mastodon", "status", "1140", "mastodon.test"), "mastodon:status:mastodon.test/1140"),
        (("blogs", "entry", "https://b.test/1", "b.test"), "blogs:entry:b.test/https://b.test/1"),
        (("x", "account", "1000001"), "x:account:1000001"),
        (("mastodon", "thread", "7", "mastodon.test"), "mastodon:thread:mastodon.test/7"),
    ],
)
def test_a_key_is_network_kind_scope_and_id(parts: tuple[str, ...], key: str) -> None:
    assert make_key(*parts) == key


@pytest.mark.parametrize(
    ("keys", "digest"),
    [
        (("x:post:1899",), "6395d00ef553fc60ef972accf212b4aa"),
        (("x:account:1000001",), "a194137d2d43d5629cf720983803a96f"),
        (("mastodon:status:mastodon.test/1140",), "31ff0c5dd38f583bab86a1efed913aee"),
        (("case", "x", "public", "x:account:7", "x:thread:1"), "b8a24024fc710a4e371d5535e97c19b6"),
        (("incident", "crisis-alert:Acme", "2026-03-02T12:00:00+00:00"), "581ac5eb0bdf8bd2fa5fa4e723622ca2"),
    ],
)
def test_what_destinations_know_things_by_never_changes(keys: tuple[str, ...], digest: str) -> None:
    assert external_id(*keys) == digest
    assert external_id("\x1f".join(keys)) == digest  # a key of several parts is their sum


def test_the_keys_of_a_post_come_from_its_native_ids() -> None:
    mapped = {
        "native_id": "1140", "scope": "mastodon.test", "text": "Hello", "published_at": "2026-03-02T11:00:00Z",
        "author": {"native_id": "7"}, "in_reply_to": "1139", "shared": "1138", "thread": "1100",
    }  # fmt: skip

    post = PostMaker(network="mastodon", record_type="status", watch="w", collected_at=NOW).make(mapped)

    assert (post.key, post.author.key, post.in_reply_to, post.shared, post.thread) == (
        "mastodon:status:mastodon.test/1140",
        "mastodon:account:mastodon.test/7",
        "mastodon:status:mastodon.test/1139",
        "mastodon:status:mastodon.test/1138",
        "mastodon:thread:mastodon.test/1100",
    )
    assert conversation_key(post) == (
        "case\x1fmastodon\x1fpublic\x1fmastodon:account:mastodon.test/7\x1fmastodon:thread:mastodon.test/1100"
    )
    assert handoff(post).id == "fc39333d12b420fad99ff369771f0f36"


def test_the_key_of_a_watch_never_changes() -> None:
    assert Watch(network="mastodon", kind="hashtag", value="#acme").key == "mastodon:hashtag:70086a3f2dd1"
    assert (
        Watch(network="mastodon", kind="hashtag", value="#acme", connection="other").key
        == "mastodon:hashtag:30af5e97cfdd"
    )
    assert Watch(network="mastodon", kind="hashtag", value="#acme", team="sales").key == "mastodon:hashtag:70086a3f2dd1"


@settings(max_examples=2_000)
@given(st.lists(words, min_size=1, max_size=4), st.lists(words, min_size=1, max_size=4))
def test_an_external_id_is_lower_case_hex_and_as_different_as_its_keys(one: list[str], other: list[str]) -> None:
    assert HEX.fullmatch(external_id(*one))
    assert (external_id(*one) == external_id(*other)) == ("\x1f".join(one) == "\x1f".join(other))


@given(words, words, words)
def test_ids_that_differ_only_in_case_stay_two_things(network: str, kind: str, native_id: str) -> None:
    upper, lower = make_key(network, kind, native_id.upper()), make_key(network, kind, native_id.lower())

    assert (external_id(upper).lower() == external_id(lower).lower()) == (upper == lower)


@given(st.text(max_size=20))
def test_no_text_breaks_an_external_id(text: str) -> None:
    assert HEX.fullmatch(external_id(text + "\ud800"))  # half a character, as some networks send it


def handoff(post: Post) -> Handoff:
    why = Provenance(post=post.key, route="r@1", classifier="rules@1", confidence=0.9, run="run-1")
    signal = Signal(post=post.key, found_by="rules@1")
    return Handoff(
        key=conversation_key(post), kind="Case", post=post, author=post.author, signal=signal, team="support",
        provenance=why,
    )  # fmt: skip


def test_a_handoff_is_named_by_what_it_is_and_not_by_the_run_that_made_it() -> None:
    author = Author(key="x:account:7", native_id="7")
    post = Post(key="x:post:1", network="x", native_id="1", text="a", published_at=NOW, collected_at=NOW, author=author)
    one = handoff(post)
    again = one.with_(team="sales", provenance=one.provenance.with_(run="run-2"), first=False)

    assert one.id == again.id
    assert one.id != one.with_(kind="Lead").id
