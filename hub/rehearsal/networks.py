"""A network's connector and its mapping, rehearsed: over recordings, and over what others recorded.

What comes out is what triage would make of it: typed posts, what would be quarantined and why, and the named error
that a run would end in.
"""

import dataclasses
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from requests.adapters import BaseAdapter

import connectors
from hub.domain import Cursor, Post, Watch
from hub.errors import HubError, SetupError
from hub.kit import Connection, Limits, Network, Services
from hub.kit.http import wire_of
from hub.kit.local import LocalMemory, SteppedClock
from hub.kit.recordings import (
    Exchange,
    OneAnswer,
    Question,
    Recording,
    Story,
    Tape,
    body_bytes,
    exchanges_of,
    load_recording,
)
from hub.kit.scrub import Scrubber
from hub.mapping import Mapping, load_mapping
from hub.rehearsal.stories import SECRET, Outcome, name_of, shown, told_trouble
from hub.stages.posts import PostMaker
from hub.stages.validate import BadRecord, sort_records

RECORDED_PAGES = 3  # enough to see how a network pages
RECORDED_REACH = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What became of some records: posts, and what is set aside with its reason."""

    posts: tuple[Post, ...] = ()
    quarantined: tuple[BadRecord, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, kw_only=True)
class RehearsedPage(Reading):
    """One page, understood; `cursor` is safe to keep after it."""

    cursor: Cursor


def replay(recording: Recording, cursor: Cursor | None = None) -> Iterator[RehearsedPage]:
    """The pages that the connector makes of a recording, from a cursor on; raises what the recording ends in."""
    clock = SteppedClock(recording.story.at)
    with open_network(recording.connector, recording.transport(), clock=clock) as network:
        watch = recording.watch
        for page in network.pull(watch, cursor or Cursor()):
            reading = understand(recording.connector, watch, page.records, at=recording.story.at)
            yield RehearsedPage(
                posts=reading.posts, quarantined=reading.quarantined, skipped=reading.skipped, cursor=page.cursor
            )


def open_network(
    name: str,
    transport: BaseAdapter,
    *,
    clock: SteppedClock,
    host: str | None = None,
    limits: Limits | None = None,
) -> Network:
    """A network whose other side is `transport`; its secrets are made up."""
    manifest, made = connectors.manifest(name), connectors.load(name)
    if not issubclass(made, Network):
        raise SetupError(f"{manifest.title} is a destination; it is handed deliveries and asked no watch.")
    secrets = dict.fromkeys(manifest.auth.secrets, SECRET)
    address = host or manifest.base_url or f"https://{manifest.hosts[0] if manifest.hosts else f'{name}.test'}"
    connection = Connection(id=f"{name}_rehearsed", host=address, extra=secrets)
    return made(manifest, connection, Services.local(clock=clock, limits=limits, transport=transport))


def understand(name: str, watch: Watch, records: Sequence[dict[str, Any]], *, at: datetime) -> Reading:
    """What the network's mapping makes of these records, collected at this moment."""
    mapping = _mapping(name)
    maker = PostMaker(network=name, record_type=mapping.reads, watch=watch.key, collected_at=at)
    found = sort_records(records, mapping, maker)
    return Reading(posts=tuple(post for post, _ in found.posts), quarantined=tuple(found.bad), skipped=found.skipped)


def record(network: Network, *, kind: str, value: str, name: str | None = None, folder: Path | None = None) -> Path:
    """Ask the real network once and write down what it said, with everything invented that could lead to a person.

    The file goes to the connector's recordings, unless a folder is named.
    """
    since = network.services.clock.now() - RECORDED_REACH
    watch = Watch(network=network.manifest.name, kind=kind, value=value, since=since)
    tape = Tape(network.services.transport or wire_of(network.services, open_web=network.open_web))
    services = dataclasses.replace(network.services, transport=tape, memory=LocalMemory(network.services.clock))
    raises: str | None = None
    with type(network)(network.manifest, network.connection, services) as asked:
        try:
            for _ in itertools.islice(asked.pull(watch, Cursor()), RECORDED_PAGES):
                pass
        except HubError as trouble:
            if not tape.exchanges:  # nothing was said, so there is nothing to write down
                raise
            raises = name_of(trouble)
    told = Scrubber(tape.exchanges, secrets=_secrets_of(network.connection), keep=value).exchanges()
    story = Story(
        source=f"recorded on {network.services.clock.now():%Y-%m-%d}",
        watch=Question(kind=kind, value=value, since=since),
        exchanges=tuple(told),
        raises=raises,
        at=network.services.clock.now(),
    )
    return _written(folder or connectors.folder(network.manifest.name) / "recordings", name or f"{kind}_{value}", story)


def _written(folder: Path, name: str, story: Story) -> Path:
    stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "recording"
    path = folder / f"{stem}.json"
    if path.exists():
        raise SetupError(f"{shown(path)} is there already; name another with --to.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(story), indent=2) + b"\n")
    return shown(path)


def _secrets_of(connection: Connection) -> list[str]:
    told = (connection.login, connection.password, *connection.extra.values())
    return [each for each in told if isinstance(each, str) and each]


def rehearse_file(name: str, path: Path) -> Iterator[Outcome]:
    """What a file leads to: a recording, other people's cases, or one body as it came over the wire."""
    try:
        body = path.read_bytes()
    except OSError as broken:
        raise SetupError(f"{path} cannot be read: {broken.strerror}.") from broken
    form = _form_of(body)
    if "exchanges" in form:
        yield from rehearse_recording(load_recording(path, connector=name))
    elif isinstance(form.get("interactions"), list):
        for number, exchange in enumerate(exchanges_of(form["interactions"]), start=1):
            outcome = rehearse_answer(name, exchange, body_bytes(exchange.body))
            yield {"file": str(path), "response": number} | outcome
    else:
        yield {"file": str(path), "response": 1} | rehearse_answer(name, Exchange(request="GET /"), body)


def plain_posts(recording: Recording) -> list[dict[str, Any]]:
    """The posts of a recording as its golden holds them."""
    return [post.plain() for page in replay(recording) for post in page.posts]


def rehearse_answer(name: str, exchange: Exchange, body: bytes) -> Outcome:
    """What one answer leads to: its posts, or the named error."""
    now = datetime.now(UTC)
    url = exchange.request.partition(" ")[2]
    parts = urlsplit(url)
    host = f"{parts.scheme}://{parts.netloc}" if parts.netloc else None
    transport = OneAnswer(exchange.status, exchange.headers, body)
    told: Outcome = {"request": exchange.request.partition("?")[0], "status": exchange.status}
    with open_network(name, transport, clock=SteppedClock(now), host=host, limits=Limits(max_requests=1)) as network:
        try:
            records = network.read(url if host else f"{network.base_url}/{url.removeprefix('/')}")
        except HubError as trouble:
            return told | told_trouble(trouble) | {"holds": described(body)}
    watch = Watch(network=name, kind="rehearsal", value=parts.path or "/")
    return told | _said(understand(name, watch, records, at=now))


def rehearse_recording(recording: Recording) -> Iterator[Outcome]:
    """One outcome for each page."""
    told = {"file": str(shown(recording.path))}
    number = 0
    try:
        for number, page in enumerate(replay(recording), start=1):
            yield told | {"page": number} | _said(page)
    except HubError as trouble:
        yield told | {"page": number + 1} | told_trouble(trouble)


def _said(reading: Reading) -> Outcome:
    posts: Outcome = {"posts": [post.plain() for post in reading.posts]}
    refused = [{"reason": each.reason, "detail": each.detail} for each in reading.quarantined]
    return posts | {"quarantined": refused, "skipped": reading.skipped}


def described(body: bytes) -> str:
    """What a body is that holds no records, without what people wrote in it."""
    if not body.strip():
        return "nothing"
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return "a page" if body.lstrip()[:1] == b"<" else f"{len(body)} bytes that are no JSON"
    if isinstance(value, dict):
        return "an object with " + (", ".join(list(value)[:8]) or "nothing in it")
    return f"a list of {len(value)}" if isinstance(value, list) else f"a {type(value).__name__}"


def _form_of(body: bytes) -> dict[str, Any]:
    """The file as an object, if it is one; other bodies are taken as they are."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _mapping(name: str) -> Mapping:
    return load_mapping(connectors.mapping_path(name))
