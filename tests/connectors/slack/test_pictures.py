"""A report in a channel: one message that shows its pictures, whatever breaks on the way."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from hub.domain import Delivery
from hub.errors import SetupError
from hub.kit import Destination
from tests.connectors.slack.conftest import owner
from tests.contract.bench import Bench, send, settle

PICTURES = {
    sha256(name.encode()).hexdigest(): b"\x89PNG\r\n\x1a\n" + name.encode() for name in ("mentions", "sentiment")
}


class Shelf:
    """The files that the hub keeps."""

    def read(self, digest: str) -> bytes:
        if digest not in PICTURES:
            raise SetupError("gone")
        return PICTURES[digest]


@pytest.fixture
def slack(bench: Bench) -> Iterator[Destination]:
    bench.services = replace(bench.services, kept=Shelf())
    with bench.ready() as destination:
        yield destination


def report(number: int = 1, **more: Any) -> Delivery:
    first, second = PICTURES
    body = {
        "channel": "#social-ops", "text": "Weekly report",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Weekly report"}},
            {"type": "image", "slack_file": {"id": first}, "alt_text": "Mentions"},
            {"type": "image", "slack_file": {"id": second}, "alt_text": "Sentiment"},
        ],
        "pictures": [{"digest": digest, "name": digest[:6], "alt": "What it shows"} for digest in PICTURES],
    }  # fmt: skip
    return Delivery(
        id=number, destination="slack", object="report", external_id=f"{number:032x}", version=1, body=body,
        digest=f"digest {number}", handoff="report", attempt=1, claimed_at=datetime.now(UTC), **more,
    )  # fmt: skip


def rows(bench: Bench, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(bench.ask(f"/state/slack/{table}"))
    return [row for row in found if row.get("channel") in (None, "C0OPS")]  # the bench warms up elsewhere


def test_a_report_is_one_message_that_shows_its_pictures(bench: Bench, slack: Destination) -> None:
    (receipt,) = slack.send([report()])

    (message,) = rows(bench, "messages")
    files = {row["id"]: base64.b64decode(row["content"]) for row in rows(bench, "files")}
    shown = [files[block["slack_file"]["id"]] for block in message["blocks"] if block["type"] == "image"]
    assert receipt.outcome == "created"
    assert shown == list(PICTURES.values())
    assert {row.get("channel") for row in rows(bench, "files")} == {None}  # shared nowhere by themselves
    assert message["metadata"]["event_payload"]["external_id"] == report().external_id


def test_a_lost_answer_is_looked_up_and_there_is_one_message(bench: Bench, slack: Destination) -> None:
    bench.fault(kind="drop_after")

    outcomes = send(slack, [report()])
    settle(slack, [report()])

    assert outcomes == ["unknown"]
    assert len(rows(bench, "messages")) == 1


@pytest.mark.parametrize(
    "step", ["/api/files.getUploadURLExternal", "/upload/v1/*", "/api/files.completeUploadExternal"]
)
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status"])
def test_an_upload_that_breaks_posts_nothing_and_is_made_good(
    bench: Bench, slack: Destination, step: str, kind: str
) -> None:
    bench.sandbox.control.fault(system="slack", kind=kind, path_glob=step)

    first = send(slack, [report()])
    posted_before = len(rows(bench, "messages"))
    (second,) = slack.send([report()])

    assert first == ["deferred"]
    assert posted_before == 0
    assert second.outcome == "created"
    assert len(rows(bench, "messages")) == 1


def test_without_the_scope_for_files_the_figures_come_without_pictures(bench: Bench, slack: Destination) -> None:
    owner("scopes?granted=chat:write,channels:history,channels:read")

    (receipt,) = slack.send([report()])

    (message,) = rows(bench, "messages")
    assert receipt.outcome == "created"
    assert [block["type"] for block in message["blocks"]] == ["header", "context"]
    assert "files:write" in json.dumps(message["blocks"])


def test_pictures_that_slack_is_not_ready_to_show_are_tried_again(bench: Bench, slack: Destination) -> None:
    answer = {"ok": False, "error": "invalid_blocks"}
    bench.fault(kind="status", status=200, body=json.dumps(answer), headers={"Content-Type": "application/json"})

    (receipt,) = slack.send([report()])

    assert receipt.outcome == "created"
    assert "image" in {block["type"] for block in rows(bench, "messages")[0]["blocks"]}


def test_a_later_version_changes_the_message_and_uploads_nothing_again(bench: Bench, slack: Destination) -> None:
    (made,) = slack.send([report()])

    later = report().with_(version=2, object_id=made.object_id, digest="later")
    (changed,) = slack.send([later])

    assert changed.outcome == "updated"
    assert len(rows(bench, "files")) == 2
    assert len(rows(bench, "messages")) == 1


def test_many_reports_for_one_channel_stay_messages_of_their_own(slack: Destination) -> None:
    parcels = list(slack.folding.parcels([report(number) for number in range(1, 9)]))

    assert [len(parcel.deliveries) for parcel in parcels] == [1] * 8
