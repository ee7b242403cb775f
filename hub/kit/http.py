"""One way to ask any system anything: budgets, limits, waiting, retries and honest names for trouble.

Only questions pass here, also those that a system wants to be posted, so one that failed may simply be asked again.
Only calls that the manifest names are made, each at the cost of its budget. What a connector sees is an answer or one
of our errors; what an error says is fit for a log: no secret, no body, no query.
"""

import random
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson
import requests
import requests.utils
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, ReadTimeoutError

from hub.domain import Budget, Manifest
from hub.errors import AccessDenied, ContractBroken, HubError, RateLimited, SetupError, TransientError, Unavailable
from hub.kit.addresses import address_of
from hub.kit.ahead import ahead_of
from hub.kit.answers import Answer, read_json
from hub.kit.auth import Auth, Session
from hub.kit.deadline import TimedAdapter
from hub.kit.gate import GatedAdapter
from hub.kit.reach import Down
from hub.kit.routes import Route, Routes
from hub.kit.services import Services
from hub.kit.waits import RetryAfter, Wait

CHUNK_BYTES = 1 << 16
FIRST_PAUSE_SECONDS = 0.5  # doubled with each further try, and spread by chance
Trouble = Callable[[int, Any], HubError | None]
"""Reads status and decoded body of a refusal; None where they say no more than the status does."""
USER_AGENT = "social-intelligence-hub/0.1 (+self-hosted)"


@dataclass(frozen=True)
class Sent:
    """A question that is no GET: its method and the bytes that go with it."""

    body: bytes
    kind: str = "application/json"
    method: str = "POST"


class _Expense(NamedTuple):
    """A call's budget, under its name, and what it costs of it."""

    name: str
    budget: Budget
    units: int


class Http:
    """Asks one system over one kept connection."""

    def __init__(
        self,
        manifest: Manifest,
        services: Services,
        auth: Auth,
        wait: Wait,
        session: Session,
        *,
        trouble: Trouble | None = None,
        open_web: bool = False,
        user_agent: str = USER_AGENT,
    ) -> None:
        """`trouble` may name what a refusal's body says; `open_web`: addresses come from outside, so every connection
        passes the gate, and redirects are handed on."""
        self._trouble, self._quiet_until = trouble, services.clock.now()
        self.ahead = timedelta()  # so far our clock is ahead of the other side's, by the answers until now
        self._manifest, self._services, self._auth, self._wait = manifest, services, auth, wait
        self._proof = session
        self._wire = requests.Session()
        self._wire.headers["User-Agent"] = user_agent
        self._headers = {name: str(value) for name, value in self._wire.headers.items()}
        self._wire.trust_env = False  # it is read once for each host, not for each request; and no .netrc
        self._open_web = open_web
        self._adapter = adapter = services.transport or wire_of(services, open_web=open_web)
        self._wire.mount("https://", adapter)
        self._wire.mount("http://", adapter)
        self._routes = Routes()

    def get(
        self, url: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None,
        *, post: Sent | None = None,
    ) -> Answer:  # fmt: skip
        """The decoded answer to one question; waits and asks again as the limits allow."""
        status, found, body = self.fetch(url, params, headers, post=post)
        source = f"{self._manifest.title} ({urlsplit(url).path})"
        return Answer(status, found, read_json(body, source=source, max_depth=self._services.limits.max_depth), url)

    def fetch(
        self, url: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None,
        *, post: Sent | None = None, stranger: bool = False,
    ) -> tuple[int, Mapping[str, str], bytes]:  # fmt: skip
        """The same without decoding: status, headers, bytes. A stranger is an address of others: it gets no proof."""
        spend = self._expense(post.method if post else "GET", url, stranger=stranger)
        renewed = False
        last: TransientError | None = None
        for attempt in range(self._services.limits.max_requests):
            if last is not None:
                self._pause(last, attempt)
            try:
                proof = {} if stranger else self._auth.headers(self._proof)
                self._keep_quiet()
                self._services.budgets.acquire(spend.name, spend.budget, cost=spend.units)
                status, found, body = self._once(self._question(url, params, {**proof, **(headers or {})}, post), url)
                may_renew = (
                    status == 401 and not (renewed or stranger) and attempt + 1 < self._services.limits.max_requests
                )
                if may_renew and self._auth.renew(self._proof, proof):
                    renewed, last = True, None
                    continue
                self._judge(status, found, body)
                return status, found, body
            except Down:
                raise
            except TransientError as trouble:
                last = trouble
        raise last or Unavailable(f"{self._manifest.title} was not asked.", sent=False)

    def post_form(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Send a log-in form once and decode what comes back; what cannot be decoded is an empty answer."""
        limits, title, route = self._services.limits, self._manifest.title, self._routes.of(url)
        try:
            with self._trying(route):
                response = self._wire.post(
                    url, data=body, headers=headers, timeout=(limits.connect_seconds, limits.read_seconds),
                    stream=True, allow_redirects=False, **route.options,
                )  # fmt: skip
            with response:
                if response.status_code == 429 or response.status_code >= 500:
                    self._judge(response.status_code, response.headers)  # trouble of theirs is no refusal of ours
                answer = read_json(self._read(response), source=f"{title} (log-in)", max_depth=limits.max_depth)
        except ContractBroken:
            return response.status_code, {}
        except (requests.RequestException, HTTPError, OSError) as broken:
            raise Unavailable(f"{title} cannot be logged in to ({type(broken).__name__}).") from None
        return response.status_code, answer if isinstance(answer, dict) else {}

    def rest(self, seconds: float) -> None:
        """The system asked, in an answer that was good, to be left alone for so long."""
        self._quiet_until = max(self._quiet_until, self._services.clock.now() + timedelta(seconds=seconds))

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def _keep_quiet(self) -> None:
        left = (self._quiet_until - self._services.clock.now()).total_seconds()
        if left > self._services.limits.max_wait_seconds:
            raise RateLimited(f"{self._manifest.title} asked to be left alone for {left:.0f} s.", retry_after=left)
        if left > 0:
            self._services.clock.sleep(left)

    def _pause(self, trouble: TransientError, attempt: int) -> None:
        """Wait as told, else a little longer each time; a longer wait than allowed ends the run."""
        limits, clock = self._services.limits, self._services.clock
        seconds = trouble.retry_after
        if seconds is None:
            seconds = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)
        if seconds > limits.max_wait_seconds:
            raise trouble
        clock.sleep(seconds)

    def _expense(self, method: str, url: str, *, stranger: bool) -> "_Expense":
        """Which budget pays for a call, and how much; a call that the manifest does not name is a defect."""
        manifest = self._manifest
        if stranger or not manifest.endpoints:
            return _Expense(manifest.name, manifest.budget, 1)
        path = urlsplit(url).path
        endpoint = manifest.endpoint(method, path)
        if endpoint is None:
            raise SetupError(f"{manifest.name}/manifest.yaml names no endpoint {method} {path}; add it.")
        if endpoint.bucket is None:
            return _Expense(manifest.name, manifest.budget, endpoint.units)
        if endpoint.bucket not in manifest.buckets:
            raise SetupError(f"{manifest.name}/manifest.yaml has no bucket {endpoint.bucket!r}; add it.")
        return _Expense(f"{manifest.name}:{endpoint.bucket}", manifest.buckets[endpoint.bucket], endpoint.units)

    def _once(self, question: requests.PreparedRequest, url: str) -> tuple[int, Mapping[str, str], bytes]:
        limits, title, route = self._services.limits, self._manifest.title, self._routes.of(url)
        try:
            with self._trying(route):
                response = self._adapter.send(
                    question, stream=True,
                    timeout=(limits.connect_seconds, limits.read_seconds), **route.options,
                )  # fmt: skip
            with response:
                self.ahead = max(self.ahead, ahead_of(response.headers, self._services.clock.now()))
                return response.status_code, response.headers, self._read(response)
        except (requests.Timeout, ReadTimeoutError):
            raise Unavailable(f"{title} gave no answer in time ({limits.total_seconds:g} s at most).") from None
        except (requests.RequestException, HTTPError, OSError) as broken:
            raise Unavailable(f"{title} cannot be reached ({type(broken).__name__}).") from None

    def _question(
        self, url: str, params: Mapping[str, Any] | None, headers: Mapping[str, str], post: Sent | None
    ) -> requests.PreparedRequest:
        """Made by hand: a session's own way (cookies, redirects, reading the address thrice) costs as much again."""
        question = requests.PreparedRequest()
        question.method = post.method if post else "GET"
        if post:
            question.body = post.body
            headers = {**headers, "Content-Type": post.kind, "Content-Length": str(len(post.body))}
        question.url = address_of(url, params)
        question.headers = CaseInsensitiveDict({**self._headers, **headers})
        return question

    def _read(self, response: requests.Response) -> bytes:
        """The whole body, unpacked; hangs up on one that is too large."""
        limits, title = self._services.limits, self._manifest.title
        length = getattr(response.raw, "length_remaining", None)
        if length is not None and length <= limits.max_bytes and "Content-Encoding" not in response.headers:
            whole: bytes = response.raw.read()  # no more than it said will come
            return whole
        chunks, size = [], 0
        for chunk in iter(lambda: self._chunk(response), b""):
            size += len(chunk)
            if size > limits.max_bytes:
                raise ContractBroken(f"{title} sent more than {limits.max_bytes} bytes; HUB_MAX_BYTES allows more.")
            chunks.append(chunk)
        return b"".join(chunks)

    @staticmethod
    def _chunk(response: requests.Response) -> bytes:
        read = getattr(response.raw, "read1", None) or response.raw.read
        found: bytes = read(CHUNK_BYTES, decode_content=True) if response.raw is not None else b""
        return found

    def _trying(self, route: Route) -> AbstractContextManager[None]:
        return self._services.reach.trying(route.place, self._manifest.title, self._services.clock)

    def _judge(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Give trouble its name: what the body says, where the connector can read it, else what the status says."""
        title = self._manifest.title
        if status < 300 or status == 304 or (self._open_web and status < 400):
            return
        retry_after = self._wait.seconds(headers, self._services.clock.now())
        if self._trouble and (told := self._trouble(status, _decoded(body))):
            if isinstance(told, RateLimited) and retry_after is not None:
                told.retry_after = retry_after  # the headers know better than the connector
            raise told
        if status == 429:
            raise RateLimited(f"{title} asked us to wait.", retry_after=60.0 if retry_after is None else retry_after)
        if status in (401, 403):
            remedy = "check the token" if status == 401 else "check its scopes and what the account may see"
            raise AccessDenied(f"{title} refused our access ({status}); {remedy} of {self._proof.connection_id}.")
        if status >= 500 or status == 408:
            seconds = RetryAfter().seconds(headers, self._services.clock.now())  # not until a window of calls ends
            raise Unavailable(f"{title} is in trouble ({status}).", retry_after=seconds)
        if status < 400:
            raise ContractBroken(f"{title} sends us elsewhere ({status}); check the connection's host.")
        raise Rejected(f"{title} did not accept the request ({status}).", status=status)


def wire_of(services: Services, *, open_web: bool) -> BaseAdapter:
    """The real wire, within our limits; through the gate where addresses come from outside."""
    total = services.limits.total_seconds
    return GatedAdapter(total, services.resolve) if open_web else TimedAdapter(total)


def _decoded(body: bytes) -> Any:
    """A refusal's body as plain data, or None: it is only read for its codes."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


class Rejected(ContractBroken):
    """A 4xx that is neither access nor limits; a connector that knows its meaning may act on `status`."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status
