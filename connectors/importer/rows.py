"""The rows of an export, one after another, whatever its form: CSV, JSON lines or Parquet.

Nothing holds a file as a whole: CSV and JSON lines are read line by line, Parquet in small batches of the columns that
are wanted. A row that cannot be read is handed on as it came, with its reason, and the next one is read.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, BinaryIO

from hub.errors import ContractBroken, SetupError
from hub.kit import SPOILT, read_json

LINE_LONGEST = 1_000_000  # characters; a longer one is no row
FIELD_LONGEST = 400_000
BATCH_ROWS = 500
LOOKED_AT = 20  # lines of JSON of which the fields are known
DELIMITERS = (",", ";", "\t", "|")
PARQUET = b"PAR1"
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}

Row = dict[str, Any]
csv.field_size_limit(FIELD_LONGEST)


@dataclass(frozen=True)
class Table:
    """An export that was opened: what its columns are called, and its rows, with the columns that are wanted."""

    columns: list[str]
    rows: Callable[[list[str]], Iterator[Row]]


def open_table(file: BinaryIO, *, skip: int, told: dict[str, str]) -> Table:
    """The table in a file, without its first `skip` rows."""
    head = file.read(4)
    file.seek(0)
    if head == PARQUET:
        return _parquet(file, skip)
    if not head.strip():
        raise ContractBroken("The file is empty; export it again.", reason="empty_file")
    encoding = told.get("encoding") or next((name for mark, name in MARKS.items() if head.startswith(mark)), "utf-8")
    try:
        text = io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")
        lines = _lines(text)
        first = next(lines, "")
    except (LookupError, UnicodeError):
        raise SetupError(f"The file is not in {encoding}; name its encoding in the watch's layout.") from None
    if first.lstrip()[:1] == "{":
        return _json_lines(chain([first], lines), skip)
    return _csv(first, lines, skip, told)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Line by line; the rest of one that is too long is passed over."""
    while line := text.readline(LINE_LONGEST):
        while len(line) == LINE_LONGEST and not line.endswith("\n"):
            if not (rest := text.readline(LINE_LONGEST)) or rest.endswith("\n"):
                break
        yield line


def _csv(first: str, lines: Iterator[str], skip: int, told: dict[str, str]) -> Table:
    delimiter = told.get("delimiter") or max(DELIMITERS, key=first.count)
    if len(delimiter) != 1:
        raise SetupError(f"A layout's delimiter is one character, not {delimiter!r}.")
    columns = [column.strip() for column in next(csv.reader([first], delimiter=delimiter), [])]
    twice = {column for column in columns if column and columns.count(column) > 1}
    if twice & set(told.values()):
        raise SetupError(f"The file has two columns {sorted(twice)[0]!r}; rename one of them.")

    def rows(wanted: list[str]) -> Iterator[Row]:
        reader = csv.reader(lines, delimiter=delimiter)
        number = 0
        while True:
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error:
                values = None
            if values == []:
                continue  # an empty line
            number += 1
            if number > skip:
                yield _row(columns, values, wanted)

    return Table(columns, rows)


def _row(columns: list[str], values: list[str] | None, wanted: list[str]) -> Row:
    if values is None or len(values) != len(columns):
        return {SPOILT: "bad_line", "values": values}
    row = dict(zip(reversed(columns), reversed(values), strict=True))  # of two columns of one name the first counts
    return {column: row[column] for column in wanted if column in row}


def _json_lines(lines: Iterator[str], skip: int) -> Table:
    first = list(islice(lines, LOOKED_AT))  # the very first may be torn
    columns = list(dict.fromkeys(name for line in first for name in _object(line) if name not in (SPOILT, "line")))

    def rows(wanted: list[str]) -> Iterator[Row]:
        parents = {column.partition(".")[0] for column in wanted} | set(wanted)
        there = (line for line in chain(first, lines) if line.strip())
        for line in islice(there, skip, None):
            found = _object(line)
            yield found if SPOILT in found else {name: value for name, value in found.items() if name in parents}

    return Table(columns, rows)


def _object(line: str) -> Row:
    try:
        found = read_json(line.encode("utf-8", "surrogateescape"), source="The export", max_depth=20)
    except ContractBroken as broken:
        found = broken.reason
    reason = found if isinstance(found, str) and found in ("too_deep", "duplicate_key") else "bad_line"
    return found if isinstance(found, dict) else {SPOILT: reason, "line": line}


def _parquet(file: BinaryIO, skip: int) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.ParquetFile(file, pre_buffer=False)
        columns = list(table.schema_arrow.names)
        groups = [table.metadata.row_group(group).num_rows for group in range(table.num_row_groups)]
    except (pyarrow.ArrowException, OSError, ValueError) as broken:
        raise ContractBroken(f"The file is no readable Parquet ({type(broken).__name__}).", reason="bad_file") from None

    def rows(wanted: list[str]) -> Iterator[Row]:
        left, first = skip, 0
        while first < len(groups) and left >= groups[first]:
            left, first = left - groups[first], first + 1
        try:
            batches = table.iter_batches(BATCH_ROWS, row_groups=range(first, len(groups)), columns=wanted)
            for batch in batches:
                if left >= batch.num_rows:
                    left -= batch.num_rows
                    continue
                yield from batch.slice(left).to_pylist()
                left = 0
        except (pyarrow.ArrowException, OSError, ValueError) as broken:
            why = f"The Parquet file breaks off ({type(broken).__name__})."
            raise ContractBroken(why, reason="bad_file") from None

    return Table(columns, rows)
