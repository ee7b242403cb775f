"""Whatever people write, Slack takes the message that is made of it, and nobody's bell rings."""

from hypothesis import given, settings
from hypothesis import strategies as st

import connectors
from connectors.slack.digest import digest_of, digests
from connectors.slack.sandbox_message import marked_below, mentions_in, refusal_of
from hub.domain import Delivery, external_id
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
