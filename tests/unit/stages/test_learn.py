"""Correct and learn: what people say changes a post's signal at once, and the next model."""

from datetime import timedelta

import pytest

from hub.classify import default_engine
from hub.errors import SetupError
from hub.stages import learn
from hub.stages.correct import Answer, answers_in, correct, revise
from hub.store import Store
from tests.unit.classify.invented import feelings
from tests.unit.stages.world import COMPLAINS, NOW, make_post, make_signal

DAY = timedelta(days=1)
POST = make_post()
COMPLAINT = make_signal(POST, intent="complaint", confidence=0.8, scores={"complaint": 0.8}, sentiment="negative")


@pytest.fixture
def held(store: Store) -> Store:
    with store.begin() as tx:
        tx.posts.save([POST])
        tx.signals.save([(POST, COMPLAINT)])
    return store


def say(store: Store, field: str, label: str, post: str = POST.key):
    with store.begin() as tx:
        return correct(tx, [Answer(post=post, field=field, label=label)], who="ana", source="command")


def signal(store: Store):
    with store.read() as view:
        return view.signals.of([POST.key])[POST.key]


def test_a_corrected_post_is_what_the_person_said(held: Store) -> None:
    assert say(held, "intent", "praise").changed == 1

    now = signal(held)
    assert (now.intent, now.confidence, now.scores) == ("praise", 1.0, {"praise": 1.0})
    assert now.found_by == "person@1"
    assert now.evidence[-1] == "corrected.intent"
    with held.read() as view:
        (kept,) = view.corrections.of([POST.key])
        assert (kept.old, kept.new, kept.found_by, kept.who) == ("complaint", "praise", COMPLAINT.found_by, "ana")
        assert view.signals.earlier(POST.key) == [COMPLAINT]


def test_counts_move_with_the_correction(held: Store) -> None:
    def counted() -> list[tuple[int, int, int]]:
        with held.read() as view:
            return [(one.posts, one.negative, one.crisis) for one in view.rollups.hourly(NOW - DAY, NOW + DAY)]

    say(held, "intent", "crisis")
    say(held, "sentiment", "negative")
    assert counted() == [(1, 1, 1)]
    say(held, "intent", "none")
    say(held, "sentiment", "positive")
    assert counted() == [(1, 0, 0)]


@pytest.mark.parametrize(
    ("field", "label", "expected"),
    [
        ("complaint", "no", {"intent": "none", "scores": {}}),
        ("purchase", "yes", {"intent": "complaint", "scores": {"complaint": 0.8, "purchase": 1.0}}),
        ("relevant", "no", {"relevant": False, "intent": "complaint"}),
        ("sentiment", "neutral", {"sentiment": "neutral", "sentiment_score": 0.0}),
        ("lang", "de", {"lang": "de", "intent": "complaint", "scores": {"complaint": 0.8}}),
        ("lang", "und", {"lang": None}),
    ],
)
def test_each_question_changes_what_it_asks_about(held: Store, field: str, label: str, expected: dict) -> None:
    say(held, field, label)

    now = signal(held)
    assert {name: getattr(now, name) for name in expected} == expected


def test_worth_follows_the_correction(held: Store) -> None:
    say(held, "complaint", "no")
    idle = signal(held).worth
    say(held, "intent", "purchase")

    assert (idle, signal(held).worth) == (0.0, 1.0)


def test_agreeing_is_kept_too_and_teaches(held: Store) -> None:
    assert say(held, "intent", "complaint").same == 1

    with held.read() as view:
        assert view.corrections.standing() == {POST.key: {"intent": "complaint"}}


TODAY = {"lang": "und", "sentiment": "negative", "intent": "complaint", "relevant": "yes"}


def revised(store: Store, shown: dict[str, str], post: str = POST.key, **changes: str):
    with store.begin() as tx:
        return revise(tx, post, shown=shown, chosen=shown | changes, who="ana", why="seen")


def test_of_a_page_only_what_was_changed_is_kept_and_only_once(held: Store) -> None:
    first = revised(held, TODAY, intent="praise", lang="en")
    again = revised(held, TODAY, intent="praise", lang="en")
    untouched = revised(held, TODAY)

    assert [(one.changed, one.same) for one in (first, again, untouched)] == [(2, 0), (0, 0), (0, 0)]
    with held.read() as view:
        assert view.corrections.standing() == {POST.key: {"lang": "en", "intent": "praise"}}
        assert view.corrections.since(None) == 2
        (entry,) = view.audit.recent()
    told = (entry.actor, entry.action, entry.object, entry.reason)
    assert told == ("ana", "signals corrected", f"post:{POST.key}", "page: seen")


def test_a_reason_is_one_line_and_no_novel(held: Store) -> None:
    answer = Answer(post=POST.key, field="intent", label="praise")
    with pytest.raises(SetupError, match="at most 500 characters"), held.begin() as tx:
        correct(tx, [answer], who="ana", source="command", why="x" * 501)
    with held.begin() as tx:
        correct(tx, [answer], who="ana", source="command", why="so\n it \u202e is")

    with held.read() as view:
        assert [entry.reason for entry in view.audit.recent()] == ["command: so it is"]


def test_an_old_page_takes_back_nothing_that_somebody_else_said_meanwhile(held: Store) -> None:
    say(held, "intent", "praise")

    revised(held, TODAY, sentiment="positive")

    assert (signal(held).intent, signal(held).sentiment) == ("praise", "positive")


def test_a_post_of_a_page_may_be_gone_or_never_judged(held: Store) -> None:
    other = make_post(3)
    with held.begin() as tx:
        tx.posts.save([other])

    assert revised(held, TODAY, post="x:post:404", intent="none").unknown == ["x:post:404"]
    assert revised(held, TODAY, post=other.key, intent="purchase").changed == 1


def test_a_post_that_is_not_held_is_told_and_nothing_kept(held: Store) -> None:
    assert say(held, "intent", "none", post="x:post:404").unknown == ["x:post:404"]

    with held.read() as view:
        assert view.corrections.standing() == {}


@pytest.mark.parametrize(
    ("field", "label", "said"),
    [
        ("mood", "bad", "cannot be corrected"),
        ("intent", "buy", "is no intent"),
        ("complaint", "1", "one of yes, no"),
        ("lang", "English", "is no language"),
        ("lang", "e1", "is no language"),
        ("lang", "mul", "is no language"),
    ],
)
def test_what_cannot_be_said_is_a_setup_error(held: Store, field: str, label: str, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        say(held, field, label)


def test_rows_of_a_file_name_a_field_or_have_a_column_for_each() -> None:
    rows = [{"post": "p1", "field": "intent", "label": "none"}, {"post": "p2", "sentiment": "positive", "intent": ""}]

    assert answers_in(rows) == [
        Answer(post="p1", field="intent", label="none"), Answer(post="p2", field="sentiment", label="positive"),
    ]  # fmt: skip
    with pytest.raises(SetupError, match="Row 1 names no post"):
        answers_in([{"intent": "none"}])


def test_corrections_become_examples_with_their_posts_words(held: Store) -> None:
    answer = make_post(2, text="same here", in_reply_to=POST.key)
    with held.begin() as tx:
        tx.posts.save([answer])
    say(held, "intent", "support", post=answer.key)
    say(held, "lang", "de", post=answer.key)

    with held.read() as view:
        (example,) = learn.examples_of(view)
    assert (example.text, example.parent, example.labels) == ("same here", COMPLAINS, {"intent": "support"})
    assert example.lang == "de"  # read in it, not asked about


def test_a_candidate_changes_nothing_until_it_is_let_run(held: Store) -> None:
    made = learn.candidate(held, feelings(), base=default_engine(), running=default_engine(), who="ana")

    with held.read() as view:
        assert view.models.running() is None
        assert view.models.get(made.version).state == "candidate"
        assert [entry.action for entry in view.audit.recent()] == ["model trained"]
    (field,) = made.report.fields
    assert field.against is not None
    assert field.against.mended > field.against.broken


def test_too_few_examples_are_refused_with_what_there_is(held: Store) -> None:
    with pytest.raises(SetupError, match="needs 50 labelled posts of one field; there are 30 of sentiment"):
        learn.candidate(held, feelings()[:30], base=default_engine(), running=default_engine(), who="ana")


def test_a_label_that_no_signal_can_have_is_refused(held: Store) -> None:
    odd = [row.with_(labels={"intent": "refund"}) for row in feelings()]

    with pytest.raises(SetupError, match="'refund' is no intent"):
        learn.candidate(held, odd, base=default_engine(), running=default_engine(), who="ana")
