"""Authority: what of a body may be written over what is there (`product.md` lesson 10).

    overwrite    the field is ours
    fill_blank   it is a person's once it is set
    never        it is a person's once they have changed it: what is there is not what we said last
    append       what people write stays; what we say stands below it between two marks, and takes its own place

The opening mark holds a check sum of what stands between them. Where a person has changed that, it does not fit any
more: their words are then theirs, and ours begin anew below.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from zlib import crc32

from hub.domain import Authority, Delivery

OURS = re.compile(r"^-- social hub ([0-9a-f]{8}) --\n(.*?)\n-- end of social hub --$", re.DOTALL | re.MULTILINE)
MARK = re.compile(r"^(?=-- (?:end of )?social hub)", re.MULTILINE)
MARKS = "-- social hub {sum} --\n{text}\n-- end of social hub --"
APART = "\n\n"


def merged(
    delivery: Delivery,
    there: Mapping[str, Any],
    whose: Callable[[str], Authority],
    *,
    longest: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The fields of a delivery's body that may be written over `there`, which holds all that are not ours alone.

    `whose` goes by the delivery's own authority first. `longest` tells how much a field holds, in UTF-16 units, where
    something is appended.
    """
    if not there and "append" not in delivery.authority.values():
        return dict(delivery.body)  # nobody can have filled in anything
    fields: dict[str, Any] = {}
    for name, value in delivery.body.items():
        held = there.get(name)
        match whose(name):
            case "overwrite":
                fields[name] = value
            case "fill_blank" if is_blank(held):
                fields[name] = value
            case "never" if is_blank(held) or _is_as_we_said(delivery, name, held):
                fields[name] = value
            case "append":
                text = appended(str(held or ""), str(value or ""), (longest or {}).get(name))
                if text != plain(held):
                    fields[name] = text
    return fields


def appended(there: str, ours: str, longest: int | None = None) -> str:
    """What people wrote, and ours below it between marks; as much of ours as there is room for."""
    theirs = OURS.sub(lambda block: "" if block[1] == sum_of(block[2]) else block[2], plain(there))
    theirs = re.sub(r"\n{3,}", APART, theirs).strip("\n")
    before = theirs + APART if theirs else ""
    room = None if longest is None else longest - units(before + MARKS.format(sum="0" * 8, text=""))
    text = MARK.sub(" ", plain(ours).strip("\n"))  # a mark of a stranger's is none
    text = text if room is None else fitting(text, room)
    return before + MARKS.format(sum=sum_of(text), text=text) if text else theirs


def is_blank(value: Any) -> bool:
    """Whether a field holds nothing."""
    return value is None or value == ""


def plain(text: Any) -> str:
    """A text with one kind of line end, whatever the other side keeps."""
    return str(text or "").replace("\r\n", "\n").replace("\r", "\n")


def sum_of(text: str) -> str:
    """Eight hex digits by which a change is seen; spaces at the ends of lines are no change."""
    trimmed = "\n".join(line.rstrip() for line in text.split("\n"))
    return f"{crc32(trimmed.encode('utf-8', 'surrogatepass')):08x}"


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fitting(text: str, room: int) -> str:
    """As much of the text as the room holds."""
    if units(text) <= room:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: max(room, 0) * 2].decode("utf-16-le", "ignore").rstrip()


def _is_as_we_said(delivery: Delivery, name: str, held: Any) -> bool:
    """Whether the field still holds what our last delivered version said."""
    if delivery.before is None or name not in delivery.before:
        return False
    said = delivery.before[name]
    if isinstance(held, str) and isinstance(said, str):
        return plain(held).strip() == plain(said).strip()
    return bool(held == said)
