"""The data dictionary: every dataset and column, as a page for people and as JSON that lies beside the data."""

from typing import Any

import pyarrow as pa

from hub.stages.export.columns import LIST, MOMENT, NUMBER, REAL, SCORES, TEXT, YES_NO, Dataset
from hub.stages.export.kpis import KPIS
from hub.stages.export.talk import TALK
from hub.stages.export.work import EVENTS, WORK

DATASETS: tuple[Dataset, ...] = (*TALK, *WORK, KPIS, *EVENTS)
WORDS: dict[pa.DataType, str] = {
    TEXT: "text", NUMBER: "integer", REAL: "double", YES_NO: "boolean", MOMENT: "timestamp", LIST: "list of text",
    SCORES: "map of text to double",
}  # fmt: skip
HEAD = """# What lies here

Written by `hub export`: Parquet (zstd), one file for each partition, replaced in one step when its rows have changed.
What is erased in the hub is gone from here after the next export; copies that you make are yours to erase.

"""
NETWORK = "The network, by the name of its connector."


def as_data() -> list[dict[str, Any]]:
    """Everything, for programs."""
    return [
        {
            "dataset": dataset.name,
            "meaning": dataset.meaning,
            "source": dataset.source,
            "partitioned_by": list(dataset.parts),
            "columns": [
                {"name": name, "type": kind, "unit": unit, "meaning": meaning, "source": source}
                for name, kind, unit, meaning, source in _columns(dataset)
            ],
        }
        for dataset in DATASETS
    ]


def as_text() -> str:
    """Everything, for people: Markdown."""
    return "\n\n".join(_section(dataset) for dataset in DATASETS)


def as_page() -> str:
    """The page that lies beside the data."""
    return f"{HEAD}{as_text()}\n"


def _section(dataset: Dataset) -> str:
    where = "/".join((dataset.name, *(f"{part}=…" for part in dataset.parts), "part-0.parquet"))
    rows = [f"## {dataset.name}", "", f"{dataset.meaning} From {dataset.source}; in `{where}`.", ""]
    rows += ["| Column | Type | Unit | Meaning |", "| --- | --- | --- | --- |"]
    rows += [f"| `{name}` | {kind} | {unit} | {meaning} |" for name, kind, unit, meaning, _ in _columns(dataset)]
    return "\n".join(rows)


def _columns(dataset: Dataset) -> list[tuple[str, str, str, str, str]]:
    """Name, type, unit, meaning and source: partitions first."""
    parts = {"network": ("network", "text", "", NETWORK, "folder"), "day": ("day", "date", "", dataset.day, "folder")}
    return [parts[part] for part in dataset.parts] + [
        (one.name, WORDS[one.kind], one.unit, one.meaning, one.source or dataset.source) for one in dataset.columns
    ]
