"""Recordings: what a system once said, played back in place of the wire.

A recording is a JSON file: the watch that was asked, the exchanges that followed, and, where they end in trouble,
the name of our error for it. Beside it lies the golden: what we make of it. Requests are matched by method, path
and query, whatever the order of the query. Where one request stands several times its answers come in turn, and the
last one stays; an exchange with `given` answers only requests that carry those headers.
"""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from hub import errors
from hub.domain import Watch
from hub.domain.model import Model, Moment
from hub.errors import HubError, SetupError

GOLDEN = ".posts.json"
STANDS_AT = datetime(2025, 3, 5, 12, tzinfo=UTC)  # the time it is in a recording that does not say
WIRE_ONLY = ("content-encoding", "transfer-encoding", "content-length")  # said of bytes that were unpacked long ago

Line = tuple[str, str, str, tuple[tuple[str, str], ...]]


class Exchange(Model):
    """One request, as `GET /path?query` or with its host, and what was answered."""

    request: str
    given: dict[str, str] = {}  # headers that the request must carry
    status: int = 200
    headers: dict[str, str] = {}
    body: Any = None  # decoded JSON, or text
    body_file: str | None = None  # in place of `body`: a file beside the recording, byte for byte


class Question(Model):
    """The watch of a recording; its network is that of the folder."""

    kind: str
    value: str
    since: Moment | None = None


class Story(Model):
    """The file's own form."""

    source: str
    watch: Question
    exchanges: tuple[Exchange, ...]
    raises: str | None = None
    at: Moment = STANDS_AT


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One recording of one network; it ends in posts or in an error."""

    path: Path
    network: str
    story: Story

    def __str__(self) -> str:
        return f"{self.network}/{self.path.stem}"

    @property
    def watch(self) -> Watch:
        """The question that was asked."""
        question = self.story.watch
        return Watch(network=self.network, kind=question.kind, value=question.value, since=question.since)

    @property
    def golden(self) -> Path:
        """Where the expected posts are."""
        return self.path.with_name(self.path.stem + GOLDEN)

    @property
    def expected_posts(self) -> Any:
        """What we make of it, as written and reviewed before; None while there is no golden."""
        return json.loads(self.golden.read_bytes()) if self.golden.is_file() else None

    @property
    def expected_error(self) -> type[HubError] | None:
        """Our error for the trouble it ends in."""
        return None if self.story.raises is None else getattr(errors, self.story.raises)

    def transport(self) -> "ReplayTransport":
        """The other side, ready to answer from the first exchange on."""
        return ReplayTransport(self.story.exchanges, name=str(self), folder=self.path.parent)


def load_recordings(folder: Path) -> list[Recording]:
    """The recordings of a connector's folder `recordings/`, by name."""
    files = sorted(path for path in folder.glob("*.json") if not path.name.endswith(GOLDEN))
    return [load_recording(path) for path in files]


def load_recording(path: Path) -> Recording:
    """The recording in this file; SetupError says what is wrong with one that cannot be played."""
    name = f"{path.parent.parent.name}/{path.name}"
    try:
        story = msgspec.json.decode(path.read_bytes(), type=Story)
    except (msgspec.MsgspecError, OSError) as wrong:
        raise SetupError(f"The recording {name} cannot be read: {wrong}") from wrong
    trouble = getattr(errors, story.raises, None) if story.raises else HubError
    if not (isinstance(trouble, type) and issubclass(trouble, HubError)):
        raise SetupError(f"The recording {name} ends in {story.raises!r}, which is none of our errors.")
    return Recording(path=path, network=path.parent.parent.name, story=story)


class Unrecorded(SetupError):
    """A connector asked what its recording does not answer."""


class ReplayTransport(BaseAdapter):
    """Answers from a recording; nothing leaves the process."""

    def __init__(self, exchanges: tuple[Exchange, ...], *, name: str, folder: Path) -> None:
        super().__init__()
        self._name, self._folder = name, folder
        self._waiting = [(line_of(*exchange.request.split(" ", 1)), exchange) for exchange in exchanges]
        self.asked: list[str] = []  # every request so far, for tests that count

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """The next answer to this request."""
        line = line_of(request.method or "", request.url or "")
        self.asked.append(shown(line))
        fitting = [place for place, (told, each) in enumerate(self._waiting) if _fits(told, line, each, request)]
        if not fitting:
            raise Unrecorded(f"The recording {self._name} has no answer to {shown(line)}; add an exchange for it.")
        exchange = self._waiting[fitting[0]][1]
        alike = [place for place in fitting if self._waiting[place][1].given == exchange.given]
        if len(alike) > 1:  # the last answer to a request stays
            del self._waiting[fitting[0]]
        return answer(request, exchange.status, exchange.headers, self._body(exchange))

    def close(self) -> None:
        """There is no wire to hang up."""

    def _body(self, exchange: Exchange) -> bytes:
        if exchange.body_file is None:
            return body_bytes(exchange.body)
        if Path(exchange.body_file).name != exchange.body_file:
            raise SetupError(f"The recording {self._name} names a body outside its folder: {exchange.body_file!r}.")
        try:
            return (self._folder / exchange.body_file).read_bytes()
        except OSError:
            raise SetupError(f"The recording {self._name} lacks its file {exchange.body_file}.") from None


class OneAnswer(BaseAdapter):
    """Gives the same answer to whatever is asked."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__()
        self._answer = status, headers, body

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """The answer."""
        return answer(request, *self._answer)

    def close(self) -> None:
        """There is no wire to hang up."""


class Tape(BaseAdapter):
    """Passes requests on to the wire and keeps what was said; proofs of identity are headers, and not kept."""

    def __init__(self, wire: BaseAdapter) -> None:
        super().__init__()
        self._wire = wire
        self.exchanges: list[Exchange] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """The true answer."""
        response = self._wire.send(request, *args, **options)
        headers = {name: text for name, text in response.headers.items() if name.lower() not in WIRE_ONLY}
        line = shown(line_of(request.method or "", request.url or ""))
        self.exchanges.append(
            Exchange(request=line, status=response.status_code, headers=headers, body=_decoded(response.content))
        )
        return answer(request, response.status_code, headers, response.content)

    def close(self) -> None:
        """Hang up."""
        self._wire.close()


def answer(
    request: requests.PreparedRequest, status: int, headers: Mapping[str, str], body: bytes
) -> requests.Response:
    """A response as the wire would have given it."""
    kept = {name: text for name, text in headers.items() if name.lower() not in WIRE_ONLY}
    raw = HTTPResponse(
        body=io.BytesIO(body), headers=kept, status=status, preload_content=False, request_method=request.method
    )
    return HTTPAdapter().build_response(request, raw)


def body_bytes(body: Any) -> bytes:
    """What stood on the wire: text as it is, anything else as JSON."""
    if body is None:
        return b""
    return body.encode("utf-8", "surrogatepass") if isinstance(body, str) else json.dumps(body).encode()


def line_of(method: str, address: str) -> Line:
    """What makes two requests the same: method, host where one is told, path, and the query in any order."""
    parts = urlsplit(address)
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    return method, parts.hostname or "", parts.path or "/", tuple(query)


def shown(line: Line) -> str:
    """A request as one writes it into a recording, without its host."""
    method, _, path, query = line
    return f"{method} {path}" + ("?" + "&".join(f"{name}={value}" for name, value in query) if query else "")


def _fits(told: Line, asked: Line, exchange: Exchange, request: requests.PreparedRequest) -> bool:
    same = (told[0], told[2], told[3]) == (asked[0], asked[2], asked[3]) and told[1] in ("", asked[1])
    return same and all(request.headers.get(name) == text for name, text in exchange.given.items())


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")


def exchanges_of(interactions: list[Any]) -> Iterator[Exchange]:
    """The exchanges of a case in the form of other projects: `{"request": {...} | null, "response": {...}}`."""
    for each in interactions:
        request, response = each.get("request") or {}, each.get("response") or {}
        yield Exchange(
            request=f"{request.get('method') or 'GET'} {request.get('url') or '/'}",
            status=response.get("status") or 200,
            headers={str(name): _text(value) for name, value in (response.get("headers") or {}).items()},
            body=response.get("body"),
        )


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
