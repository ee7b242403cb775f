"""Recordings: what a system once said, played back in place of the wire.

A recording is a JSON file: what was asked, the exchanges that followed, and, where they end in trouble, the name of
our error for it. A network is asked by a `watch`, by an `account` whose numbers it is to give, or by `references` to
posts that it is to look up; a destination by `deliveries`, which it sends or looks up. Beside it lies the golden:
what we make of it.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from hub import errors
from hub.domain import Delivery, Reference, Watch
from hub.domain.model import Model, Moment
from hub.errors import HubError, SetupError
from hub.kit.matching import line_of, shown
from hub.kit.playback import Exchange, ReplayFiles, ReplayTransport

GOLDENS = {  # by what a recording ends in
    "posts": ".posts.json",
    "measurements": ".measurements.json",
    "lookup": ".lookup.json",
    "receipts": ".receipts.json",
    "found": ".found.json",
}
STANDS_AT = datetime(2025, 3, 5, 12, tzinfo=UTC)  # the time it is in a recording that does not say

Made = Literal["posts", "measurements", "lookup", "receipts", "found"]
Ending = Literal[Made, "error"]


class Question(Model):
    """The watch of a recording; its network is that of the folder."""

    kind: str
    value: str
    since: Moment | None = None
    layout: dict[str, str] = {}


class Story(Model):
    """The file's own form; it has a watch, an account, references or deliveries."""

    source: str
    exchanges: tuple[Exchange, ...]
    watch: Question | None = None
    account: str | None = None  # one of ours, to be measured
    references: tuple[Reference, ...] = ()  # posts to be looked up
    act: Literal["send", "find", "resume", "removals"] = (
        "send"  # what is done with the deliveries; or with the references
    )
    deliveries: tuple[dict[str, Any], ...] = ()  # a Delivery's fields; the destination is that of the folder
    connection: dict[str, Any] = {}  # where it was reached: a connection's fields, but for its secrets
    memory: dict[str, Any] = {}  # what was looked up before, and is remembered
    signed_in: bool = True  # with made-up secrets; false where they are optional and there are none
    raises: str | None = None
    at: Moment = STANDS_AT


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One recording of one connector."""

    path: Path
    connector: str
    story: Story
    deliveries: tuple[Delivery, ...] = ()  # what a destination was handed

    def __str__(self) -> str:
        return f"{self.connector}/{self.path.stem}"

    @property
    def watch(self) -> Watch:
        """The question that a network was asked."""
        question = self.story.watch
        if question is None:
            raise SetupError(f"The recording {self} asks no watch of a network.")
        return Watch(
            network=self.connector, kind=question.kind, value=question.value, since=question.since,
            layout=question.layout,
        )  # fmt: skip

    @property
    def requests(self) -> list[str]:
        """Every request it tells of, in order and without hosts."""
        return [shown(line_of(*exchange.request.split(" ", 1))) for exchange in self.story.exchanges]

    @property
    def makes(self) -> Made:
        """What comes out of a recording of this form, unless it ends in an error."""
        if self.story.watch is not None:
            return "posts"
        if self.story.account is not None:
            return "measurements"
        if self.story.references:
            return "lookup"
        return "found" if self.story.act == "find" else "receipts"

    @property
    def ending(self) -> Ending:
        """What it ends in."""
        return "error" if self.story.raises is not None else self.makes

    @property
    def golden(self) -> Path:
        """Where the expected result is."""
        return self.path.with_name(self.path.stem + GOLDENS[self.makes])

    @property
    def expected(self) -> Any:
        """What we make of it, as written and reviewed before; None while there is no golden."""
        return json.loads(self.golden.read_bytes()) if self.golden.is_file() else None

    @property
    def expected_posts(self) -> Any:
        """What we make of a network's recording."""
        return self.expected

    @property
    def expected_error(self) -> type[HubError] | None:
        """Our error for the trouble it ends in."""
        return None if self.story.raises is None else getattr(errors, self.story.raises)

    def transport(self) -> ReplayTransport:
        """The other side, ready to answer from the first exchange on."""
        return ReplayTransport(self.story.exchanges, name=str(self), folder=self.path.parent)

    def files(self) -> ReplayFiles:
        """The files that it tells of."""
        return ReplayFiles(self.transport())


def load_recordings(folder: Path) -> list[Recording]:
    """The recordings of a connector's folder `recordings/`, by name."""
    files = sorted(path for path in folder.glob("*.json") if not path.name.endswith(tuple(GOLDENS.values())))
    return [load_recording(path) for path in files]


def load_recording(path: Path, *, connector: str | None = None) -> Recording:
    """The recording in this file, of the folder's connector; SetupError says what is wrong with it."""
    name, connector = f"{path.parent.parent.name}/{path.name}", connector or path.parent.parent.name
    told = {"destination": connector, "handoff": "rehearsed"}
    try:
        story = msgspec.json.decode(path.read_bytes(), type=Story)
        deliveries = tuple(Delivery.from_plain(told | each) for each in story.deliveries)
    except (msgspec.MsgspecError, OSError) as wrong:
        raise SetupError(f"The recording {name} cannot be read: {wrong}") from wrong
    trouble = getattr(errors, story.raises, None) if story.raises else HubError
    if not (isinstance(trouble, type) and issubclass(trouble, HubError)):
        raise SetupError(f"The recording {name} ends in {story.raises!r}, which is none of our errors.")
    asked = (story.watch is not None, story.account is not None, bool(story.references), bool(deliveries))
    if sum(asked) != 1:
        raise SetupError(f"The recording {name} needs one of: a watch, an account, references or deliveries.")
    return Recording(path=path, connector=connector, story=story, deliveries=deliveries)
