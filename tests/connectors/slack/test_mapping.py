"""Whatever people write, Slack takes the message that is made of it, and nobody's bell rings."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

import connectors
from connectors.slack.digest import digest_of, digests
from connectors.slack.sandbox_message import marked_below, mentions_in, refusal_of
from hub.domain import INTENTS, Delivery, external_id
from hub.domain.presses import Situation
from hub.mapping import load_mappings
from tests.contract.bench import a_handoff

MESSAGE, REPLY, OVER = load_mappings(connectors.mapping_path("slack"))
TOKENS = st.text(alphabet="<>@!#&|;ampltgC0 \n", max_size=60)
WORDS = st.text(max_size=300) | TOKENS | st.builds(lambda unit: unit * 2_000, st.text(max_size=3))


@settings(max_examples=300, deadline=None)
@given(text=WORDS, title=WORDS, name=WORDS, handle=WORDS, url=st.none() | st.text(max_size=100))
def test_no_words_of_a_stranger_make_a_message_that_is_refused_or_live(
    text: str, title: str, name: str, handle: str, url: str | None
) -> None:
    handoff = a_handoff("Alert", 7, 1)
    author = handoff.author.with_(display_name=name, handle=handle)
    address = f"https://x.test/{url}" if url else None
    handoff = handoff.with_(author=author, post=handoff.post.with_(text=text, url=address), title=title)

    for mapping, first in ((MESSAGE, True), (REPLY, False)):
        body = mapping.apply(handoff.with_(first=first).plain() | {"to": {}})
        assert body is not None
        assert refusal_of(body) is None
        assert mentions_in(body) == 0
        assert mentions_in({"text": body["text"]}) == 0
        many = [
            Delivery(
                id=id, destination="slack", object="message", external_id=external_id(str(id)), version=1,
                body=body, digest="d" * 64, handoff="h",
            )
            for id in range(60)
        ]  # fmt: skip
        for parcel in digests(many):
            assert refusal_of(digest_of(parcel)) is None
            assert mentions_in(digest_of(parcel)) == 0


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=200))
def test_a_reader_sees_the_words_as_they_were_written(text: str) -> None:
    handoff = a_handoff("Alert", 7, 1)
    body = MESSAGE.apply(handoff.with_(post=handoff.post.with_(text=text)).plain() | {"to": {}})

    assert body is not None
    section = next(marked_below(body["blocks"][1:2]))
    assert section.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


@settings(max_examples=150, deadline=None)
@given(text=WORDS, name=WORDS, names=st.lists(WORDS, max_size=4), url=st.none() | st.text(max_size=100))
def test_an_incidents_message_is_taken_and_nobodys_bell_rings(
    text: str, name: str, names: list[str], url: str | None
) -> None:
    """Whatever stands in its most heard posts, in the names of who pressed, in its subjects and topics."""
    handoff, now = a_handoff("Alert", 7, 1), datetime(2026, 3, 2, 12, tzinfo=UTC)
    shown = {"network": "x", "text": text[:90], "url": url and f"https://x.test/{url}", "reactions": 3, "author": name}
    known = Situation(
        ref=handoff.id, subjects=tuple(names), topics=tuple(names), networks=("x", "mastodon"), posts=10**9,
        reach=10**12, severity=10, since=now, last_at=now, reopened_at=now, top=(shown,) * 3, acknowledged_at=now,
        acknowledged_by=name, verdict="campaign", verdict_by=name, muted_until=now, muted_by=name, over_by=name,
    )  # fmt: skip
    corrections = [{"intent": intent, "value": f"{handoff.id}:{intent}"} for intent in INTENTS]

    for over_at in (None, now):
        document = handoff.plain() | {"to": {}, "ref": handoff.id, "corrections": corrections}
        document["incident"] = known.with_(over_at=over_at).plain()
        for mapping in (MESSAGE, OVER):
            body = mapping.apply(document)
            assert body is not None
            assert refusal_of(body) is None
            assert mentions_in(body) == 0
