"""What must hold in what reached a destination, a page, a log line. A sink joins by a function of its name.

Each returns what is wrong, in words that never repeat the post.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.hostile.cases import Case
from tests.hostile.firing import Seen

Check = Callable[[Case, Seen, Any], Iterator[str]]
CHECKS: dict[str, Check] = {}
CSV_WRITERS: list[Callable[[list[list[str]]], str]] = []  # whatever writes CSV for people joins here
ACTIVE = re.compile(r"<[!@#]|<[^<>|]*\|[^<>]*>")  # tokens that Slack acts upon
OURS = re.compile(r"<(https?://[^<>|]*)\|(Open the post|Command centre)>")  # links that the mapping makes
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
ISOLATED = (("<bdi", "</bdi>"), ('dir="auto"', "</p>"), ("<pre", "</pre>"))
PLACEHOLDER = re.compile(r"\{\{|\{%")
SINGLE_LINE = {"salesforce": ("LastName", "FirstName", "Company", "Title"), "zendesk": ("subject", "name", "details")}


def sink(check: Check) -> Check:
    """Makes this the check of the sink of its name."""
    CHECKS[check.__name__] = check
    return check


@sink
def html_no_new_elements(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """Done against a twin, whose text is `x`; see `twin_differs`."""
    return iter(())


def twin_differs(seen: Seen, twin: Seen) -> Iterator[str]:
    """A page has the same elements and attributes as for the same post with the text `x`."""
    for name, page in seen.pages.items():
        other = twin.pages.get(name, "")
        if kinds(page) - kinds(other):
            yield f"the page {name} has other elements than with a harmless text"
        if title(page) != title(other):
            yield f"the page {name} has another title"
    shown = _parsed(seen.pages.get("handoff", "")).text
    if seen.post is not None and seen.post.text not in shown:
        yield "the text does not stand on the page as it was said"


@sink
def html_link_schemes(case: Case, seen: Seen, wanted: list[str]) -> Iterator[str]:
    """Links lead where they may."""
    for name, page in seen.pages.items():
        for _, attributes in elements(page):
            for attribute, value in attributes:
                scheme = urlsplit(value or "").scheme.lower()
                if attribute in ("href", "src") and scheme and scheme not in wanted:
                    yield f"a link of the page {name} has the scheme {scheme}"


@sink
def html_bidi_contained(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """Controls that turn the reading order around stay within the post's own element."""
    for name, page in seen.pages.items():
        for control in BIDI.finditer(page):
            before = page[: control.start()]
            if not any(before.rfind(opened) > before.rfind(closed) for opened, closed in ISOLATED):
                yield f"the page {name} shows a control of reading order outside of an isolated element"
                break


@sink
def slack_no_active_tokens(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """Nothing of the post's is a mention, a bell or a link with a label."""
    for message in seen.held.get("slack", ()):
        for text in words({name: message.get(name) for name in ("text", "blocks", "attachments")}):
            if ACTIVE.search(OURS.sub("", text)):
                yield "an active token reached Slack"
        if message.get("mentions"):
            yield "a message of the post mentions somebody"


@sink
def slack_max_text(case: Case, seen: Seen, wanted: int) -> Iterator[str]:
    """The text is no longer than this."""
    if any(len(str(message.get("text", ""))) > wanted for message in seen.held.get("slack", ())):
        yield "a text in Slack is too long"


@sink
def slack_not_contains(case: Case, seen: Seen, wanted: list[str]) -> Iterator[str]:
    """These words are in no message."""
    text = "\n".join(words(seen.held.get("slack", ())))
    yield from (f"Slack holds what it must not (number {number})" for number, one in enumerate(wanted) if one in text)


@sink
def log_not_contains(case: Case, seen: Seen, wanted: list[str]) -> Iterator[str]:
    """These words are in no log line."""
    logged = "\n".join(seen.logged)
    yield from (f"a log line holds what it must not (number {n})" for n, one in enumerate(wanted) if one in logged)


@sink
def log_lines_per_post_max(case: Case, seen: Seen, wanted: int) -> Iterator[str]:
    """A post's text never makes a second line: no line begins with one of its lines."""
    told = [line.strip() for line in (case.text or "").splitlines()[1:] if line.strip()]
    if sum(1 for line in seen.logged if line.strip() in told) >= wanted:
        yield "a line of the post is a line of the log"


@sink
def csv_formula_neutral(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """No cell of a CSV that we write starts a formula."""
    for rows in _exported(case):
        if any(cell.startswith(FORMULA) for row in rows for cell in row):
            yield "a cell of the CSV starts a formula"


@sink
def csv_rows(case: Case, seen: Seen, wanted: int) -> Iterator[str]:
    """One post is so many rows."""
    for rows in _exported(case):
        if len(rows) != wanted:
            yield f"the CSV of this post has {len(rows)} rows"


@sink
def text_preserved_in_api(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """Systems that take data get the text as it was said."""
    yield from _literal(case, seen, "salesforce")
    yield from _literal(case, seen, "zendesk")


@sink
def salesforce_absent_fields(case: Case, seen: Seen, wanted: list[str]) -> Iterator[str]:
    """The record has none of these fields."""
    for lead in seen.held.get("salesforce", ()):
        yield from (f"the lead has {name}" for name in wanted if lead.get(name) is not None)


@sink
def salesforce_field_not_null(case: Case, seen: Seen, wanted: str | list[str]) -> Iterator[str]:
    """The post's words did not blank these fields."""
    names = [wanted] if isinstance(wanted, str) else wanted
    for lead in seen.held.get("salesforce", ()):
        yield from (f"the lead's {name} is empty" for name in names if lead.get(name) in (None, ""))


@sink
def salesforce_text_literal(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """The lead holds the text as it was said."""
    yield from _literal(case, seen, "salesforce")


@sink
def soql_single_literal(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """Used in a query, the text is one literal."""
    from simple_salesforce.format import format_soql

    from connectors.salesforce.sandbox_soql import tokens_of

    query = format_soql("SELECT Id FROM Lead WHERE LastName = {}", case.text)
    before = tokens_of(format_soql("SELECT Id FROM Lead WHERE LastName = {}", "x"))
    if len(tokens_of(query)) != len(before):
        yield "the text is more than one literal in a query"


@sink
def zendesk_text_literal(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """The ticket holds the text as it was said, as text."""
    yield from _literal(case, seen, "zendesk")
    if any(
        "html_body" in comment and "<script" in str(comment["html_body"]) for comment in seen.held.get("zendesk", ())
    ):
        yield "the comment was sent as HTML"


@sink
def zendesk_placeholder_neutral(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """Nothing in it is filled in by Zendesk."""
    if any(PLACEHOLDER.search(text) for text in words(seen.held.get("zendesk", ()))):
        yield "a placeholder reached Zendesk"


@sink
def zendesk_no_remote_image(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """No picture is fetched when an agent opens it."""
    if any(re.search(r"!\[[^\]]*\]\(", text) for text in words(seen.held.get("zendesk", ()))):
        yield "a picture reached Zendesk"


@sink
def ticket_status(case: Case, seen: Seen, wanted: str) -> Iterator[str]:
    """The ticket's status is this."""
    yield from (
        f"a ticket is {row['status']}" for row in seen.held.get("zendesk", ()) if row.get("status", wanted) != wanted
    )


@sink
def no_crlf_in_single_line_fields(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """Names and subjects are one line."""
    for name, fields in SINGLE_LINE.items():
        for row in seen.held.get(name, ()):
            for each in fields:
                if re.search(r"[\r\n]", str(row.get(each) or "")):
                    yield f"{each} in {name} has more than one line"
            for custom in row.get("custom_fields") or ():
                if re.search(r"[\r\n]", str(custom["value"])):
                    yield f"a custom field in {name} has more than one line"


@sink
def text_literal_everywhere(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """The text was evaluated nowhere."""
    yield from _literal(case, seen, "salesforce")
    yield from _literal(case, seen, "zendesk")
    yield from _literal(case, seen, "slack")


@sink
def absent_everywhere(case: Case, seen: Seen, wanted: list[str]) -> Iterator[str]:
    """These words are nowhere."""
    places = seen.everything + "".join(seen.pages.values())
    yield from (f"what must be nowhere is somewhere (number {n})" for n, one in enumerate(wanted) if one in places)


@sink
def no_path_outside_root(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """The file system outside of the hub's folder is as before."""
    yield from (f"{Path(path).name} was made outside" for path in sorted(seen.files))


@sink
def distinct_objects(case: Case, seen: Seen, wanted: int) -> Iterator[str]:
    """So many live objects at each destination."""
    things = {name: [row for row in rows if "ticket_id" not in row] for name, rows in seen.held.items()}  # no comments
    counts = {name: len({row.get("id") or row.get("Id") for row in rows}) for name, rows in things.items()}
    yield from (f"{name} holds {count} objects" for name, count in counts.items() if count != wanted)


@sink
def no_lead(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """None was made."""
    if seen.held.get("salesforce"):
        yield "a lead was made"


@sink
def no_reply(case: Case, seen: Seen, wanted: Any) -> Iterator[str]:
    """None was sent."""
    if any(message.get("thread_ts") for message in seen.held.get("slack", ())):
        yield "a reply was sent"


CHECKS["no_file_created"] = no_path_outside_root


def _literal(case: Case, seen: Seen, name: str) -> Iterator[str]:
    """The text stands there as it was said, but for what neutralising adds and takes."""
    if not seen.held.get(name) or case.text is None:
        return
    wanted = _plain(case.text)
    if not any(wanted in _plain(text) for text in words(seen.held[name])):
        yield f"{name} does not hold the text as it was said"


def _plain(text: str) -> str:
    """Without the joints that break placeholders, and with Slack's three characters as they were."""
    text = text.replace("\u200b", "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return re.sub(r"\s+", " ", text).strip()


def _exported(case: Case) -> Iterator[list[list[str]]]:
    """The post as a row of each kind of CSV that we write, read as a spreadsheet reads it."""
    for write in CSV_WRITERS:
        yield list(csv.reader(io.StringIO(write([[case.id, case.text or ""]]))))


def words(value: Any) -> Iterator[str]:
    """Every text within."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from words(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from words(each)


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text = self.title = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        self.found.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_title:
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False


def _parsed(page: str) -> _Elements:
    parser = _Elements()
    parser.feed(page)
    return parser


def elements(page: str) -> list[tuple[str, tuple[tuple[str, str | None], ...]]]:
    """The elements of a page with their attributes."""
    return _parsed(page).found


def kinds(page: str) -> set[tuple[str, tuple[str, ...]]]:
    """The kinds of elements on a page: their names and those of their attributes."""
    return {(tag, tuple(name for name, _ in attributes)) for tag, attributes in elements(page)}


def title(page: str) -> str:
    """What stands in the window's bar."""
    return _parsed(page).title
