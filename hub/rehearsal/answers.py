"""Answers that others recorded, or one body as it came over the wire: what each of them leads to."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import connectors
from hub.domain import Measurement, Watch
from hub.errors import ContractBroken, HubError, SetupError
from hub.kit import Limits, Network
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, OneAnswer, body_bytes, exchanges_of
from hub.kit.recordings import load_recording
from hub.rehearsal.networks import open_network, rehearse_recording, said, understand
from hub.rehearsal.stories import Outcome, told_trouble


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
            for outcome in rehearse_answer(name, exchange, body_bytes(exchange.body)):
                yield {"file": str(path), "response": number} | outcome
    else:
        for outcome in rehearse_answer(name, Exchange(request="GET /"), body):
            yield {"file": str(path), "response": 1} | outcome


def rehearse_answer(name: str, exchange: Exchange, body: bytes) -> Iterator[Outcome]:
    """What one answer leads to: its posts and measurements, one by one, or the named error.

    An answer to a call that the manifest does not name is `unused`. A body without a request is read as records are.
    """
    manifest = connectors.manifest(name)
    method, _, url = exchange.request.partition(" ")
    parts = urlsplit(url)
    endpoint = manifest.endpoint(method, parts.path)
    told: Outcome = {"request": f"{method} {url.partition('?')[0]}", "status": exchange.status}
    if endpoint is None and manifest.endpoints and parts.path.strip("/"):
        yield told | {"unused": f"{method} {parts.path}"}
        return
    gives = endpoint.gives if endpoint else ("posts",)
    host = f"{parts.scheme}://{parts.netloc}" if parts.netloc else None
    transport = OneAnswer(exchange.status, exchange.headers, body)
    now = datetime.now(UTC)
    limits = Limits(max_requests=1)
    log_in = endpoint is not None and "login" in endpoint.serves
    with open_network(
        name, transport, clock=SteppedClock(now), host=host, limits=limits, any_call=True, logged_in=not log_in
    ) as network:
        if log_in:
            yield told | _logged_in(network, body)
            return
        address = url if host else f"{network.base_url}/{url.removeprefix('/')}"
        try:
            records, numbers = _held(network, address, parts.path, gives if endpoint else None)
        except HubError as trouble:
            yield told | told_trouble(trouble) | {"holds": described(body)}
            return
    watch = Watch(network=name, kind="rehearsal", value=parts.path or "/")
    lines = [*said(understand(name, watch, records, at=now)), *({"metric": each.plain()} for each in numbers)]
    if "facts" in gives:
        lines.append({"fact": described(body)})
    for line in lines or [{"empty" if "posts" in gives else "nothing": described(body)}]:
        yield told | line


def _logged_in(network: Network, body: bytes) -> Outcome:
    """Whether the answer to a log-in is one."""
    try:
        network.log_in()
    except HubError as trouble:
        return told_trouble(trouble) | {"holds": described(body)}
    return {"fact": described(body)}


def _held(
    network: Network, address: str, path: str, gives: Sequence[str] | None
) -> tuple[list[dict[str, Any]], list[Measurement]]:
    """The records and the numbers of one answer; with None nobody knows which of them it is to give."""
    if gives is None:
        try:
            records = network.read(address)
            return records, [] if records else _numbers(network, address, path)
        except ContractBroken:
            if numbers := _numbers(network, address, path):
                return [], numbers
            raise
    records = network.read(address) if "posts" in gives else []
    other = network.http.get(address).body if set(gives) != {"posts"} else None
    return records, list(network.measurements(path, other)) if "measurements" in gives else []


def _numbers(network: Network, address: str, path: str) -> list[Measurement]:
    """The numbers of a body that holds no records; whatever is wrong with it then was said before."""
    try:
        return list(network.measurements(path, network.http.get(address).body))
    except HubError:
        return []


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
