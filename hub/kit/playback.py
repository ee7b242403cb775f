"""The other side, played back: exchanges of a recording, one answer to everything, or the true wire with a tape on it.

Requests are matched by method, path and query, whatever the order of the query. Where one request stands several times
its answers come in turn, and the last one stays; an exchange with `given` answers only requests that carry those
headers, one with `sent` only those with that body. The exchange `OPEN name` is a file that a network reads.
"""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from hub.domain.model import Model
from hub.errors import SetupError
from hub.kit.matching import Line, body_of, difference, line_of, same_line, shown

WIRE_ONLY = ("content-encoding", "transfer-encoding", "content-length")  # said of bytes that were unpacked long ago


class Exchange(Model):
    """One request, as `GET /path?query` or with its host, and what was answered."""

    request: str
    given: dict[str, str] = {}  # headers that the request must carry
    sent: Any = None  # the body that the request must have: decoded JSON, or the fields of a form
    status: int = 200
    headers: dict[str, str] = {}
    body: Any = None  # decoded JSON, or text
    body_file: str | None = None  # in place of `body`: a file beside the recording, byte for byte


class Unrecorded(SetupError):
    """A connector asked what its recording does not answer."""


class ReplayTransport(BaseAdapter):
    """Answers from a recording; nothing leaves the process."""

    def __init__(self, exchanges: tuple[Exchange, ...], *, name: str, folder: Path) -> None:
        super().__init__()
        self._name, self._folder = name, folder
        self._waiting = [(line_of(*exchange.request.split(" ", 1)), exchange) for exchange in exchanges]
        self.asked: list[str] = []  # every request so far, for tests that count
        self.unanswered: list[Unrecorded] = []  # a vendor's library may swallow what is raised to it

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """The next answer to this request."""
        line = line_of(request.method or "", request.url or "")
        self.asked.append(shown(line))
        alike = [place for place, (told, each) in enumerate(self._waiting) if _fits(told, line, each, request)]
        fitting = [place for place in alike if not _unlike(self._waiting[place][1], request)]
        if not fitting:
            place = _unlike(self._waiting[alike[0]][1], request) if alike else None
            remedy = f"its bodies differ at {place}" if place else "add an exchange for it"
            self.unanswered.append(Unrecorded(f"The recording {self._name} has no answer to {shown(line)}; {remedy}."))
            raise self.unanswered[-1]
        exchange = self._waiting[fitting[0]][1]
        others = [each for place in fitting if (each := self._waiting[place][1]).given == exchange.given]
        if len(others) > 1:  # the last answer to a request stays
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


class ReplayFiles:
    """Files out of a recording: `OPEN takeout.zip` is answered by its body, or by the file that it names."""

    def __init__(self, told: ReplayTransport) -> None:
        self._told = told

    def open(self, path: str) -> BinaryIO:
        """The bytes of the file; a status above 299 is a file that is not there."""
        response = self._told.send(_opening(path))
        if response.status_code >= 300:
            raise SetupError(f"{path} cannot be read (No such file or directory); correct the watch.")
        return io.BytesIO(response.content)


def _opening(path: str) -> requests.PreparedRequest:
    request = requests.PreparedRequest()
    request.method, request.url, request.headers = "OPEN", path, CaseInsensitiveDict()
    return request


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


def _fits(told: Line, asked: Line, exchange: Exchange, request: requests.PreparedRequest) -> bool:
    return same_line(told, asked) and all(request.headers.get(name) == text for name, text in exchange.given.items())


def _unlike(exchange: Exchange, request: requests.PreparedRequest) -> str | None:
    """Where the request's body is not the one that the exchange tells, if it tells one."""
    return None if exchange.sent is None else difference(exchange.sent, body_of(request))


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
