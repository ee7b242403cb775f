"""One question learned from one file and answered for another, as pipelines and measurements want it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from hub.classify.engine import Item, default_engine
from hub.classify.examples import LABEL, read_examples, read_rows
from hub.classify.trained_engine import TrainedEngine
from hub.classify.training import Sees, Trained, train
from hub.errors import SetupError


class Task:
    """A model of the field `label`, and its labels as the file has them: words, numbers or true and false."""

    def __init__(self, train_file: Path, dev_file: Path | None, *, now: datetime, sees: Sees = Sees.WORDS) -> None:
        """Learn; the rows of `dev_file` decide between settings and are learned from as well."""
        examples = read_examples(train_file, fields=[LABEL])
        validation = read_examples(dev_file, fields=[LABEL]) if dev_file else []
        self.trained: Trained = train(examples, base=default_engine(), now=now, validation=validation, sees=sees)
        files = [train_file, *([dev_file] if dev_file else [])]
        self._said = {str(row.get(LABEL)).strip(): row.get(LABEL) for file in files for row in read_rows(file)}

    def answers(self, input_file: Path) -> Iterator[dict[str, Any]]:
        """`id`, `label` and `score` for each row of a file, in order."""
        rows = list(read_rows(input_file))
        if wrong := next((number for number, row in enumerate(rows, 1) if not isinstance(row.get("text"), str)), None):
            raise SetupError(f"Row {wrong} of {input_file} has no text; every row needs `id` and `text`.")
        found = TrainedEngine(self.trained.model).answer([Item(key="", text=row["text"]) for row in rows], LABEL)
        for row, (label, score) in zip(rows, found, strict=True):
            yield {"id": row.get("id"), "label": self._said[label], "score": round(score, 4)}

    def write_answers(self, input_file: Path, output_file: Path) -> int:
        """Write the answers as JSON lines; returns how many."""
        lines = [msgspec.json.encode(answer) for answer in self.answers(input_file)]
        output_file.write_bytes(b"".join(line + b"\n" for line in lines))
        return len(lines)
