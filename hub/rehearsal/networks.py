"""A network's connector and its mapping, rehearsed: over recordings, and over what others recorded.

What comes out is what triage would make of it: typed posts, what would be quarantined and why, and the named error
that a run would end in.
"""

import dataclasses
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from requests.adapters import BaseAdapter

import connectors
from hub.domain import Cursor, Measurement, Post, Watch
from hub.errors import HubError, SetupError
from hub.kit import Connection, Files, Limits, Network, Services, Token
from hub.kit.http import wire_of
from hub.kit.local import LocalMemory, SteppedClock
from hub.kit.playback import Tape
from hub.kit.recordings import Question, Recording, Story
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
    gone: dict[str, str] = dataclasses.field(default_factory=dict)  # by key; among the skipped


@dataclass(frozen=True, kw_only=True)
class RehearsedPage(Reading):
    """One page, understood; `cursor` is safe to keep after it."""

    cursor: Cursor


def replay(recording: Recording, cursor: Cursor | None = None) -> Iterator[RehearsedPage]:
    """The pages that the connector makes of a recording, from a cursor on; raises what the recording ends in."""
    watch = recording.watch
    with _playing(recording) as network:
        for page in network.pull(watch, cursor or Cursor()):
            reading = understand(recording.connector, watch, page.records, at=recording.story.at)
            yield RehearsedPage(
                posts=reading.posts, quarantined=reading.quarantined, skipped=reading.skipped, gone=reading.gone,
                cursor=page.cursor,
            )  # fmt: skip


def open_network(
    name: str,
    transport: BaseAdapter,
    *,
    clock: SteppedClock,
    host: str | None = None,
    limits: Limits | None = None,
    files: Files | None = None,
    told: dict[str, Any] | None = None,
    any_call: bool = False,
    signed_in: bool = True,
    logged_in: bool = True,
) -> Network:
    """A network whose other side is `transport`, reached as `told` says; its secrets are made up.

    `any_call`: also those that its manifest does not name, for bodies of which nobody knows what was asked.
    `signed_in`: with secrets, `logged_in`: and a token was given for them already.
    """
    manifest, made = connectors.manifest(name), connectors.load(name)
    manifest = manifest.with_(endpoints=()) if any_call else manifest
    if not issubclass(made, Network):
        raise SetupError(f"{manifest.title} is a destination; it is handed deliveries and asked no watch.")
    told = told or {}
    extra = {**told.get("extra", {}), **dict.fromkeys(manifest.auth.secrets if signed_in else (), SECRET)}
    address = host or told.get("host") or manifest.base_url or f"https://{(*manifest.hosts, f'{name}.test')[0]}"
    connection = Connection(id=f"{name}_rehearsed", host=address, extra=extra)
    services = Services.local(clock=clock, limits=limits, transport=transport, files=files)
    if logged_in:
        services.tokens.get(connection.id, lambda _: Token(value=SECRET))
    return made(manifest, connection, services)


def understand(name: str, watch: Watch, records: Sequence[dict[str, Any]], *, at: datetime) -> Reading:
    """What the network's mapping makes of these records, collected at this moment."""
    mapping = _mapping(name)
    maker = PostMaker(network=name, record_type=mapping.reads, watch=watch.key, collected_at=at)
    found = sort_records(records, mapping, maker)
    posts = tuple(post for post, _ in found.posts)
    return Reading(posts=posts, quarantined=tuple(found.bad), skipped=found.skipped, gone=found.gone)


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


def plain_answers(recording: Recording) -> Any:
    """What a recording ends in as its golden holds it: posts, measurements, or what a look-up found."""
    if recording.makes == "measurements":
        return [each.plain() for each in measured(recording)]
    if recording.makes == "lookup":
        posts, gone = looked_up(recording)
        return {"posts": [post.plain() for post in posts], "gone": gone}
    return [post.plain() for page in replay(recording) for post in page.posts]


def measured(recording: Recording) -> list[Measurement]:
    """The numbers of the recording's account."""
    with _playing(recording) as network:
        return list(network.measure(recording.story.account or ""))


def looked_up(recording: Recording) -> tuple[list[Post], dict[str, str]]:
    """The posts that the recording's references lead to, and why the others are gone."""
    watch = Watch(network=recording.connector, kind="rehearsal", value="look-up")
    posts: list[Post] = []
    gone: dict[str, str] = {}
    with _playing(recording) as network:
        if recording.story.act == "removals":
            return [], network.removals(recording.story.references).gone
        for found in network.look_up(recording.story.references):
            posts += understand(recording.connector, watch, found.records, at=recording.story.at).posts
            gone |= found.gone
    return posts, gone


def _playing(recording: Recording) -> Network:
    """The network of a recording; it has logged in before, unless the recording tells of a log-in."""
    story, manifest = recording.story, connectors.manifest(recording.connector)
    lines = [line.partition("?")[0].split(" ", 1) for line in recording.requests]
    network = open_network(
        recording.connector, recording.transport(), clock=SteppedClock(story.at), files=recording.files(),
        told=story.connection, signed_in=story.signed_in, logged_in=not any(manifest.is_login(*line) for line in lines),
    )  # fmt: skip
    for key, value in story.memory.items():
        network.services.memory.set(key, value)
    return network


def rehearse_recording(recording: Recording) -> Iterator[Outcome]:
    """One outcome for each post, measurement or error."""
    told = {"file": str(shown(recording.path))}
    if recording.story.watch is None:
        yield from _rehearsed_answers(recording, told)
        return
    number = 0
    try:
        for number, page in enumerate(replay(recording), start=1):
            for line in said(page):
                yield told | {"page": number} | line
    except HubError as trouble:
        yield told | {"page": number + 1} | told_trouble(trouble)


def _rehearsed_answers(recording: Recording, told: Outcome) -> Iterator[Outcome]:
    try:
        if recording.story.account is not None:
            yield from (told | {"metric": each.plain()} for each in measured(recording))
        elif recording.story.references:
            posts, gone = looked_up(recording)
            yield from (told | {"post": post.plain()} for post in posts)
            yield from (told | {"gone": key, "reason": reason} for key, reason in gone.items())
        else:
            raise SetupError(f"The recording {recording} is a destination's: it has deliveries.")
    except HubError as trouble:
        yield told | told_trouble(trouble)


def said(reading: Reading) -> Iterator[Outcome]:
    yield from ({"post": post.plain()} for post in reading.posts)
    yield from ({"quarantined": each.reason, "detail": each.detail} for each in reading.quarantined)
    yield from ({"gone": key, "reason": reason} for key, reason in reading.gone.items())
    if skipped := reading.skipped - len(reading.gone):
        yield {"skipped": skipped}


def _mapping(name: str) -> Mapping:
    return load_mapping(connectors.mapping_path(name))
