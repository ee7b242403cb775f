"""What every network must do. A network joins by having recordings; nobody edits this file."""

import io
import json
import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec
import pytest
import requests
import structlog

import connectors
from hub.domain import Cursor, Manifest, Post, Watch
from hub.errors import HubError, SetupError
from hub.kit import Connection, Limits, Network
from hub.kit.local import SteppedClock
from hub.kit.playback import OneAnswer, Unrecorded
from hub.kit.recordings import STANDS_AT, Recording
from hub.rehearsal import SECRET, golden_text, looked_up, measured, open_network, recordings, replay

NETWORKS = [each for each in connectors.manifests(kind="network") if each.maturity != "draft"]  # those come to it later
CANARY = "CANARY-CONN"
every_network = pytest.mark.parametrize("manifest", NETWORKS, ids=lambda manifest: manifest.name)
every_story = pytest.mark.parametrize("recording", recordings(expects="posts"), ids=str)
every_trouble = pytest.mark.parametrize("recording", recordings(expects="error"), ids=str)


every_account = pytest.mark.parametrize("recording", recordings(expects="measurements"), ids=str)
every_look_up = pytest.mark.parametrize("recording", recordings(expects="lookup"), ids=str)


class Counting(OneAnswer):
    """The same answer to everything, and how often it was asked."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, headers or {}, body)
        self.asked: list[str] = []

    def send(self, request, *args, **options):  # type: ignore[no-untyped-def]
        """The answer."""
        self.asked.append(request.url)
        return super().send(request, *args, **options)

    def open(self, path: str) -> io.BytesIO:
        """The answer as a file, for networks that read files."""
        return io.BytesIO(self.send(requests.Request("GET", "file:///" + path.strip("/")).prepare()).content)


def network(manifest: Manifest, transport: OneAnswer, *, limits: Limits | None = None) -> Network:
    files = transport if isinstance(transport, Counting) else None
    return open_network(manifest.name, transport, clock=SteppedClock(STANDS_AT), limits=limits, files=files)


def posts_of(recording: Recording, cursor: Cursor | None = None) -> list[Post]:
    return [post for page in replay(recording, cursor) for post in page.posts]


@every_story
def test_a_recording_becomes_the_expected_posts(recording: Recording) -> None:
    assert json.loads(msgspec.json.encode(posts_of(recording))) == recording.expected_posts


@every_story
def test_every_post_of_a_recording_is_made_and_none_is_quarantined(recording: Recording) -> None:
    assert [str(problem) for page in replay(recording) for problem in page.quarantined] == []


@every_story
def test_stopping_after_any_page_loses_no_post_and_brings_none_twice(recording: Recording) -> None:
    pages = list(replay(recording))

    for stop, page in enumerate(pages, start=1):
        rest = [post for later in pages[stop:] for post in later.posts]
        assert posts_of(recording, page.cursor) == rest, f"after page {stop}"


@every_story
def test_a_cursor_survives_being_stored(recording: Recording) -> None:
    for page in replay(recording):
        assert Cursor.from_plain(json.loads(json.dumps(page.cursor.plain()))) == page.cursor


@every_account
def test_an_account_s_numbers_are_the_expected_ones(recording: Recording) -> None:
    assert json.loads(msgspec.json.encode(measured(recording))) == recording.expected


@every_look_up
def test_looking_up_gives_the_expected_posts_and_tells_which_are_gone(recording: Recording) -> None:
    posts, gone = looked_up(recording)

    assert {"posts": json.loads(msgspec.json.encode(posts)), "gone": gone} == recording.expected
    asked = {reference.key for reference in recording.story.references}
    assert {post.key for post in posts} | set(gone) <= asked
    assert set(gone).isdisjoint(post.key for post in posts)


@every_trouble
def test_trouble_gets_its_own_name(recording: Recording) -> None:
    assert recording.expected_error is not None
    with pytest.raises(recording.expected_error) as trouble:
        list(replay(recording)) if recording.makes == "posts" else golden_text(recording)

    assert not isinstance(trouble.value, Unrecorded)


@every_network
def test_what_a_network_can_do_is_recorded(manifest: Manifest) -> None:
    made = connectors.load(manifest.name)
    endings = {recording.makes for recording in recordings(name=manifest.name)}

    acts = {recording.story.act for recording in recordings(name=manifest.name)}
    assert ("lookup" in endings) == (made.look_up_size > 0)
    assert ("removals" in acts) == (made.removals_size > 0)
    assert ("measurements" in endings) == (made.measure is not Network.measure)
    assert not (manifest.reread and not made.look_up_size), "it cannot read again what it cannot look up"


@every_network
def test_every_endpoint_that_the_manifest_names_is_asked_in_some_recording(manifest: Manifest) -> None:
    asked = [line.partition("?")[0].split(" ", 1) for each in recordings(name=manifest.name) for line in each.requests]
    aside = {"check", "login"}
    unasked = [
        endpoint.call
        for endpoint in manifest.endpoints
        if not set(endpoint.serves) <= aside and not any(endpoint.matches(*line) for line in asked)
    ]

    assert unasked == []
    served = {each for endpoint in manifest.endpoints for each in endpoint.serves}
    assert manifest.files or not manifest.endpoints or set(manifest.watches) <= served
    assert manifest.files or manifest.endpoints or connectors.load(manifest.name).open_web


@every_network
def test_every_scope_is_asked_for_by_some_endpoint(manifest: Manifest) -> None:
    assert {scope for endpoint in manifest.endpoints for scope in endpoint.scopes} == set(manifest.auth.scopes)


@every_network
def test_every_proof_of_access_costs_at_most_one_request(manifest: Manifest) -> None:
    for name in network(manifest, Counting(200, b"{}")).proofs():
        transport = Counting(200, b"{}")
        with network(manifest, transport) as opened:
            try:
                opened.proofs()[name]()
            except HubError:
                pass
        assert len(transport.asked) <= 1, name


@every_network
def test_some_recording_has_several_pages_and_some_has_a_wait_in_it(manifest: Manifest) -> None:
    stories = [recording.story for recording in recordings(name=manifest.name)]
    statuses = {exchange.status for story in stories for exchange in story.exchanges}

    assert any(len(story.exchanges) > 1 for story in stories) or manifest.files
    assert 429 in statuses or manifest.files


@every_network
def test_an_unknown_kind_of_watch_is_a_mistake_in_the_set_up_and_asks_nothing(manifest: Manifest) -> None:
    transport = Counting(200, b"[]")

    with network(manifest, transport) as opened, pytest.raises(SetupError, match="cannot watch"):
        list(opened.pull(Watch(network=manifest.name, kind="telepathy", value="acme"), Cursor()))
    assert transport.asked == []


@every_network
def test_checking_costs_at_most_one_request(manifest: Manifest) -> None:
    transport = Counting(200, b"{}")

    with network(manifest, transport) as opened:
        opened.check()

    assert len(transport.asked) <= 1


@every_network
def test_a_refused_check_is_told_at_once(manifest: Manifest) -> None:
    transport = Counting(401, b"{}")

    with network(manifest, transport) as opened:
        if opened.open_web or manifest.files:
            opened.check()  # there is no access that could be refused
        else:
            with pytest.raises(SetupError, match=r"token|secrets"):
                opened.check()
    log_ins = [url for url in transport.asked if manifest.is_login("POST", urlsplit(url).path)]
    assert len(transport.asked) - len(log_ins) <= 1
    assert len(log_ins) <= 1


@pytest.fixture
def every_line(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All logging, structlog's as well, down to the last detail."""
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
    with caplog.at_level(logging.DEBUG):
        yield caplog


@pytest.mark.parametrize("recording", recordings(), ids=str)
def test_no_secret_and_no_text_reaches_a_log_or_an_error(
    recording: Recording, every_line: pytest.LogCaptureFixture
) -> None:
    said = []
    try:
        said += [repr(page.cursor) for page in replay(recording)] if recording.makes == "posts" else []
    except HubError as trouble:
        said += [str(trouble), repr(trouble), repr(trouble.__cause__)]

    shown = every_line.text + " ".join(said)
    assert SECRET not in shown
    texts = [post["text"] for post in recording.expected_posts or []] if recording.makes == "posts" else []
    assert [text for text in texts if text and text in shown] == []


@every_network
def test_a_connector_does_not_show_its_secrets(manifest: Manifest) -> None:
    connection = Connection(
        id="canary", login="hub", password=CANARY, host="https://social.test", extra={"access_token": CANARY}
    )
    with network(manifest, Counting(200, b"[]")) as opened:
        whole = connectors.load(manifest.name)(manifest, connection, opened.services)

    assert CANARY not in f"{connection} {connection!r} {whole!r} {whole.services!r}"


@every_network
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"Slow down!"),
        (200, b"<html>"),
        (200, b"[[[]]]"),
        (200, b'{"data": 7}'),
        (200, b'{"data": [7]}'),
        (200, b"[7]"),
        (200, b"[{}]"),
        (200, b"null"),
        (200, b'{"data": [{"id": "1", "text": "cut'),
        (200, b'[{"id": "1", "id": "2"}]'),
        (200, b'{"a":' * 50_000),
        (200, b"\xff\xfe\x00\x01"),
        (204, b""),
        (302, b""),
        (418, b"{}"),
        (500, b"{}"),
    ],
    ids=lambda value: str(value[:20] if isinstance(value, bytes) else value),
)
def test_whatever_is_answered_ends_in_posts_or_in_an_error_of_ours(
    manifest: Manifest, status: int, body: bytes
) -> None:
    recording = next(each for each in recordings(expects="posts", name=manifest.name))

    with network(manifest, Counting(status, body), limits=Limits(max_requests=1)) as opened:
        try:
            records = [record for page in opened.pull(recording.watch, Cursor()) for record in page.records]
        except HubError:
            records = []
    assert records == []
