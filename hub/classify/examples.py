"""What a model learns from: posts whose answer a person has given, read from JSON lines or CSV."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from hub.classify.engine import Item
from hub.domain import INTENTS
from hub.domain.model import Model
from hub.errors import SetupError

LABEL = "label"  # the field of a file that asks one question without naming it
YES, NO = "yes", "no"
YES_NO = (*(intent for intent in INTENTS if intent != "none"), "relevant")
LEARNABLE = ("sentiment", "intent", *YES_NO)  # what an engine answers, and people may correct
ABOUT = ("id", "post", "text", "network", "lang", "parent", "title")
YES_WORDS, NO_WORDS = ("yes", "true", "1", "y"), ("no", "false", "0", "n")


class Example(Model):
    """A post and the answers that a person gave, by field."""

    text: str
    labels: dict[str, str]
    post: str = ""
    network: str = ""
    lang: str = ""
    parent: str | None = None
    title: str | None = None

    @property
    def item(self) -> Item:
        """What an engine may look at."""
        return Item(
            key=self.post, text=self.text, lang=self.lang or None, network=self.network, parent=self.parent,
            title=self.title,
        )  # fmt: skip


def read_examples(path: Path, *, fields: Iterable[str] | None = None) -> list[Example]:
    """The examples of a file; every column that is not about the post is a field, or only those of `fields`."""
    wanted = None if fields is None else frozenset(fields)
    examples = []
    for number, row in enumerate(read_rows(path), start=1):
        example = example_of(row, wanted)
        if example is None:
            raise SetupError(f"Row {number} of {path} has no text; every row needs `text` and at least one label.")
        if example.labels:
            examples.append(example)
    if not examples:
        raise SetupError(f"{path} holds no label; give rows with `text` and `label`, `intent` or `sentiment`.")
    return examples


def example_of(row: dict[str, Any], fields: frozenset[str] | None = None) -> Example | None:
    """One row as an example; None where it has no text."""
    text = row.get("text")
    if not isinstance(text, str):
        return None
    given = row["labels"] if isinstance(row.get("labels"), dict) else row
    labels = {name: answer for name, value in given.items() if (answer := _answer(name, value, fields)) is not None}
    about = {name: str(row[name]) for name in ("network", "lang", "parent", "title") if row.get(name)}
    return Example(text=text, labels=labels, post=str(row.get("post") or row.get("id") or ""), **about)


def _answer(name: str, value: Any, fields: frozenset[str] | None) -> str | None:
    if name in ABOUT or value is None or value == "" or isinstance(value, list | dict):
        return None
    if fields is not None and name not in fields:
        return None
    said = str(value).strip()
    if name in YES_NO:
        lowered = said.lower()
        return YES if lowered in YES_WORDS else NO if lowered in NO_WORDS else said
    return said


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSON-lines or CSV file; one that cannot be read is a SetupError naming its line."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise SetupError(f"{path} cannot be read ({problem.strerror}); give the path of a file of labels.") from problem
    if path.suffix.lower() == ".csv":
        yield from _table(path, _text(path, content))
        return
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.MsgspecError as problem:
            raise SetupError(f"Line {number} of {path} is not a JSON object; mend or remove it.") from problem


def _table(path: Path, text: str) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        yield from reader
    except csv.Error as problem:
        raise SetupError(f"Line {reader.line_num} of {path} is no CSV ({problem}); mend or remove it.") from None


def _text(path: Path, content: bytes) -> str:
    """A spreadsheet's text: UTF-8 with or without its mark, or UTF-16 where that is marked."""
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise SetupError(f"{path} is not UTF-8; save it again as CSV in UTF-8.") from None
