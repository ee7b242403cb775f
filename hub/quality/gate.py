"""The batch gate: Great Expectations over all rows of a run, once (decision 5).

It is imported when there are rows to check and not before: the import costs seconds, a check of a hundred thousand
rows less than one. What it sees are columns of lengths, times, keys and counts, never a text or a name, so no
result of it can hold one.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.domain import Expectations, Post
from hub.errors import SetupError
from hub.quality.suite import for_run, load_suite
from hub.quality.verdict import Checked, Verdict

__all__ = ["Checked", "Verdict", "check_batch", "columns_of"]

ROW = "row"  # our own row number: keys may repeat, which is one of the things to find out
MOST_BAD = 0.5  # of the rows: when more break something, the source or the mapping is broken, not the rows
MOST_BAD_ROWS = 20  # fewer rows than this say nothing about the source
DETAIL_LONGEST = 200

WANTED = {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW], "return_unexpected_index_query": False}

Columns = dict[str, list[Any]]


def columns_of(posts: Sequence[Post], now: datetime) -> Columns:
    """What the suite speaks of, column by column.

    The same post twice is nothing odd (cursors read inclusively, two watches may find it) and counts once; a key
    that two authors claim stays twice, to be found. A watch that does not show the author claims nothing.
    """
    apart = list({(post.key, post.author.key): post for post in posts}.values())
    shown = {post.key for post in apart if not post.anonymous}
    apart = [post for post in apart if not post.anonymous or post.key not in shown]
    return {
        "key": [post.key for post in apart],
        "network": [post.network for post in apart],
        "author": [post.author.key for post in apart],
        "kind": [post.kind for post in apart],
        "visibility": [post.visibility for post in apart],
        "lang": [post.lang for post in apart],
        "text_length": [len(post.text) for post in apart],
        "has_text": [bool(post.text) for post in apart],
        "published_at": [_naive(post.published_at) for post in apart],
        "edited_at": [_naive(post.edited_at) for post in apart],
        "age_hours": [(now - post.published_at).total_seconds() / 3600 for post in apart],
        "flags": [len(post.flags) for post in apart],
    }


def check_batch(
    columns: Columns | Sequence[Mapping[str, Any]],
    suite: Path,
    *,
    networks: Mapping[str, Expectations] | None = None,
    id_column: str = "key",
) -> Verdict:
    """The verdict over these rows; `networks` is what each manifest expects of its own."""
    table = columns if isinstance(columns, dict) else _columns(columns)
    ids = table.get(id_column, [])
    if not ids:
        return Verdict(state="passed")
    entries = list(for_run(load_suite(suite), table.get("network", []), networks or {}, rows=len(ids)))
    results, broken = _checked(_run(table, entries, suite), len(ids))
    failures: dict[str, list[str]] = {}
    for row, expectation in broken:
        found = failures.setdefault(str(ids[row] or f"row {row}"), [])
        if expectation not in found:
            found.append(expectation)
    reasons = _reasons(results, bad=len({row for row, _ in broken}), rows=len(ids))
    return Verdict(
        state="held" if reasons else "split" if failures else "passed",
        rows=len(ids),
        failures={row: tuple(names) for row, names in failures.items()},
        results=tuple(results),
        reasons=tuple(reasons),
    )


def _run(table: Columns, entries: list[dict[str, Any]], suite: Path) -> list[Any]:
    """Great Expectations' own results; the only place that imports it."""
    _quiet()
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.row_conditions import Column

    for entry in entries:
        if (network := entry["meta"]["network"]) is not None:
            entry["kwargs"]["row_condition"] = Column("network") == network
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    ready = context.suites.add(gx.ExpectationSuite("posts", expectations=entries))
    _all_taken(entries, ready.expectations, suite)
    frame = pd.DataFrame(table | {ROW: list(range(len(next(iter(table.values())))))})
    asset = context.data_sources.add_pandas("run").add_dataframe_asset("posts")
    batch = asset.add_batch_definition_whole_dataframe("all")
    check = context.validation_definitions.add(gx.ValidationDefinition(name="check", data=batch, suite=ready))
    return list(check.run(batch_parameters={"dataframe": frame}, result_format=dict(WANTED)).results)


def _all_taken(entries: list[dict[str, Any]], taken: Sequence[Any], suite: Path) -> None:
    """Great Expectations leaves out, with a log line, what it cannot make sense of; that must not look like passing."""
    left = Counter(entry["type"] for entry in entries) - Counter(one.expectation_type for one in taken)
    if left:
        raise SetupError(f"{suite.name} holds what is no expectation: {', '.join(left)}; correct its type or kwargs.")


def _quiet() -> None:
    """Before the import: no telemetry, and no hundreds of lines of logs under Airflow."""
    import logging

    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.WARNING)


def _checked(results: list[Any], rows: int) -> tuple[list[Checked], list[tuple[int, str]]]:
    """Each expectation in our words, and the (row, expectation) pairs that go to quarantine."""
    checked, broken = [], []
    for one in results:
        entry, found = one.expectation_config, one.result or {}
        raised = None if one.success else _raised(one.exception_info)
        unexpected = int(found.get("unexpected_count") or 0)
        checked.append(
            Checked(
                expectation=entry.type, column=_column(entry.kwargs), network=entry.meta.get("network"),
                success=bool(one.success), on_failure=entry.meta["on_failure"], why=entry.meta.get("why", ""),
                unexpected=unexpected, share=round(unexpected / (found.get("element_count") or rows), 4),
                observed=_plain(found.get("observed_value")), raised=raised,
            )
        )  # fmt: skip
        if not one.success and entry.meta["on_failure"] == "split":
            broken += [(int(index[ROW]), entry.type) for index in found.get("unexpected_index_list") or ()]
    return checked, broken


def _reasons(results: Sequence[Checked], *, bad: int, rows: int) -> list[str]:
    """Why nothing may go on, if so. An expectation that could not be looked at is not one that held."""
    reasons = [f"{_named(one)} could not be evaluated: {one.raised}" for one in results if one.raised]
    reasons += [
        f"{_named(one)} does not hold (observed {one.observed})"
        for one in results
        if not one.success and not one.raised and _holds_back(one)
    ]
    if rows >= MOST_BAD_ROWS and bad > MOST_BAD * rows:
        reasons.append(f"{bad} of {rows} rows break an expectation; more than half means that the source has changed")
    return reasons


def _holds_back(one: Checked) -> bool:
    """Asked to hold; or asked to split, with nothing to say which rows are to blame."""
    return one.on_failure == "hold" or (one.on_failure == "split" and not one.unexpected)


def _raised(info: Any) -> str | None:
    """What went wrong in an evaluation; GX tells it flat, or once for each metric."""
    infos = [info] if "raised_exception" in (info or {}) else list((info or {}).values())
    for one in infos:
        if isinstance(one, dict) and one.get("raised_exception"):
            return str(one.get("exception_message") or "no message").strip().split("\n")[0][:DETAIL_LONGEST]
    return None


def _named(one: Checked) -> str:
    place = f" of {one.column}" if one.column else ""
    return f"{one.expectation}{place}" + (f" on {one.network}" if one.network else "")


def _column(kwargs: Mapping[str, Any]) -> str | None:
    return kwargs.get("column") or kwargs.get("column_A")


def _plain(value: Any) -> Any:
    """A number as Python's own; anything else that is no JSON as text."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return round(value, 4)
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)[:DETAIL_LONGEST]


def _naive(moment: datetime | None) -> datetime | None:
    """UTC without saying so: pandas compares these far faster, and all of ours are UTC."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)


def _columns(rows: Sequence[Mapping[str, Any]]) -> Columns:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}
