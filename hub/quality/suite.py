"""The suite of expectations as JSON beside the mappings, made ready for one run.

An entry is Great Expectations' own (`type`, `kwargs`) and says in `meta` what we need to know besides:

    on_failure   split (quarantine the rows that break it), hold (nothing goes on), warn (say so)
    why          one sentence for the report
    each_network true: one copy for each network of the run, over its rows alone
    rows_at_least  fewer rows say nothing: the entry is left out

A value `{"$PARAMETER": "name"}` is filled in from the manifest's `expectations`, or, for `networks`, with the names
of all networks. An entry whose parameter nobody has set is left out.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.domain import Expectations
from hub.errors import SetupError

PARAMETER = "$PARAMETER"
ON_FAILURE = ("split", "hold", "warn")


def load_suite(path: Path) -> list[dict[str, Any]]:
    """The entries of a suite file; a SetupError says what is wrong with which."""
    try:
        entries = json.loads(path.read_text("utf-8"))["expectations"]
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise SetupError(f"{path.name} is no suite of expectations ({broken!r}); correct or restore it.") from broken
    for entry in entries:
        if entry.get("meta", {}).get("on_failure") not in ON_FAILURE:
            raise SetupError(f"{path.name}: {entry.get('type')} must say `on_failure`: {', '.join(ON_FAILURE)}.")
    return list(entries)


def for_run(
    entries: Sequence[dict[str, Any]], networks: Sequence[str], known: Mapping[str, Expectations], *, rows: int
) -> Iterator[dict[str, Any]]:
    """The entries that hold for so many rows (`networks`: that of each row), with their parameters filled in."""
    counts = Counter(networks)
    for entry in entries:
        least = entry["meta"].get("rows_at_least", 1)
        if not entry["meta"].get("each_network"):
            if rows >= least:
                yield from _filled(entry, {"networks": sorted(known) or None}, None)
            continue
        for network in sorted(counts):
            if counts[network] >= least:
                yield from _filled(entry, known.get(network, Expectations()).plain(), network)


def _filled(entry: Mapping[str, Any], parameters: Mapping[str, Any], network: str | None) -> Iterator[dict[str, Any]]:
    kwargs = {}
    for name, value in entry["kwargs"].items():
        if isinstance(value, dict) and PARAMETER in value:
            value = parameters.get(value[PARAMETER])
            if value is None:
                return
        kwargs[name] = value
    yield {"type": entry["type"], "kwargs": kwargs, "meta": dict(entry["meta"], network=network)}
