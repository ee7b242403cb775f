"""What tests of the export share: an organisation, its rules, and everything that lies on a shelf."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hub.domain.config import Config
from hub.stages.export import Export, Rules, Shelf
from hub.stages.export.running import Done
from hub.store import Store

CONFIG = Config.from_plain({
    "organisation": {"name": "Acme", "timezone": "Europe/Berlin"},
    "subjects": [{"name": "Acme"}, {"name": "Kaffa", "kind": "competitor"}],
})  # fmt: skip
RULES = Rules(networks=("mastodon", "x"))


def export(store: Store, folder: Path | str, *, config: Config = CONFIG, rules: Rules = RULES, **asked: Any) -> Done:
    return Export(config, store, Shelf(str(folder)), rules).do(**asked)


def lies_in(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """All rows, file by file."""
    found = {}
    for file in sorted(folder.rglob("*.parquet")):
        rows = pq.ParquetFile(file).read().to_pylist()
        found[file.relative_to(folder).as_posix()] = sorted(rows, key=repr)
    return found


def rows_of(folder: Path, dataset: str) -> list[dict[str, Any]]:
    """All rows of one dataset."""
    files = lies_in(folder)
    return [row for path, rows in files.items() if path.startswith(f"{dataset}/") for row in rows]
