"""Whoever sales know already makes no lead, whatever goes wrong on the way; what people write there stays.

Personas and posts hang where they belong, and each is there once.
"""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

import connectors
from connectors.salesforce.sandbox_fields import CONTACT, LEAD, PERSONA, THINGS
from connectors.salesforce.words import persona_key
from hub.domain import Handoff, Profile, Trend, external_id
from hub.mapping import Mapping, load_mappings
from hub.stages.render import Outlet, render
from hub.store import Draft
from sandbox.messages import Request
from tests.faults.ground import START, Ground, a_handoff
from tests.faults.ground import _config as config

SF = "salesforce"
KINDS = ("persona", "key", "email", "lead_email", "other", "converted", "rule", "nobody")
OURS_ON_CONTACTS = {
    "Hub_Key__c": {"length": 64, "external_id": True, "unique": True},
    "Hub_Digest__c": {"length": 64},
    "Hub_Last_Post__c": {"type": "textarea", "length": 32_000},
}


@cache
def mappings() -> tuple[Mapping, ...]:
    return load_mappings(connectors.mapping_path(SF))


def handoff(number: int, *, said: int = 1, accounts: tuple[str, ...] = (), email: str | None = None) -> Handoff:
    """What somebody said for the nth time."""
    made = a_handoff("Lead", number, version=said)
    author = made.author.with_(email=email)
    at = START - timedelta(minutes=60 - said)
    profile = Profile(
        posts_seen=said, first_seen_at=START - timedelta(hours=1), last_seen_at=at,
        trend=Trend(word="unknown", now=0.0, of=said), accounts=accounts,
    )  # fmt: skip
    return made.with_(author=author, post=made.post.with_(author=author), profile=profile)


def intend(ground: Ground, *handoffs: Handoff, authority: dict[str, Any] | None = None) -> list[Draft]:
    """Lead, persona and post of each, by the real mappings."""
    lead, *rest = mappings()
    outlet = Outlet(connectors.manifest(SF), (replace(lead, authority=authority or lead.authority), *rest))
    drafts = []
    for one in handoffs:
        made = render(one, [outlet], config())
        assert not made.problems
        drafts += made.drafts
    with ground.store.begin() as tx:
        tx.outbox.intend(drafts)
    return drafts


def there(ground: Ground) -> Any:
    """The organisation, for people at work in it."""
    return ground.played.system(SF)


def rules(ground: Ground, **rules: Any) -> None:
    table = there(ground).table("org")
    known = table.get("rules") or {}
    table.delete("rules")
    table.insert({**known, **rules}, id="rules")


def rows(ground: Ground, table: str) -> list[dict[str, Any]]:
    return ground.played.rows(SF, table)


def account(number: int) -> str:
    return f"x:account:{number}"


def convert(ground: Ground, id: str) -> str:
    """Sales make a contact of a lead."""
    path = f"/sandbox/leads/{id}/convert"
    ground.played.ask(Request(method="POST", host="acme.my.salesforce.com", path=path, body=b""))
    return str(there(ground).table("leads").get(id)["ConvertedContactId"])


def known_as(ground: Ground, kind: str, number: int) -> Handoff:
    """Somebody whom sales know in one way, and what they say."""
    org, name = there(ground), f"Known {number}"
    if kind == "nobody":
        return handoff(number)
    if kind in ("lead_email", "rule"):
        facts = {"Email": f"ana{number}@acme.test"} if kind == "lead_email" else {}
        last = f"Ana {number}" if kind == "rule" else name
        org.create(LEAD, {"LastName": last, "Company": "Initech", "Status": "Working - Contacted", **facts})
        return handoff(number, email=facts.get("Email"))
    if kind == "other":  # their account elsewhere is a lead of ours
        other = f"mastodon:account:m.test/{number}"
        org.create(LEAD, {"LastName": name, "Company": "Initech", "Hub_Key__c": external_id(other)})
        return handoff(number, accounts=(other,))
    if kind == "converted":
        made = org.create(LEAD, {"LastName": name, "Company": "Initech", "Hub_Key__c": external_id(account(number))})
        convert(ground, made["id"])
        return handoff(number)
    facts = {"key": {"Hub_Key__c": external_id(account(number))}, "email": {"Email": f"ana{number}@acme.test"}}
    contact = org.create(CONTACT, {"LastName": name, **facts.get(kind, {})})["id"]
    if kind == "persona":
        org.create(PERSONA, {"Name": name, "Contact__c": contact, "Hub_Key__c": persona_key(account(number))})
    return handoff(number, email=facts["email"]["Email"] if kind == "email" else None)


def people(ground: Ground, count: int) -> dict[int, str]:
    """So many people, of each kind as many, and what they say is on its way."""
    rules(ground, fields_of={"Contact": OURS_ON_CONTACTS})
    kinds = {number: KINDS[number % len(KINDS)] for number in range(1, count + 1)}
    intend(ground, *(known_as(ground, kind, number) for number, kind in kinds.items()))
    rules(ground, duplicate_rule={"matches": ["LastName"], "action": "block", "among": ["Lead", "Contact"]})
    return kinds


def assert_each_is_there_once(ground: Ground, kinds: dict[int, str], *, said: int = 1) -> None:
    """No lead for anybody who was there; one persona for each account, linked; their posts below it."""
    made = len(ground.played.events(SF, "lead created"))
    before = sum(kind in ("lead_email", "rule", "other", "converted") for kind in kinds.values())
    assert made - before == sum(kind == "nobody" for kind in kinds.values())
    personas = {row["Hub_Key__c"]: row for row in rows(ground, "personas")}
    assert len(rows(ground, "personas")) == len(personas) == len(kinds)
    posts = Counter(row["Persona__c"] for row in rows(ground, "posts"))
    assert sum(posts.values()) == said * len(kinds)
    for number, kind in kinds.items():
        persona = personas[persona_key(account(number))]
        as_lead = kind in ("nobody", "lead_email", "rule", "other")
        assert bool(persona.get("Lead__c" if as_lead else "Contact__c")), (number, kind)
        assert posts[persona["Id"]] == said
    assert ground.states(SF).count("done") == len(ground.rows(SF))


STEPS = [
    "nothing",
    "drop_before",
    "drop_after",
    "look lost",
    *(f"deliver.{at}" for at in ("claimed", "sent", "settled")),
]


@pytest.mark.parametrize("step", STEPS)
def test_whoever_sales_know_makes_no_lead_whatever_ends_on_the_way(ground: Ground, step: str) -> None:
    kinds = people(ground, 48)
    for nth in (1, 2, 3):  # the lead's, the persona's and the post's turn
        if step in ("drop_before", "drop_after"):
            ground.played.fault(SF, step, path_glob="*/composite/sobjects*", times=2)
        elif step == "look lost":
            ground.played.fault(SF, "drop_after", path_glob="*/query*", times=2)
        elif step != "nothing":
            ground.run_into(step, SF, nth=nth)
        ground.run(SF)
        ground.clock.forward(600)
    ground.quiet(SF, at_most=8)

    assert_each_is_there_once(ground, kinds)
    intend(ground, *(handoff(number, said=2) for number in kinds))
    ground.quiet(SF, at_most=8)
    assert_each_is_there_once(ground, kinds, said=2)


def test_of_four_hundred_people_only_strangers_become_leads(ground: Ground) -> None:
    kinds = people(ground, 400)
    mark = ground.played.state.last_number

    ground.run(SF, patience=600)
    ground.quiet(SF, at_most=8)

    assert_each_is_there_once(ground, kinds)
    assert not ground.quarantined()
    # Fifty personas are another hub's: each is met, looked up and written at a moment of its own.
    assert len(ground.played.requests(SF, since=mark)) < 20 + 2 * 50


def test_a_lead_that_sales_convert_is_followed_and_its_persona_with_it(ground: Ground) -> None:
    intend(ground, handoff(1))
    ground.run(SF)
    [lead] = rows(ground, "leads")
    [persona] = rows(ground, "personas")
    assert (lead["Hub_Persona__c"], persona["Lead__c"]) == (persona["Id"], lead["Id"])

    contact = convert(ground, lead["Id"])
    intend(ground, handoff(1, said=2))
    ground.quiet(SF)

    [persona] = rows(ground, "personas")
    assert persona["Contact__c"] == contact
    assert persona["Account__c"] == rows(ground, "contacts")[0]["AccountId"]
    assert {row["Persona__c"] for row in rows(ground, "posts")} == {persona["Id"]}
    assert len(ground.played.events(SF, "lead created")) == 1
    newest = [row for row in ground.rows(SF) if row.object == "Lead"][-1]
    assert (newest.outcome, newest.object_id, newest.reason) == ("updated", contact, "followed_conversion")


def test_a_link_that_a_rep_has_made_is_left_as_it_is(ground: Ground) -> None:
    intend(ground, handoff(1))
    ground.run(SF)
    [persona] = rows(ground, "personas")
    contact = there(ground).create(CONTACT, {"LastName": "Somebody"})["id"]
    there(ground).update(PERSONA, persona["Id"], {"Contact__c": contact})

    intend(ground, handoff(1, said=2))
    ground.quiet(SF)

    [persona] = rows(ground, "personas")
    assert persona["Contact__c"] == contact
    assert len(ground.played.events(SF, "lead created")) == 1


def test_an_address_that_several_share_is_for_a_person_to_decide(ground: Ground) -> None:
    both = [there(ground).create(CONTACT, {"LastName": name, "Email": "both@acme.test"})["id"] for name in ("A", "B")]
    intend(ground, handoff(1, email="both@acme.test"))

    ground.run(SF)
    ground.quiet(SF)

    [lead] = [row for row in ground.rows(SF) if row.object == "Lead"]
    assert (lead.state, lead.reason) == ("dead", "several_candidates")
    assert all(id in str(lead.detail) for id in both)
    [persona] = rows(ground, "personas")  # as good a persona without a contact
    assert not persona.get("Contact__c")
    assert not rows(ground, "leads")


def test_update_only_enriches_who_is_there_and_makes_nobody(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    with_extra(ground, monkeypatch, update_only=True)
    kinds = people(ground, 16)
    before = len(rows(ground, "leads"))

    ground.run(SF)
    ground.quiet(SF, at_most=8)

    strangers = {persona_key(account(number)) for number, kind in kinds.items() if kind in ("nobody", "rule")}
    assert len(rows(ground, "leads")) == before
    assert len(rows(ground, "personas")) == len(kinds) - len(strangers) == len(rows(ground, "posts"))
    assert not strangers & {row["Hub_Key__c"] for row in rows(ground, "personas")}
    assert Counter(row.reason for row in ground.rows(SF))["update_only"] == 3 * len(strangers)
    assert set(ground.states(SF)) == {"done"}


def test_without_social_objects_leads_are_all_that_is_kept(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    with_extra(ground, monkeypatch, social_objects="none")
    rules(ground, fields_of={"SocialPersona__c": None, "SocialPost__c": None})
    intend(ground, handoff(1))

    ground.run(SF)

    assert [row.reason for row in ground.rows(SF)] == [None, "social_objects_none", "social_objects_none"]
    assert len(rows(ground, "leads")) == 1


def test_an_organisation_without_the_package_is_told_what_it_lacks(ground: Ground) -> None:
    rules(ground, fields_of={"SocialPersona__c": None, "SocialPost__c": None})
    intend(ground, handoff(1))

    done = ground.run(SF)[SF]

    assert "SocialPersona__c" in str(done.stopped)
    assert len(rows(ground, "leads")) == 1


def with_extra(ground: Ground, monkeypatch: pytest.MonkeyPatch, **extra: Any) -> None:
    """The connection says more than where and who."""
    plain = ground.hub.connect

    def connect(manifest: Any, connection_id: str | None) -> Any:
        connection = plain(manifest, connection_id)
        return replace(connection, extra={**connection.extra, **extra})

    monkeypatch.setitem(ground.hub.__dict__, "connect", connect)


EDITED = {
    "LastName": "fill_blank", "Company": "fill_blank", "Status": "fill_blank", "Rating": "never", "LeadSource": "never",
    "Description": "append", "Title": "never", "FirstName": "never", "City": "never", "Phone": "never",
}  # fmt: skip


def test_of_five_hundred_edits_none_is_lost(ground: Ground) -> None:
    drawn = random.Random("edits")
    lead, *_ = mappings()
    authority = lead.authority | {name: whose for name, whose in EDITED.items() if name in lead.paths}
    assert {"append", "never", "fill_blank"} == set(authority.values())
    kept: dict[tuple[str, str], str] = {}
    for said in range(1, 12):
        intend(ground, *(handoff(number, said=said) for number in range(50)), authority=authority)
        ground.quiet(SF)
        held = {row["Id"]: row for row in rows(ground, "leads")}
        assert len(held) == 50
        lost = [
            (said, name, words)
            for (id, name), words in kept.items()
            if (words not in held[id][name] if EDITED[name] == "append" else held[id][name] != words)
        ]
        assert lost == []
        for _ in range(50):
            id, name = drawn.choice(sorted(held)), drawn.choice(sorted(EDITED))
            words = f"by hand {drawn.randrange(10**9)}"
            if EDITED[name] == "append":
                held[id][name] = words = _typed(drawn, str(held[id].get(name) or ""), words)
                there(ground).update(LEAD, id, {name: words})
                words = next(line for line in words.split("\n") if line.startswith("by hand"))
            else:
                there(ground).update(LEAD, id, {name: words})
            kept[id, name] = words
    descriptions = [row["Description"] for row in rows(ground, "leads")]
    assert all(text.count("-- social hub ") == 1 for text in descriptions)  # replaced each time, never repeated
    assert all("part 11." in text for text in descriptions)


def _typed(drawn: random.Random, there: str, words: str) -> str:
    """A person's words above, below, in the middle of what stands there, or in its place."""
    lines = there.split("\n")
    return drawn.choice(
        [
            f"{words}\n{there}",
            f"{there}\n{words}",
            "\n".join([*lines[: len(lines) // 2], words, *lines[len(lines) // 2 :]]),
            words,
        ]
    )


def test_calls_stay_few(ground: Ground) -> None:
    """A thousand strangers: leads, personas with the way back, and posts, each in Composite calls of a thousand."""
    with ground.hub.open_destination(SF) as destination:
        destination.check()
    intend(ground, *(handoff(number) for number in range(1_000)))
    mark = ground.played.state.last_number

    ground.run(SF, patience=600)

    assert set(ground.states(SF)) == {"done"}
    asked = [line["path"].rpartition("/")[2] for line in ground.played.requests(SF, since=mark)]
    assert asked.count("composite") == 4
    assert len(asked) <= 4 + len(THINGS)  # and what each object is like, once a day

    intend(ground, *(handoff(number, said=2) for number in range(1_000)))
    mark = ground.played.state.last_number
    ground.run(SF, patience=600)

    assert set(ground.states(SF)) == {"done"}
    assert len(ground.played.requests(SF, since=mark)) == 6  # who is there 2, leads 1; personas 1 and 1; posts 1
