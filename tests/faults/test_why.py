"""From anything that people would see at the sandbox, back to the raw post and the versions behind it."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

import connectors
from hub import wiring
from hub.stages import why
from hub.stages.why import Match, Story
from tests.faults.checker import objects
from tests.faults.ground import DESTINATIONS, Ground
from tests.faults.town import read_all, settled
from tests.unit.stages.world import outlet

pytestmark = pytest.mark.slow

OBJECTS = 200
NAMES = {name: connectors.namer(name) for name in DESTINATIONS}


def called(ground: Ground) -> Iterator[tuple[str, str]]:
    """Everything there, by our id, and how a person would point at it."""
    played = ground.played
    for number, row in enumerate(played.rows("salesforce", "leads")):
        id = row["Id"]
        address = f"https://acme.lightning.force.com/lightning/r/Lead/{id}/view"
        yield row["Hub_Key__c"].lower(), (id, id[:15], address)[number % 3]
    for number, row in enumerate(played.rows("zendesk", "tickets")):
        yield (
            str(row["external_id"]),
            (str(row["id"]), f"https://acme.zendesk.com/agent/tickets/{row['id']}")[number % 2],
        )
    for row in ground.rows("zendesk"):
        if row.object in ("comment", "note") and row.object_id:
            yield row.external_id, row.object_id
    for number, row in enumerate(played.rows("slack", "messages")):
        payload = (row.get("metadata") or {}).get("event_payload") or {}
        channel, ts = row["channel"], row["ts"]
        name = (f"{channel} {ts}", f"https://acme.slack.com/archives/{channel}/p{ts.replace('.', '')}")[number % 2]
        for id in [payload["external_id"]] if "external_id" in payload else payload:
            yield id, name


def told(ground: Ground, asked: str) -> tuple[list[Match], Story]:
    with ground.store.read() as view:
        found = why.matches(view, asked, NAMES)
        assert found, asked
        story = why.story(view, found[0].post, found[0].handoff)
    assert story is not None
    return found, story


def raw(ground: Ground, story: Story) -> dict[str, Any]:
    assert story.batch is not None
    mapping = wiring.opening.mapping_of(connectors.manifest(story.batch.batch.network))
    record = why.record_of(story, ground.hub.landing, mapping)
    assert record.record is not None, record.gone
    assert record.line
    return record.record


def test_from_any_object_to_the_raw_post_and_every_version(ground: Ground) -> None:
    town = settled(ground, posts=600)
    town.book = replace(town.book, outlets=[outlet(name, notes=True) for name in DESTINATIONS])
    read_all(town)
    everything = sorted(called(ground))
    assert {id for id, _ in everything} >= {id for (_, id), _ in objects(ground.played)}
    some = Random(200).sample(everything, OBJECTS)

    for external_id, name in some:
        by_name, story = told(ground, name)
        by_id, same = told(ground, external_id)
        assert by_id[0].handoff in {match.handoff for match in by_name}, name
        for each in (story, same):
            handed = each.handoffs[0]
            post, source = handed.handoff.post, handed.handoff.provenance
            assert post.native_id in str(raw(ground, each))
            assert (source.post, source.classifier) == (post.key, handed.handoff.signal.found_by)
            assert all("@" in label for label in (source.route, source.classifier, source.reading or ""))
            assert source.config
            assert source.run.startswith("triage")
            assert all("@" in row.mapping and row.attempt and row.outcome for row in handed.deliveries)
            assert told(ground, source.link or "")[0][0].handoff == handed.id
