"""What every destination makes of what its vendor says. A destination joins by having recordings; nobody edits this.

Each recording is played through the vendor's own library. A play that makes another request than the recorded ones,
one more, one less or with another body, ends in Unrecorded.
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import connectors
from hub.domain import Manifest, Receipt
from hub.errors import HubError
from hub.kit.playback import Unrecorded
from hub.kit.recordings import Recording, load_recording
from hub.rehearsal import SECRET, act, deliver, open_destination, recordings

RECORDINGS = recordings(kind="destination")

every_destination = pytest.mark.parametrize("manifest", connectors.manifests(kind="destination"), ids=lambda m: m.name)
every_recording = pytest.mark.parametrize("recording", RECORDINGS, ids=str)
every_answer = pytest.mark.parametrize("recording", [each for each in RECORDINGS if each.ending != "error"], ids=str)
every_trouble = pytest.mark.parametrize("recording", recordings("error", kind="destination"), ids=str)


@every_answer
def test_a_recording_gives_the_expected_receipts(recording: Recording) -> None:
    answers = [answer.plain() for answer in deliver(recording)]

    assert recording.expected is not None
    assert answers == recording.expected


@every_answer
def test_each_delivery_that_is_sent_gets_one_receipt_in_order(recording: Recording) -> None:
    answers = deliver(recording)

    if recording.ending == "receipts":
        sent = [delivery.id for delivery in recording.deliveries]
        told = [answer.delivery for answer in answers if isinstance(answer, Receipt)]
        if recording.story.act == "resume":  # what a job knows nothing of is left to be looked up
            sent = [id for id in sent if id in told]
        assert told == sent
    else:
        asked = {delivery.external_id for delivery in recording.deliveries}
        assert {answer["external_id"] for answer in recording.expected} <= asked


@every_trouble
def test_trouble_gets_its_own_name(recording: Recording) -> None:
    assert recording.expected_error is not None
    with pytest.raises(recording.expected_error) as trouble:
        deliver(recording)

    assert not isinstance(trouble.value, Unrecorded)


@every_recording
def test_exactly_the_recorded_requests_are_made(recording: Recording) -> None:
    transport = recording.transport()
    with open_destination(recording, transport) as destination:
        try:
            act(destination, recording)
        except HubError:
            pass  # which one it must be is asked above

    assert transport.asked == recording.requests
    assert transport.unanswered == []


@every_destination
def test_what_is_written_is_told_to_the_last_field(manifest: Manifest) -> None:
    """A write whose body nobody recorded could lose a field unseen."""
    written = [
        exchange
        for recording in recordings(name=manifest.name)
        for exchange in recording.story.exchanges
        if not exchange.request.startswith("GET ")
    ]

    assert [exchange.request for exchange in written if exchange.sent is None] == []


@every_destination
def test_the_recordings_tell_of_every_way_that_work_can_go(manifest: Manifest) -> None:
    told = recordings(name=manifest.name)
    sent = [[receipt["outcome"] for receipt in each.expected] for each in told if each.ending == "receipts"]
    found = [each.expected for each in told if each.ending == "found"]

    assert {outcome for outcomes in sent for outcome in outcomes} >= {
        "created",
        "updated",
        "refused",
        "unknown",
        "deferred",
    }
    assert any("refused" in outcomes[1:-1] for outcomes in sent), "no refusal stands among good ones"
    assert {bool(records) for records in found} == {True, False}
    assert {each.story.raises for each in told} >= {"AccessDenied", "RateLimited"}


@every_recording
def test_no_secret_and_no_text_reaches_a_log_or_an_error(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        try:
            said = str(deliver(recording))
        except HubError as trouble:
            said = f"{trouble} {trouble!r} {trouble.__cause__!r}"

    shown = caplog.text + said
    words = [text for delivery in recording.deliveries for text in texts_in(delivery.body) if " " in text]
    assert SECRET not in shown
    assert [text for text in words if text in shown] == []


def texts_in(value: Any) -> list[str]:
    """Every text anywhere in a body."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for each in inner for text in texts_in(each)]
    return [value] if isinstance(value, str) else []


def answers_of(story: dict[str, Any]) -> list[dict[str, Any]]:
    exchanges: list[dict[str, Any]] = story["exchanges"]
    return exchanges


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a request that is not made": lambda story: answers_of(story).append({"request": "GET /never", "body": {}}),
    "one request less": lambda story: answers_of(story).pop(),
    "another path": lambda story: answers_of(story)[-1].update(request="POST /elsewhere"),
    "another body": lambda story: answers_of(story)[-1].update(sent={"other": "words"}),
    "the same request once more": lambda story: answers_of(story).append(answers_of(story)[-1]),
}


@every_destination
@pytest.mark.parametrize("change", CHANGES)
def test_a_recording_that_tells_other_requests_is_noticed(tmp_path: Path, manifest: Manifest, change: str) -> None:
    whole = next(each for each in recordings("receipts", name=manifest.name) if "created" in str(each.expected))
    story = json.loads(whole.path.read_bytes())
    CHANGES[change](story)
    path = tmp_path / manifest.name / "recordings" / whole.path.name
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(story), encoding="utf-8")

    with pytest.raises(Unrecorded):
        deliver(load_recording(path))
