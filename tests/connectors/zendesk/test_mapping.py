"""Whatever people write, Zendesk takes the ticket that is made of it, and fills nothing in."""

from hypothesis import given, settings
from hypothesis import strategies as st

import connectors
from connectors.zendesk.sandbox_desk import PLACEHOLDER, faults_of
from hub.domain import Earlier, History, OtherAccount
from hub.mapping import load_mappings
from tests.contract.bench import a_handoff

TICKET, COMMENT, NOTE = load_mappings(connectors.mapping_path("zendesk"))
BRACES = st.text(alphabet="{}%!a[]( \n", max_size=40)
WORDS = (
    st.text(max_size=300) | BRACES | st.builds(lambda unit: unit * 30_000, BRACES.filter(lambda unit: len(unit) < 4))
)


@settings(max_examples=300, deadline=None)
@given(text=WORDS, title=WORDS, name=WORDS, handle=WORDS)
def test_no_words_of_a_stranger_make_a_ticket_that_is_refused_or_filled_in(
    text: str, title: str, name: str, handle: str
) -> None:
    handoff = a_handoff("Case", 7, 1)
    author = handoff.author.with_(display_name=name, handle=handle)
    handoff = handoff.with_(author=author, post=handoff.post.with_(text=text, author=author), title=title)

    known = History(
        posts=3, cases=1, audience=text, trend="steady", mood=0.1,
        earlier=(Earlier(kind="Case", at=handoff.post.published_at, title=title, team="support", url=f"https://{text}"),),
        accounts=(OtherAccount(network="x", handle=handle, url=f"https://x.test/{handle}", sure=False),),
    )  # fmt: skip
    handoff = handoff.with_(history=known, signal=handoff.signal.with_(topics=(text,), subjects=(title,)))

    ticket = TICKET.apply(handoff.plain() | {"to": {}})
    comment = COMMENT.apply(handoff.with_(first=False).plain() | {"to": {}})
    note = NOTE.apply(handoff.plain() | {"to": {}})

    assert ticket is not None
    assert comment is not None
    assert note is not None
    assert faults_of(ticket, new=True) == faults_of(comment, new=False) == faults_of(note, new=False) == {}
    fields = [str(value) for value in ticket["custom_fields"].values()]
    shown = (
        ticket["subject"], ticket["comment"]["body"], comment["comment"]["body"], note["comment"]["body"], *fields,
        ticket["requester"]["name"], ticket["requester"].get("details", ""), *ticket["tags"],
    )  # fmt: skip
    assert not any(PLACEHOLDER.search(words) or "![" in words for words in shown)
    one_line = (ticket["subject"], ticket["requester"]["name"], ticket["requester"].get("details", ""), *fields)
    assert not any(line in words for words in one_line for line in ("\n", "\r"))
    assert not any(" " in tag for tag in ticket["tags"])
    assert ticket["requester"]["name"].strip()
    assert note["comment"]["public"] is False
