"""X's compliance jobs: which of many posts are gone, without reading one of them.

A job is made, given a file of ids at a signed address, asked after until it is complete, and its result fetched from
another signed address: one JSON object a line, for those posts alone that must go. It may take minutes. So the job is
remembered with what it was asked, and a run that cannot wait leaves it to the next one, which asks after the same.
"""

from collections.abc import Mapping
from typing import Any

from connectors.x.answers import removed_of
from hub.errors import ContractBroken, RateLimited
from hub.kit import Network, Removals, Sent, read_json

POLLS = (2.0, 5.0, 10.0, 20.0)  # seconds between the first questions; then it is left for the next run
LATER_SECONDS = 120.0
KEPT_SECONDS = 6 * 86_400.0  # X keeps a result for seven days
JOBS = "/2/compliance/jobs"
PLACE = "x:compliance"


def removed(network: Network, keys: Mapping[str, str]) -> Removals:
    """Which of these posts, keys by id, are gone and why; RateLimited while X is still at it."""
    memory = network.services.memory
    asked = memory.get(PLACE)
    if asked is None:
        asked = {"job": _begun(network, sorted(keys)), "keys": dict(keys)}
        memory.set(PLACE, asked, keep_seconds=KEPT_SECONDS)
    for pause in POLLS:
        told = _data(network.get(f"{JOBS}/{asked['job']}"))
        if told.get("status") == "complete":
            result = network.follow(_text(told, "download_url"))
            memory.set(PLACE, None)
            return Removals(removed_of(_lines(result, network), asked["keys"]), tuple(asked["keys"].values()))
        if told.get("status") not in ("created", "in_progress"):
            memory.set(PLACE, None)
            raise RateLimited("X gave up a compliance job; the next run makes another.", retry_after=LATER_SECONDS)
        network.http.rest(pause)
    raise RateLimited("X is still at a compliance job; the next run asks after it.", retry_after=LATER_SECONDS)


def _begun(network: Network, ids: list[str]) -> str:
    told = _data(network.post(JOBS, {"type": "tweets"}))
    upload = Sent("\n".join(ids).encode(), kind="text/plain", method="PUT")
    network.follow(_text(told, "upload_url"), sent=upload)
    return _text(told, "id")


def _lines(result: bytes, network: Network) -> list[Any]:
    depth = network.services.limits.max_depth
    return [read_json(line, source="X (compliance)", max_depth=depth) for line in result.splitlines() if line.strip()]


def _data(answer: Any) -> dict[str, Any]:
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise ContractBroken("X gave something else where a compliance job was due.")
    return data


def _text(told: dict[str, Any], name: str) -> str:
    if not isinstance(told.get(name), str) or not told[name]:
        raise ContractBroken(f"X gave a compliance job without its {name}.")
    return str(told[name])
