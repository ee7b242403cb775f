"""Ids on servers that speak Mastodon's API: three ways of counting, all of which grow with time.

- Mastodon: 48 bits of milliseconds and 16 of sequence, in decimal digits.
- GoToSocial and kin: ULIDs, 48 bits of milliseconds in Crockford's 32 letters, then 16 letters of chance.
- Pleroma and Akkoma: 64 bits of milliseconds and 64 of place and sequence, in 62 letters.

All can be compared by length, then text. A date becomes an id only where an id of the same server, with the time of
its status, has shown that it counts so: others use the same digits and start from another day.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

SNOWFLAKE = re.compile(r"[0-9]{17,20}")
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
FLAKE = re.compile(r"[0-9A-Za-z]{18}")
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SIXTY_TWO = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NEAR = timedelta(days=2)  # a status from elsewhere may be numbered by when it came


def newest_of(ids: list[str]) -> str:
    """The id that was given last."""
    return max(ids, key=lambda id: (len(id), id))


def seems_ahead(id: str, now: datetime) -> bool:
    """Whether, counted in one of the three ways, an id would be given only days from now: the server knows better."""
    ways = ((SNOWFLAKE, first_id_after), (ULID, _ulid), (FLAKE, _flake))
    return any(pattern.fullmatch(id) and id > made(now + NEAR) for pattern, made in ways if len(id) >= 17)


def first_id_after(moment: datetime) -> str:
    """The smallest id that a status written at `moment` can have on Mastodon itself."""
    return str(_milliseconds(moment) << 16)


def first_id_like(listed: dict[str, Any], moment: datetime) -> str | None:
    """The smallest id of a moment, counted as this server counted what it lists; None where that cannot be told."""
    id, written = str(listed.get("id")), _time(listed.get("created_at"))
    if written is None:
        return None
    for pattern, made in ((SNOWFLAKE, first_id_after), (ULID, _ulid), (FLAKE, _flake)):
        if pattern.fullmatch(id) and made(written - NEAR) <= id <= made(written + NEAR):
            return made(moment)
    return None


def _ulid(moment: datetime) -> str:
    return _digits(_milliseconds(moment), CROCKFORD, 10) + "0" * 16


def _flake(moment: datetime) -> str:
    return _digits(_milliseconds(moment) << 64, SIXTY_TWO, 18)


def _digits(number: int, letters: str, length: int) -> str:
    found = ""
    while number:
        number, digit = divmod(number, len(letters))
        found = letters[digit] + found
    return found.rjust(length, letters[0])


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
