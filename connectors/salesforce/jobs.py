"""Bulk API 2.0: one CSV for thousands of records, and when to ask how far it is.

- A cell that is empty changes nothing and `#N/A` empties a field. A text that is just that, or holds a bare carriage
  return, would not arrive as it is: its record goes by JSON.
- Everything else is data: quoted after RFC 4180, formulas and line feeds too, and unchanged.
- Results come in two files, in no promised order, with our columns: each row is known by our key.
- A results file repeats the upload, so an upload is kept well below what we take as one answer.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from connectors.salesforce.words import KEY_FIELD
from connectors.salesforce.writes import Write

NULL = "#N/A"
MOST_BYTES = 14_000_000
SOONEST_SECONDS = 0.05
SHARE = 0.1  # of the time so far: the end is noticed within a tenth
ENDED = ("JobComplete", "Failed", "Aborted")
RUNNING = ("UploadComplete", "InProgress")


class Sheet(NamedTuple):
    """What goes into a job."""

    writes: list[Write]
    text: bytes


def sheet_of(writes: Sequence[Write]) -> Sheet:
    """As many of these as fit into one upload, and can be said in CSV."""
    fitting = [write._replace(fields=flat(write.fields)) for write in writes if is_plain(write)]
    columns = list(dict.fromkeys(name for write in fitting for name in write.fields))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(columns)
    taken: list[Write] = []
    size = 0
    for write in fitting:
        cells = [cell_of(write.fields[name]) if name in write.fields else "" for name in columns]
        size += sum(len(cell.encode()) + cell.count('"') + 3 for cell in cells)  # quotes, doubled ones too, and a comma
        if taken and size > MOST_BYTES:
            break
        writer.writerow(cells)
        taken.append(write)
    return Sheet(taken, out.getvalue().encode())


def flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """`Persona__r.Hub_Key__c` for a record that is named by its external id."""
    plain: dict[str, Any] = {}
    for name, value in fields.items():
        plain |= (
            {f"{name}.{inner}": each for inner, each in value.items()} if isinstance(value, dict) else {name: value}
        )
    return plain


def is_plain(write: Write) -> bool:
    """Whether CSV can say this record as it is."""
    return not any(isinstance(value, str) and (value == NULL or "\r" in value) for value in write.fields.values())


def cell_of(value: Any) -> str:
    """A field as a cell."""
    if value is None or value == "":
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def rows_of(text: str) -> dict[str, Mapping[str, str]]:
    """The rows of a results file by our key; those without one are nobody's."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return {str(row.get(KEY_FIELD) or "").lower(): row for row in rows}


def ask_again_in(passed: float, done: int, total: int) -> float:
    """Seconds until the next question: a tenth of the time so far, or more while its own count says so."""
    careful = max(SOONEST_SECONDS, SHARE * passed)
    if not 0 < done < total:
        return careful
    left = passed * (total - done) / done
    return max(careful, min(left, passed))
