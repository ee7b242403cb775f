"""A handoff becomes the bodies that destinations are sent."""

from pathlib import Path

from hub.domain import Author, Handoff, Post, Provenance, external_id
from hub.domain.history import History
from hub.stages.render import Outlet, Rendered, render
from tests.unit.stages.world import acme, make_post, make_signal, outlet, written

OURS = """
mapping: salesforce
version: 7
reads: Lead
makes: sObject Lead
identity: {of: key}
fields:
  LastName: author.handle
  Kind: post.kind
  Languages: length(post.lang)
"""


def make_handoff(kind: str = "Lead", *, first: bool = True, **changes: object) -> Handoff:
    post = changes.pop("post", None) or make_post()
    assert isinstance(post, Post)
    why = Provenance(post=post.key, route="some-route@1", classifier="rules@1", confidence=0.9, run="run-1")
    return Handoff(
        key=f"key of {kind}", kind=kind, post=post, author=post.author, signal=make_signal(post), team="sales",
        provenance=why, first=first,
    ).with_(**changes)  # fmt: skip


def rendered(handoff: Handoff, *outlets: Outlet) -> Rendered:
    return render(handoff, outlets or [outlet(name) for name in ("salesforce", "zendesk", "slack")], acme())


def made(handoff: Handoff) -> list[tuple[str, str]]:
    done = rendered(handoff)
    assert done.problems == []
    return [(draft.destination, draft.object) for draft in done.drafts]


def test_each_kind_of_work_goes_where_it_is_taken_and_once() -> None:
    assert made(make_handoff("Lead")) == [("salesforce", "Lead")]
    assert made(make_handoff("Case")) == [("zendesk", "ticket")]
    assert made(make_handoff("Alert")) == [("slack", "message")]


def test_a_lead_comes_with_its_persona_below_it_and_the_post_below_that() -> None:
    lead, persona, post = rendered(make_handoff("Lead"), outlet("salesforce", whole=True)).drafts

    assert [lead.object, persona.object, post.object] == ["Lead", "SocialPersona__c", "SocialPost__c"]
    assert (persona.parent, post.parent) == (lead.external_id, persona.external_id)
    assert len({lead.external_id, persona.external_id, post.external_id}) == 3
    assert lead.lane == persona.lane == post.lane
    assert lead.known_as == ("key of Lead",)


def test_what_adds_to_a_thing_is_another_object_below_it() -> None:
    [ticket] = rendered(make_handoff("Case")).drafts
    [comment] = rendered(make_handoff("Case", first=False)).drafts
    [reply] = rendered(make_handoff("Alert", first=False)).drafts

    assert (comment.object, comment.parent) == ("comment", ticket.external_id)
    assert comment.external_id == external_id("x:post:1")
    assert (reply.object, reply.parent) == ("reply", external_id("key of Alert"))
    assert reply.external_id == external_id("key of Alert", "x:post:1")


def test_a_draft_knows_its_origin_and_whose_tombstone_stops_it() -> None:
    handoff = make_handoff("Lead")

    [draft] = rendered(handoff).drafts

    assert (draft.handoff, draft.post, draft.author) == (handoff.id, "x:post:1", "x:account:7")
    assert (draft.external_id, draft.lane, draft.mapping) == (
        external_id("key of Lead"), "key of Lead", outlet("salesforce").mappings[0].label
    )  # fmt: skip
    assert draft.authority["Company"] == "fill_blank"


def test_the_reason_for_the_work_is_carried_to_the_people_who_do_it() -> None:
    why = make_handoff().provenance.with_(link="https://hub.test/h/1")
    mapping = outlet("salesforce").mappings[0].label

    [lead] = rendered(make_handoff("Lead", provenance=why)).drafts
    [ticket] = rendered(make_handoff("Case", provenance=why)).drafts

    for reason in ("some-route@1", "rules@1", mapping, "x:post:1", "run-1"):
        assert reason in lead.body["Hub_Why__c"]
    assert lead.body["Hub_Link__c"] == "https://hub.test/h/1"
    for reason in ("some-route@1", "rules@1", "run-1", "https://hub.test/h/1"):
        assert reason in ticket.body["comment"]["body"]


def test_rendering_again_gives_the_same_body() -> None:
    assert [draft.digest for draft in rendered(make_handoff()).drafts] == [
        draft.digest for draft in rendered(make_handoff()).drafts
    ]


def test_a_folded_alert_says_how_many_more_there_are() -> None:
    posts = tuple(make_post(number) for number in (2, 3))

    [reply] = rendered(make_handoff("Alert", first=False, others=posts)).drafts

    assert "and 2 more like it" in str(reply.body["blocks"])


def test_an_agent_is_told_when_we_answer_though_hub_yaml_says_nothing_of_it() -> None:
    [_, note] = rendered(make_handoff("Case", history=History()), outlet("zendesk", notes=True)).drafts

    assert "- We answer mon, tue, wed, thu and fri 09:00 to 17:00 Europe/Berlin" in note.body["comment"]["body"]


def test_the_address_of_a_team_reaches_the_mapping() -> None:
    config = acme().with_(teams=(acme().teams[0].with_(name="sales", salesforce_owner_id="005A"),))

    [draft] = render(make_handoff(), [outlet("salesforce")], config).drafts

    assert draft.body["OwnerId"] == "005A"


def test_a_mapping_may_ask_for_fields_that_a_plain_post_leaves_at_their_default(tmp_path: Path) -> None:
    own = written(tmp_path, "salesforce", OURS)

    [draft] = rendered(make_handoff(post=make_post(lang="en")), own).drafts

    assert draft.body == {"LastName": "ana", "Kind": "post", "Languages": 2}


def test_what_one_mapping_cannot_say_holds_up_no_other(tmp_path: Path) -> None:
    broken = written(tmp_path, "salesforce", OURS)

    done = rendered(make_handoff(post=make_post(text="SECRET")), broken, outlet("salesforce"))

    assert [draft.destination for draft in done.drafts] == ["salesforce"]
    [problem] = done.problems
    assert "SECRET" not in str(problem)
    assert "Languages" in str(problem)


def test_a_thing_without_a_name_is_not_sent(tmp_path: Path) -> None:
    nameless = written(
        tmp_path, "salesforce", OURS.replace("of: key", "of: post.lang").replace("length(post.lang)", "key")
    )

    done = rendered(make_handoff(), nameless)

    assert (done.drafts, [problem.reason for problem in done.problems]) == ([], ["identity_missing"])


def test_an_author_without_name_and_handle_still_becomes_a_lead() -> None:
    nobody = Author(key="x:account:7", native_id="7")

    [draft] = rendered(make_handoff(post=make_post(author=nobody))).drafts

    assert draft.body["LastName"] == "7"
