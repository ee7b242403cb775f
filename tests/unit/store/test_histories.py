"""What accounts said, as each database keeps it."""

from datetime import timedelta

from hub.domain import Author, Post, Signal
from hub.store import OwnWords, Said, Store
from hub.store.histories import MOST_MOODS, MOST_SAID, Mood
from tests.unit.store.builders import START, make_post, make_signal

HOUR = timedelta(hours=1)


def keep(store: Store, pairs: list[tuple[Post, Signal]]) -> None:
    with store.begin() as tx:
        tx.posts.save([post for post, _ in pairs])
        tx.signals.save(pairs)


def buys(post: Post, **changed: object) -> tuple[Post, Signal]:
    given = {"intent": "purchase", "relevant": True, "subjects": ("Brew One",), "confidence": 0.5} | changed
    return post, make_signal(post, **given)


def test_of_what_somebody_said_that_is_told_which_was_asked_for(store: Store) -> None:
    old, new = make_post(1, published_at=START - HOUR * 48), make_post(2)
    keep(
        store,
        [
            buys(old), buys(new), buys(make_post(3, kind="share")), buys(make_post(4), intent="complaint"),
            buys(make_post(5), relevant=False),
        ],
    )  # fmt: skip

    with store.read() as view:
        words = view.histories.own_words(
            {new.author.key, "x:account:nobody"}, intents={"purchase", "churn"}, since=START - HOUR * 24
        )

    assert words.keys() == {new.author.key}
    assert words[new.author.key].said == (
        Said(new.key, new.published_at, "purchase", 0.5, frozenset({"Brew One"})),
    )  # fmt: skip
    assert (words[new.author.key].posts, words[new.author.key].first_at) == (4, old.published_at)


def test_spam_says_nothing_of_a_mood_and_what_was_not_judged_is_a_post_all_the_same(store: Store) -> None:
    judged, spam, unjudged = (make_post(number, published_at=START + HOUR * number) for number in (1, 2, 3))
    keep(store, [(judged, make_signal(judged, sentiment_score=0.5)), buys(spam, intent="spam")])
    with store.begin() as tx:
        tx.posts.save([unjudged])

        [words] = tx.histories.own_words([judged.author.key]).values()

    assert words == OwnWords(
        posts=3, first_at=judged.published_at, last_at=unjudged.published_at,
        moods=(Mood(judged.key, judged.published_at, 0.5),), said=(),
    )  # fmt: skip


def test_of_somebody_who_never_stops_the_newest_posts_count(store: Store) -> None:
    posts = [make_post(number, published_at=START + HOUR * (number // 2)) for number in range(MOST_SAID + 5)]
    keep(store, [buys(post) for post in posts])

    with store.read() as view:
        [words] = view.histories.own_words([posts[0].author.key], intents={"purchase"}, since=START).values()

    newest = [post.key for post in reversed(posts)]  # of two at one time, the one that was kept last
    assert [one.post for one in words.said] == newest[:MOST_SAID]
    assert [one.post for one in words.moods] == newest[:MOST_MOODS]
    assert words.posts == len(posts)


def test_each_account_is_told_by_itself(store: Store) -> None:
    authors = [Author(key=f"x:account:{name}", native_id=name) for name in "abc"]
    posts = [make_post(number, author=authors[number % 3]) for number in range(7)]
    keep(store, [(post, make_signal(post)) for post in posts])

    with store.read() as view:
        words = view.histories.own_words([author.key for author in authors])

    assert {key: one.posts for key, one in words.items()} == {
        "x:account:a": 3, "x:account:b": 2, "x:account:c": 2
    }  # fmt: skip
