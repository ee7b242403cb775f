"""What is known of accounts is read once, whoever asks."""

from datetime import timedelta

import sqlalchemy as sa

from hub.domain.config import LeadScoring
from hub.stages.pasts import Pasts
from hub.store import Store
from tests.unit.store.builders import START, make_handoff, make_post, make_signal

NOBODY = "x:account:nobody"


def test_each_account_is_read_once_and_all_are_told() -> None:
    first, later = make_post(1), make_post(2, published_at=START + timedelta(hours=1))
    author = first.author.key
    with Store.open("sqlite://", clock=lambda: START + timedelta(days=1)) as store, store.begin() as tx:
        tx.posts.save([first, later])
        tx.signals.save([(post, make_signal(post, intent="purchase", relevant=True)) for post in (first, later)])
        tx.handoffs.save([make_handoff(first)])
        asked: list[str] = []
        sa.event.listen(store.engine, "before_cursor_execute", lambda _, __, text, *rest: asked.append(text))
        pasts = Pasts(tx, LeadScoring())

        words = pasts.words([author])
        assert [one.post for one in words[author].said] == [later.key, first.key]
        assert pasts.cases([author])[author] == 1
        assert len(asked) == 2

        assert pasts.words([author, NOBODY]).keys() == {author}
        assert pasts.cases([NOBODY]) == {author: 1}
        assert len(asked) == 4
        assert pasts.words([NOBODY, author])[author].posts == 2
        assert pasts.cases([NOBODY, author])[NOBODY] == 0
        assert len(asked) == 4


def test_without_a_way_of_scoring_nothing_is_told_one_by_one() -> None:
    post = make_post()
    with Store.open("sqlite://", clock=lambda: START + timedelta(days=1)) as store, store.begin() as tx:
        tx.posts.save([post])
        tx.signals.save([(post, make_signal(post, intent="purchase", relevant=True))])

        [words] = Pasts(tx).words([post.author.key]).values()

    assert (words.posts, words.said, len(words.moods)) == (1, (), 1)
