"""What a vendor's own library gets from us: one try for each call, a time limit, and honest names for trouble.

The libraries we use repeat calls by themselves, some of them after the other side has acted. They all take
a `requests.Session`, so what they may do on the wire is decided here: a request leaves once; a slow, endless
or oversized answer is hung up on; a 429 is RateLimited and a broken connection Unavailable before the library
sees either. `sent` says whether the other side may have acted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import requests
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from hub.domain import Delivery, Manifest, Receipt
from hub.errors import AccessDenied, HubError, RateLimited, SetupError, TransientError, Unavailable
from hub.kit.deadline import TimedAdapter
from hub.kit.lease import LeaseOver, require_lease
from hub.kit.reach import NO_CONNECTION, causes_of
from hub.kit.services import Limits, Services, Token
from hub.kit.turns import LeftAlone, turn
from hub.kit.waits import UNREADABLE_SECONDS, RetryAfter

CHUNK_BYTES = 65_536
TRUSTED_SECONDS = 5.0  # a token need not be asked for again at each request; a refused one is asked for anew at once
NO_ANSWER = "no_answer"  # reasons of receipts that speak of the destination, not of the delivery
TOO_FAST = "rate_limited"
NO_TUNNEL = ("Tunnel connection failed", "CERTIFICATE_VERIFY_FAILED")


class KeptToken(AuthBase):
    """Sends the token that the keeper holds, so that all processes share one log-in for each expiry."""

    def __init__(self, services: Services, connection_id: str, fetch: Callable[[Token | None], Token]) -> None:
        self._tokens, self._clock = services.tokens, services.clock
        self._connection_id = connection_id
        self._fetch = fetch
        self.stale: Token | None = None
        self._trusted_until = self._clock.now()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        now = self._clock.now()
        if self.stale is None or now >= self._trusted_until:
            self.stale = self.current()
            self._trusted_until = now + timedelta(seconds=TRUSTED_SECONDS)
        request.headers["Authorization"] = f"Bearer {self.bearer(self.stale)}"
        return request

    def current(self) -> Token:
        """The token to use now; logs in if there is none."""
        try:
            return self._tokens.get(self._connection_id, self._fetch)
        except (LeaseOver, LeftAlone):
            raise
        except Unavailable as lost:  # a lost log-in: of what was to be done with the token, nothing was sent
            raise Unavailable(str(lost), retry_after=lost.retry_after, sent=False) from None

    def renew(self, request: requests.PreparedRequest) -> None:
        """The token was refused: put the next one on the same request."""
        if self.stale is not None:
            self._tokens.invalidate(self._connection_id, self.stale)
            self.stale = None
        self(request)

    def bearer(self, token: Token) -> str:
        """What goes into the header."""
        return token.value


class OneTry(TimedAdapter):
    """Sends a request once, within our limits; a second time only when the token was refused, unread."""

    def __init__(self, services: Services, manifest: Manifest, auth: KeptToken | None) -> None:
        super().__init__(services.limits.total_seconds)
        self._services = services
        self._manifest = manifest
        self._title = manifest.title
        self._auth = auth

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        """One answer, read to its end; raises RateLimited, Unavailable or SetupError instead of returning them."""
        response = self._exchange(request, options)
        if response.status_code == 401 and self._auth is not None:
            self._auth.renew(request)
            response = self._exchange(request, options)
            if response.status_code == 401:
                raise AccessDenied(f"{self._title} refuses a fresh token; check the connection's secrets and scopes.")
        if response.is_redirect:  # followed, it would take the request, words and all, to whatever host it names
            raise SetupError(f"{self._title} sends us elsewhere ({response.status_code}); check the connection's host.")
        if response.status_code == 429:
            wait = retry_after_of(response.headers, self._services.clock.now())
            raise RateLimited(f"{self._title} asked us to wait.", retry_after=wait)
        return response

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Through a proxy too, what is written is sent at once; urllib3 would wait 40 ms for each request's body."""
        return super().proxy_manager_for(proxy, socket_options=HTTPConnection.default_socket_options, **options)

    def _exchange(self, request: requests.PreparedRequest, options: dict[str, Any]) -> requests.Response:
        limits, wire = self._services.limits, self._services.transport
        self._services.budgets.acquire(self._manifest.name, self._manifest.budget)
        send = wire.send if wire is not None else super().send
        options |= {"stream": True, "timeout": (limits.connect_seconds, limits.read_seconds)}
        try:
            with turn():
                require_lease(self._services.clock.now())
                response = send(request, **options)
                read_within(response, limits)
            return response
        except (requests.RequestException, HTTPError, OSError) as trouble:
            raise Unavailable(
                f"{self._title} gave no usable answer ({type(trouble).__name__}).",
                sent=may_have_been_sent(trouble),
            ) from None  # the cause's text can hold the URL, and so a token


def vendor_session(services: Services, manifest: Manifest, *, auth: KeptToken | None = None) -> requests.Session:
    """A session for a vendor's library; each request is counted against the manifest's budget."""
    session = requests.Session()
    session.auth = auth or unchanged
    session.mount("https://", OneTry(services, manifest, auth))
    return session


def read_within(response: requests.Response, limits: Limits) -> None:
    """Read the body into the response, or give up when it is too large."""
    body = bytearray()
    read = getattr(response.raw, "read1", response.raw.read)  # `read1` returns what is there, however little
    while chunk := read(CHUNK_BYTES, decode_content=True):
        body += chunk
        if len(body) > limits.max_bytes:
            response.close()
            raise requests.exceptions.ContentDecodingError("too large")
    response._content = bytes(body)  # where `Response.content` looks after a stream was read
    response._content_consumed = True  # type: ignore[attr-defined]  # typeshed leaves it out


def may_have_been_sent(trouble: BaseException) -> bool:
    """False only where no connection came about, so that the request cannot have been read.

    The kind of the error alone does not tell: behind a proxy, urllib3 calls a connection that was cut after
    the request "unable to connect to proxy". So its causes are searched for one that proves it.
    """
    causes = causes_of(trouble)
    if any(isinstance(cause, NO_CONNECTION) for cause in causes):
        return False
    return not any(sign in str(cause) for cause in causes for sign in NO_TUNNEL)


def retry_after_of(headers: Mapping[str, str], now: datetime) -> float:
    """How long a 429 asks us to wait; a minute where it does not say."""
    seconds = RetryAfter().seconds(headers, now)
    return UNREADABLE_SECONDS if seconds is None else seconds


def unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No proof, and none from a .netrc either, which requests would look for."""
    return request


def one_by_one(deliveries: Sequence[Delivery], send: Callable[[Delivery], Receipt]) -> Iterator[Receipt]:
    """A receipt for each delivery, sent singly and in order.

    Trouble with the whole destination ends the sending: raised when nothing was sent before it, else a receipt
    that says `deferred` for all that were not tried. A request whose answer was lost is `unknown`.
    """
    trouble: HubError | None = None
    for number, delivery in enumerate(deliveries):
        if trouble is None:
            try:
                yield send(delivery)
                continue
            except (TransientError, AccessDenied) as stop:
                trouble = stop
                if isinstance(stop, Unavailable) and stop.sent:
                    yield Receipt(delivery=delivery.id, outcome="unknown", reason=NO_ANSWER, detail=str(stop))
                    continue
                if number == 0:
                    raise
        yield deferred(delivery, trouble)


def deferred(delivery: Delivery, trouble: HubError) -> Receipt:
    """Not sent, because the destination as a whole is in trouble."""
    reason = TOO_FAST if isinstance(trouble, RateLimited) else "not_tried"
    wait = getattr(trouble, "retry_after", None)
    return Receipt(delivery=delivery.id, outcome="deferred", reason=reason, detail=str(trouble), retry_after=wait)
