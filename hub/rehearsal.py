"""Runs a network's connector and its mapping without the network: over recordings, and over what others recorded.

Time stands still and nothing leaves the process. What comes out is what triage would make of it: typed posts, what
would be quarantined and why, and the named error that a run would end in.
"""

import dataclasses
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from requests.adapters import BaseAdapter, HTTPAdapter

import connectors
from hub import errors
from hub.domain import Cursor, Manifest, Post, Watch
from hub.errors import HubError, SetupError
from hub.kit import Connection, Limits, Network, Services
from hub.kit.gate import GatedAdapter
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
    load_recordings,
)
from hub.kit.scrub import Scrubber
from hub.mapping import Mapping, load_mapping
from hub.stages.posts import PostMaker
from hub.stages.validate import BadRecord, sort_records

Outcome = dict[str, Any]
SECRET = "rehearsed-secret"
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


def recordings(expects: Literal["posts", "error"] | None = None, *, name: str | None = None) -> list[Recording]:
    """Recordings of all networks, or of one: those that end in posts, those that end in an error, or both."""
    names = [name] if name else [manifest.name for manifest in connectors.manifests(kind="network")]
    found = [each for one in names for each in load_recordings(connectors.folder(one) / "recordings")]
    return [each for each in found if expects is None or (each.story.raises is None) == (expects == "posts")]


def replay(recording: Recording, cursor: Cursor | None = None) -> Iterator[RehearsedPage]:
    """The pages that the connector makes of a recording, from a cursor on; raises what the recording ends in."""
    clock = SteppedClock(recording.story.at)
    with open_network(recording.network, recording.transport(), clock=clock) as network:
        watch = recording.watch
        for page in network.pull(watch, cursor or Cursor()):
            reading = understand(recording.network, watch, page.records, at=recording.story.at)
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
    manifest = _network_manifest(name)
    made = connectors.load(name)
    if not issubclass(made, Network):
        raise SetupError(f"{manifest.title} is a destination; only networks are rehearsed.")
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


def write_goldens(name: str | None = None) -> Iterator[tuple[Path, bool]]:
    """Write beside each recording what we make of it; yields each file and whether it changed."""
    if name is not None:
        _network_manifest(name)
    found = recordings(expects="posts", name=name)
    if name is not None and not found:
        raise SetupError(f"connectors/{name}/recordings has nothing that ends in posts; write one, or `hub record`.")
    for recording in found:
        text = golden_text(recording)
        changed = not recording.golden.is_file() or recording.golden.read_bytes() != text
        if changed:
            recording.golden.write_bytes(text)
        yield _shown(recording.golden), changed


def record(network: Network, *, kind: str, value: str, name: str | None = None, folder: Path | None = None) -> Path:
    """Ask the real network once and write down what it said, with everything invented that could lead to a person.

    The file goes to the connector's recordings, unless a folder is named.
    """
    since = network.services.clock.now() - RECORDED_REACH
    watch = Watch(network=network.manifest.name, kind=kind, value=value, since=since)
    wire = GatedAdapter(network.services.resolve) if network.open_web else HTTPAdapter(max_retries=0)
    tape = Tape(network.services.transport or wire)
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
        raise SetupError(f"{_shown(path)} is there already; name another with --to.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(story), indent=2) + b"\n")
    return _shown(path)


def _secrets_of(connection: Connection) -> list[str]:
    told = (connection.login, connection.password, *connection.extra.values())
    return [each for each in told if isinstance(each, str) and each]


def golden_text(recording: Recording) -> bytes:
    """The posts of a recording as its golden holds them."""
    posts = [post.plain() for page in replay(recording) for post in page.posts]
    return msgspec.json.format(msgspec.json.encode(posts), indent=2) + b"\n"


def rehearse(name: str, files: Iterable[Path] = ()) -> Iterator[Outcome]:
    """One plain outcome for each page of our recordings, or for each response in the files of others."""
    _network_manifest(name)
    chosen = list(files)
    if not chosen:
        for recording in recordings(name=name):
            yield from _rehearse_recording(recording)
    for path in chosen:
        yield from _rehearse_file(name, Path(path))


def _rehearse_file(name: str, path: Path) -> Iterator[Outcome]:
    try:
        body = path.read_bytes()
    except OSError as broken:
        raise SetupError(f"{path} cannot be read: {broken.strerror}.") from broken
    form = _form_of(body)
    if "exchanges" in form and "watch" in form:
        yield from _rehearse_recording(dataclasses.replace(load_recording(path), network=name))
    elif isinstance(form.get("interactions"), list):
        for number, exchange in enumerate(exchanges_of(form["interactions"]), start=1):
            outcome = rehearse_answer(name, exchange, body_bytes(exchange.body))
            yield {"file": str(path), "response": number} | outcome
    else:
        yield {"file": str(path), "response": 1} | rehearse_answer(name, Exchange(request="GET /"), body)


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
            return told | _trouble(trouble) | {"holds": described(body)}
    watch = Watch(network=name, kind="rehearsal", value=parts.path or "/")
    return told | _said(understand(name, watch, records, at=now))


def _rehearse_recording(recording: Recording) -> Iterator[Outcome]:
    told = {"file": str(_shown(recording.path))}
    number = 0
    try:
        for number, page in enumerate(replay(recording), start=1):
            yield told | {"page": number} | _said(page)
    except HubError as trouble:
        yield told | {"page": number + 1} | _trouble(trouble)


def _said(reading: Reading) -> Outcome:
    posts: Outcome = {"posts": [post.plain() for post in reading.posts]}
    refused = [{"reason": each.reason, "detail": each.detail} for each in reading.quarantined]
    return posts | {"quarantined": refused, "skipped": reading.skipped}


def _trouble(trouble: HubError) -> Outcome:
    outcome: Outcome = {"error": name_of(trouble), "detail": str(trouble)}
    wait = getattr(trouble, "retry_after", None)
    return outcome if wait is None else outcome | {"retry_after": wait}


def name_of(trouble: HubError) -> str:
    """The name under which an error is known in hub.errors, whatever finer kind it is."""
    return next(kind.__name__ for kind in type(trouble).__mro__ if kind.__module__ == errors.__name__)


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


def _network_manifest(name: str) -> Manifest:
    manifest = connectors.manifest(name)
    if manifest.kind != "network":
        raise SetupError(f"{manifest.title} is a destination; only networks have recordings.")
    return manifest


def _mapping(name: str) -> Mapping:
    return load_mapping(connectors.mapping_path(name))


def _shown(path: Path) -> Path:
    """The path as one writes it at the repository's root."""
    return path.relative_to(connectors.ROOT.parent) if path.is_relative_to(connectors.ROOT.parent) else path
