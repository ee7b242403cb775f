"""The CSV of the played Bulk API: how an upload is read, and how results are written."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from connectors.salesforce.sandbox_fields import Field
from connectors.salesforce.sandbox_org import NUMERIC, Problem, error

DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
NULL = "#N/A"
TRUTH = {"true": True, "1": True, "false": False, "0": False}


class Unreadable(ValueError):
    """The upload cannot be worked on at all; the words become the job's error message."""


def read(text: str, *, delimiter: str, ending: str, known: Iterable[str]) -> tuple[list[str], list[list[str]]]:
    """The columns and the rows of an upload."""
    head = text.partition("\n")[0]
    if head.endswith("\r") != (ending == "CRLF"):
        raise Unreadable(
            f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {ending}"
        )
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[delimiter]))
    columns, rows = (rows[0], rows[1:]) if rows else ([], [])
    strange = [name for name in columns if name not in known]
    if strange or not columns:
        raise Unreadable(f"InvalidBatch : Field name not found : {strange[0] if strange else ''}")
    return columns, rows


def record_of(
    columns: Sequence[str], row: Sequence[str], fields: dict[str, Field]
) -> tuple[dict[str, Any], Problem | None]:
    """One row as a record: an empty cell changes nothing, `#N/A` empties the field."""
    if len(row) != len(columns):
        return {}, error("INVALID_CSV", "The row has another number of columns than the header")
    record: dict[str, Any] = {}
    for name, cell in zip(columns, row, strict=True):
        if cell == "":
            continue
        relation, _, key = name.partition(".")
        if key:  # `Persona__r.Hub_Key__c`: another record, by its external id
            record[relation] = {key: cell}
            continue
        try:
            record[name] = None if cell == NULL else typed(cell, fields[name])
        except ValueError:
            words = f"{name}: value not of required type: {cell}"
            return {}, error("INVALID_TYPE_ON_FIELD_IN_RECORD", words, name)
    return record, None


def typed(cell: str, field: Field) -> Any:
    """A cell as its field holds it."""
    if field.type in NUMERIC:
        return int(cell) if re.fullmatch(r"-?\d+", cell) else float(cell)
    if field.type == "boolean":
        if cell.lower() not in TRUTH:
            raise ValueError(cell)
        return TRUTH[cell.lower()]
    return cell


def written(columns: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter: str, ending: str) -> str:
    """Results as Salesforce writes them: every cell in quotes."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=DELIMITERS[delimiter], lineterminator=ENDINGS[ending], quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def told(problem: Problem) -> str:
    """An error in one cell: code, words and fields."""
    return f"{problem['statusCode']}:{problem['message']}:{','.join(problem['fields'])} --"
