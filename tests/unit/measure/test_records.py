"""What CRM and help desk show of an account is what the figures are made of."""

from datetime import timedelta

from hub.domain import Scope
from hub.domain.config import Config, Organisation
from hub.measure.figures import Figures
from hub.stages.history import histories_of, with_histories
from hub.store import StandingOf, Store
from tests.unit.store.builders import START, make_handoff, make_post, make_signal

CONFIG = Config(organisation=Organisation(name="Acme"))
SAID = (("positive", 0.8), ("positive", 0.6), ("negative", -0.7), ("neutral", 0.1))


def test_influence_audience_and_mood_in_a_record_are_those_of_the_figures():
    posts = [make_post(number) for number in range(1, 5)]
    author = posts[0].author.key
    found = [
        make_signal(post, sentiment=one, sentiment_score=score) for post, (one, score) in zip(posts, SAID, strict=True)
    ]
    ranked = StandingOf(author=author, network="mastodon", influence=41.5, parts={}, audience="influencer", as_of=START)
    with Store.open("sqlite://", clock=lambda: START) as store, store.begin() as tx:
        tx.posts.save(posts)
        tx.signals.save(list(zip(posts, found, strict=True)))
        tx.people.stand([ranked])
        figures, week = Figures(tx, CONFIG), Scope(since=START - timedelta(days=7), until=START)
        (lead,) = with_histories(tx, [make_handoff(posts[0], kind="Lead")])
        record, note = lead.profile, histories_of(tx, [author])[author]

        assert record.influence == note.influence == figures.figure("influencer_score", week).value
        by_audience = {part.name: part.figure.value for part in figures.split("mentions", week, "audience")}
        assert by_audience[record.audience] == record.posts_seen == note.posts == figures.figure("mentions", week).value
        assert record.trend.now == note.mood
