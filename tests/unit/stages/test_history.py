"""What is known of whoever wrote a case, told once with the case that begins."""

from datetime import timedelta

import msgspec

from hub.domain import Author, Handoff, History, OtherAccount, Receipt
from hub.stages.history import histories_of
from hub.stages.render import render
from hub.store import StandingOf
from tests.unit.stages.world import CHATS, COMPLAINS, NOW, WANTS_TO_BUY, Town, acme, make_book, outlet, tweet

ANA = "x:account:id-ana"
WITH_NOTES = [outlet("salesforce"), outlet("zendesk", notes=True)]


def cases(town: Town) -> list[Handoff]:
    """The cases, oldest first."""
    with town.look() as view:
        return [one.handoff for one in view.handoffs.recent(kind="Case")[::-1]]


def test_of_a_stranger_nothing_is_known_and_the_note_says_so(town: Town) -> None:
    town.hear(tweet(1, COMPLAINS), book=make_book(outlets=WITH_NOTES))

    [case] = cases(town)
    assert case.history == History()
    ticket, note = town.outbox("zendesk")
    assert (note.object, note.parent, note.lane) == ("note", ticket.external_id, ANA)
    assert "- Not seen before" in town.body(note)["comment"]["body"]


def test_only_the_case_that_begins_is_told_with_a_history(town: Town) -> None:
    town.hear(tweet(1, COMPLAINS), tweet(2, "Still waiting.", answers=1, minutes_ago=1), tweet(3, WANTS_TO_BUY))

    with town.look() as view:
        told = {one.handoff.post.key: one.handoff.history for one in view.handoffs.recent()}
    assert told == {"x:post:1": History(), "x:post:2": None, "x:post:3": None}


def test_what_was_before_is_told_with_where_it_is_worked_on(town: Town) -> None:
    town.hear(tweet(1, WANTS_TO_BUY, minutes_ago=500))
    town.hear(tweet(2, CHATS + ", @acme", minutes_ago=400), tweet(3, "Shared", minutes_ago=300))
    with town.store.begin() as tx:
        [delivery] = tx.outbox.claim("salesforce", "w")
        url = "https://acme.my.salesforce.com/00Q1"
        tx.outbox.settle(delivery, Receipt(delivery=delivery.id, outcome="created", object_id="00Q1", url=url))
        tx.people.stand([standing()])

    town.hear(tweet(9, COMPLAINS))

    [case] = cases(town)
    history = case.history
    assert history is not None
    assert (history.cases, history.leads, history.audience, history.influence) == (0, 1, "customer", 20.0)
    assert history.first_seen == NOW - timedelta(minutes=500)
    [lead] = history.earlier
    assert (lead.kind, lead.team, lead.url) == ("Lead", "sales", url)


def standing() -> StandingOf:
    return StandingOf(author=ANA, network="x", influence=20.0, parts={}, audience="customer", as_of=NOW)


def test_the_newest_things_are_told_one_by_one_and_the_others_counted(town: Town) -> None:
    for number in range(1, 8):
        town.clock.forward(minutes=1)
        town.hear(tweet(number, COMPLAINS, minutes_ago=0))

    with town.look() as view:
        history = histories_of(view, {ANA, "x:account:nobody"})
    assert (history[ANA].cases, len(history[ANA].earlier)) == (7, 5)
    moments = [one.at for one in history[ANA].earlier]
    assert moments == sorted(moments, reverse=True)
    assert (history[ANA].trend, history[ANA].posts) == ("steady", 7)
    assert history["x:account:nobody"] == History()


def test_another_account_of_the_person_is_named_and_a_parted_one_is_not(town: Town) -> None:
    names = {"m": "mastodon", "b": "bluesky", "r": "reddit", "gone": "lemmy"}
    with town.store.begin() as tx:
        for key, network in names.items():
            author = Author(key=f"{network}:account:{key}", native_id=key, handle=f"ana.{key}" if key != "gone" else "")
            tx.authors.save([_post_by(author)])
        for key, state in (("m", "merged"), ("b", "suggested"), ("r", "parted"), ("gone", "merged")):
            tx.people.tie(
                ANA, f"{names[key]}:account:{key}", state=state, confidence=0.9, evidence=("handle",),
                found_by="t@1", by="jo",
            )  # fmt: skip
        history = histories_of(tx, {ANA})[ANA]

    assert history.accounts == (
        OtherAccount(network="mastodon", handle="ana.m", url=None, sure=True),
        OtherAccount(network="bluesky", handle="ana.b", url=None, sure=False),
    )


def _post_by(author: Author) -> object:
    from tests.unit.stages.world import make_post

    return make_post(1, author=author, network=author.key.partition(":")[0])


def test_a_history_that_is_read_back_is_said_to_the_byte_as_before(town: Town) -> None:
    for number in range(1, 4):
        town.clock.forward(minutes=1)
        town.hear(tweet(number, COMPLAINS, minutes_ago=10), book=make_book(outlets=WITH_NOTES))

    last = cases(town)[-1]
    again = msgspec.json.decode(msgspec.json.encode(last), type=Handoff)

    def said(handoff: Handoff) -> list[str]:
        return [draft.digest for draft in render(handoff, WITH_NOTES, acme()).drafts]

    assert last.history is not None
    assert last.history.cases == 2
    assert said(again) == said(last)
    assert {row.digest for row in town.outbox("zendesk")} >= set(said(last)[1:])  # the ticket names its run


def test_nothing_of_a_history_is_kept_when_its_post_is_gone(town: Town) -> None:
    town.hear(tweet(1, COMPLAINS))
    with town.store.begin() as tx:
        tx.keeping.empty(["x:post:1"], "deleted")

    [case] = cases(town)
    assert case.history is None


def test_a_lead_is_told_with_a_profile_of_its_account(town: Town) -> None:
    """Reshares and spam say nothing of a mood, as in a case's history; what is being decided on counts."""
    town.hear(tweet(1, "I love @acme, thank you!", minutes_ago=500))
    town.hear(tweet(2, "Win free followers now!!! http://spam.test #win #free #follow #gift #cash #money @acme"))
    with town.store.begin() as tx:
        tx.people.stand([standing()])

    town.hear(tweet(9, WANTS_TO_BUY, minutes_ago=5))

    with town.look() as view:
        [lead] = [one.handoff for one in view.handoffs.recent(kind="Lead")]
        spam = view.signals.of(["x:post:2"])["x:post:2"]
    profile = lead.profile
    assert (spam.intent, profile is not None) == ("spam", True)
    assert profile is not None
    assert (profile.posts_seen, profile.trend.of + profile.trend.of_before) == (3, 2)
    assert (profile.first_seen_at, profile.audience) == (NOW - timedelta(minutes=500), "customer")
