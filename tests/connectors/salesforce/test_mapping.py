"""Whatever people write, Salesforce takes the lead, the persona and the post that are made of it."""

from hypothesis import given, settings
from hypothesis import strategies as st

import connectors
from connectors.salesforce.sandbox_fields import THINGS
from connectors.salesforce.sandbox_org import faults_of
from hub.mapping import load_mappings
from tests.contract.bench import a_handoff

MAPPINGS = load_mappings(connectors.mapping_path("salesforce"))
WORDS = st.text(max_size=400) | st.builds(lambda unit, times: unit * times, st.text(max_size=3), st.just(40_000))
ADDRESS = st.none() | st.text(max_size=400).map(lambda path: f"https://x.test/{path}")


@settings(max_examples=300, deadline=None)
@given(text=WORDS, name=WORDS, handle=WORDS, company=st.none() | WORDS, url=ADDRESS, page=ADDRESS, link=ADDRESS)
def test_no_words_of_a_stranger_make_a_record_that_is_refused(
    text: str, name: str, handle: str, company: str | None, url: str | None, page: str | None, link: str | None
) -> None:
    handoff = a_handoff("Lead", 7, 1)
    handoff = handoff.with_(
        author=handoff.author.with_(display_name=name, handle=handle, url=page),
        post=handoff.post.with_(text=text, url=url),
        provenance=handoff.provenance.with_(link=link),
        company=company,
    )

    for mapping in MAPPINGS:
        body = mapping.apply(handoff.plain())

        assert body is not None
        assert faults_of(body, THINGS[mapping.makes.removeprefix("sObject ")].fields, new=True) is None
        assert "\n" not in "".join(body.get(name, "") for name in ("LastName", "Company", "Name"))
