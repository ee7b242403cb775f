"""What the columns of an export mean: as hub.yaml says, else by the names that such tools give them.

Our words for them are few. Columns that none of them names are never read, so that what an export says of people beyond
what it is imported for stays in the file.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.errors import SetupError

KNOWN = {  # our word: what tools call it, compared without case, spaces and marks
    "id": ("id", "responseid", "mentionid", "resourceid", "queryid", "postid", "tweetid", "uuid", "recordid", "guid"),
    "text": ("text", "fulltext", "content", "message", "snippet", "body", "comment", "comments", "feedback", "answer",
             "verbatim", "reason", "openended", "hitsentence", "posttext", "mentioncontent", "review", "npscomment"),
    "title": ("title", "headline", "subject", "pagetitle", "question", "surveyname"),
    "time": ("time", "date", "createdat", "timestamp", "published", "publishedat", "publishdate", "datecreated",
             "submittedat", "submitted", "submitdate", "enddate", "recordeddate", "completedat", "responsedate",
             "datetime"),
    "author": ("author", "authorname", "name", "fullname", "respondent", "respondentname", "customer", "customername",
               "username", "screenname", "handle", "influencer"),
    "author_id": ("authorid", "userid", "respondentid", "customerid", "contactid", "accountid", "twitterauthorid"),
    "url": ("url", "link", "permalink", "mentionurl", "originalurl", "posturl"),
    "lang": ("lang", "language", "languagecode"),
    "score": ("score", "nps", "npsscore", "rating", "stars", "csat", "csatscore", "satisfaction", "likelihood",
              "howlikelyareyoutorecommendus"),
    "likes": ("likes", "likecount", "reactions", "facebooklikes", "favorites", "favourites"),
    "shares": ("shares", "sharecount", "reposts", "retweets", "twitterretweets", "facebookshares"),
    "replies": ("replies", "replycount", "commentcount", "facebookcomments", "twitterreplies"),
    "views": ("views", "impressions", "reach", "viewcount"),
    "followers": ("followers", "followercount", "twitterfollowers", "authorfollowers"),
    "tags": ("tags", "hashtags", "topics"),
}  # fmt: skip
SETTINGS = {"time_format", "zone", "scale", "delimiter", "encoding"}
NEEDED = {"posts": ("text", "time"), "survey": ("text", "time"), "nps": ("score", "time")}
SCALES = {"nps": "0-10"}
SCALE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*(?:-|to|\.\.)\s*(-?\d+(?:\.\d+)?)\s*")


@dataclass(frozen=True)
class Layout:
    """Which column holds which of our words, and how times and scores are written."""

    columns: dict[str, str]  # our word: theirs
    zone: ZoneInfo
    time_format: str | None
    scale: tuple[float, float] | None

    def said(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """One row in our words; what is blank is left out."""
        found = {ours: _plain(_within(row, theirs)) for ours, theirs in self.columns.items()}
        said = {name: value for name, value in found.items() if value not in (None, "", [])}
        if "time" in said:
            said["time"] = self._time(said["time"])
        if "score" in said and self.scale:
            low, high = self.scale
            said |= {"low": low, "high": high}
            number = _number(said["score"])
            if number is not None and low <= number <= high:
                said["rating"] = round((number - low) / (high - low), 4)
        return said

    def _time(self, value: Any) -> Any:
        """A time as ISO 8601 with its zone, where it is written in the way that was told, or in an ISO way."""
        if not isinstance(value, str):
            return value
        try:
            moment = datetime.strptime(value.strip(), self.time_format) if self.time_format else _iso(value.strip())  # noqa: DTZ007
        except ValueError:
            return value
        return (moment if moment.tzinfo else moment.replace(tzinfo=self.zone)).astimezone(UTC).isoformat()


def layout_of(kind: str, told: Mapping[str, str], columns: Iterable[str]) -> Layout:
    """The layout of a file with these columns; SetupError names what cannot be found in it."""
    there = list(columns)
    unknown = sorted(set(told) - KNOWN.keys() - SETTINGS)
    if unknown:
        raise SetupError(f"A layout knows no {unknown[0]!r}; there are {', '.join((*KNOWN, *sorted(SETTINGS)))}.")
    named = {ours: theirs for ours, theirs in told.items() if ours in KNOWN}
    lost = [theirs for theirs in named.values() if theirs not in there and theirs.partition(".")[0] not in there]
    if lost:
        raise SetupError(f"The file has no column {lost[0]!r}; it has {_listed(there)}. Correct the watch's layout.")
    found = named | {ours: theirs for ours in KNOWN if ours not in named and (theirs := _guessed(ours, there, named))}
    for ours in NEEDED[kind]:
        if ours not in found:
            raise SetupError(
                f"Which column is the {ours}? The file has {_listed(there)}. Say so in the watch: "
                f"layout: {{{ours}: <column>}}."
            )
    return Layout(found, _zone(told), told.get("time_format"), _scale(kind, told))


def _guessed(ours: str, there: list[str], named: Mapping[str, str]) -> str | None:
    plain = {re.sub(r"[\W_]+", "", column).lower(): column for column in reversed(there)}
    taken = set(named.values())
    return next((plain[name] for name in KNOWN[ours] if name in plain and plain[name] not in taken), None)


def _listed(columns: list[str]) -> str:
    shown = ", ".join(repr(column[:40]) for column in columns[:12])
    return f"{shown} and {len(columns) - 12} more" if len(columns) > 12 else shown or "none"


def _zone(told: Mapping[str, str]) -> ZoneInfo:
    try:
        return ZoneInfo(told.get("zone", "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SetupError(f"A layout's zone is an IANA name such as Europe/Berlin, not {told['zone']!r}.") from None


def _scale(kind: str, told: Mapping[str, str]) -> tuple[float, float] | None:
    text = told.get("scale", SCALES.get(kind))
    if text is None:
        return None
    ends = SCALE.fullmatch(text)
    if ends is None or float(ends[1]) >= float(ends[2]):
        raise SetupError(f"A layout's scale is written lowest to highest, such as 1-5, not {text!r}.")
    return float(ends[1]), float(ends[2])


def _within(row: Mapping[str, Any], path: str) -> Any:
    """The value of a column, or of a field within one, `author.name`."""
    if path in row:
        return row[path]
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _plain(value: Any) -> Any:
    """What JSON knows; of a time without a zone only its text."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and value != value:
        return None  # how tables write that there is no number
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _iso(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(str(value).replace(",", "."))
    except ValueError:
        return None
