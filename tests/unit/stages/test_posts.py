"""From a mapped record to a typed Post, and from posts to threads."""

from typing import Any

import pytest

from hub.errors import Unmappable
from hub.stages.posts import PostMaker
from hub.stages.threads import with_threads
from tests.unit.stages.world import NOW, Town, make_post

GOOD: dict[str, Any] = {
    "native_id": "1", "text": "Hello", "published_at": "2026-03-02T11:00:00Z", "author": {"native_id": "7"},
}  # fmt: skip
maker = PostMaker(network="x", record_type="post", watch="x:keyword:w", collected_at=NOW)


def test_watch_and_moment_are_added() -> None:
    post = maker.make(GOOD)

    assert (post.network, post.seen_by, post.collected_at) == ("x", ("x:keyword:w",), NOW)


@pytest.mark.parametrize(("broken", "reason"), [
    ({"kind": "shout"}, "field_kind"),
    ({"media": [{"url": "https://x.test/a.png"}]}, "field_media"),
    ({"visibility": "friends"}, "field_visibility"),
    ({"surprise": 1}, "field_surprise"),
    ({"native_id": ""}, "bad_id"),
    ({"author": None}, "no_author"),
    ({"published_at": "yesterday"}, "bad_time"),
    ({"text": ""}, "empty_text"),
])  # fmt: skip
def test_what_is_no_post_is_refused_with_a_code(broken: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unmappable) as refused:
        maker.make(GOOD | broken)

    assert refused.value.reason == reason


@pytest.mark.parametrize("field", ["in_reply_to", "shared", "thread"])
@pytest.mark.parametrize("nothing", [None, "", "\x00bad"])
def test_a_reference_that_is_none_is_left_out(field: str, nothing: str | None) -> None:
    assert getattr(maker.make(GOOD | {field: nothing}), field) is None


@pytest.mark.parametrize("told", [7, 1.5, True, "late", {"a": 1}])
def test_flags_that_are_no_list_are_flagged_themselves(told: Any) -> None:
    assert maker.make(GOOD | {"flags": told}).flags == ("bad_type",)


@pytest.mark.parametrize("scopes", [["a.test", "b.test", "a.test"], [1, True, 1], [None, "a.test", None]])
def test_a_post_bears_its_own_scope_whichever_came_before(scopes: list[Any]) -> None:
    posts = [maker.make(GOOD | {"scope": scope, "thread": "5"}) for scope in scopes]

    said = [f"{scope}/" if scope else "" for scope in scopes]
    assert [post.key for post in posts] == [f"x:post:{each}1" for each in said]
    assert [post.author.key for post in posts] == [f"x:account:{each}7" for each in said]
    assert [post.thread for post in posts] == [f"x:thread:{each}5" for each in said]


def test_a_post_that_answers_nothing_begins_a_thread_and_answers_join_it(town: Town) -> None:
    posts = [make_post(1), make_post(2, in_reply_to="x:post:1"), make_post(3, in_reply_to="x:post:2"), make_post(4)]

    with town.look() as view:
        threaded = with_threads(posts, view)

    assert [post.thread for post in threaded] == ["x:post:1", "x:post:1", "x:post:1", "x:post:4"]


def test_an_answer_joins_the_thread_of_a_post_that_is_known(town: Town) -> None:
    with town.store.begin() as tx:
        tx.posts.save([make_post(1, thread="x:thread:9")])

    with town.look() as view:
        [answer, lost] = with_threads(
            [make_post(2, in_reply_to="x:post:1"), make_post(3, in_reply_to="x:post:8")], view
        )

    assert answer.thread == "x:thread:9"
    assert lost.thread == "x:post:8"  # never seen, but everything that answers it is one thread


def test_a_thread_that_the_network_names_is_believed(town: Town) -> None:
    with town.look() as view:
        assert with_threads([make_post(1, thread="t", in_reply_to="x:post:9")], view)[0].thread == "t"
