"""Feeds as they are found: every format, what is new in them, and what must not reach the feed library."""

import codecs
import contextlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.blogs.feeds import MAX_ENTRIES, read_feed
from hub.domain import Cursor, Watch
from hub.errors import ContractBroken, HubError, SetupError
from hub.kit.local import SteppedClock
from hub.kit.playback import Exchange, ReplayTransport
from hub.kit.recordings import STANDS_AT
from hub.rehearsal import open_network, rehearse
from tests.connectors.blogs.promises import NotKept, can_be_read, clauses, head_of, holds

URL = "https://blog.test/feed.xml"
WATCH = Watch(network="blogs", kind="feed", value=URL, since=datetime(2025, 3, 1, tzinfo=UTC))
RSS = '<rss version="2.0"><channel><title>Blog</title>{}</channel></rss>'
ITEM = "<item><guid>{0}</guid><title>Entry {0}</title><pubDate>Tue, 04 Mar 2025 18:30:00 GMT</pubDate></item>"


UTF7 = {"<": "+ADw-", ">": "+AD4-", "=": "+AD0-", '"': "+ACI-", "é": "+AOk-"}


def feed(*ids: object) -> str:
    return RSS.format("".join(ITEM.format(id) for id in ids))


def read(text: str | bytes) -> list[dict[str, Any]]:
    return read_feed(text.encode() if isinstance(text, str) else text, site="blog.test", address=URL).entries


def pulled(cursor: Cursor, *exchanges: Exchange, watch: Watch = WATCH) -> tuple[list[Any], list[str]]:
    transport = ReplayTransport(exchanges, name="blogs/test", folder=Path())
    with open_network("blogs", transport, clock=SteppedClock(STANDS_AT)) as network:
        return list(network.pull(watch, cursor)), transport.asked


def ids(pages: list[Any]) -> list[str]:
    return [record["id"] for page in pages for record in page.records]


# What is new


def test_what_is_known_is_passed_over_and_what_was_changed_comes_again() -> None:
    (first,), _ = pulled(Cursor(), Exchange(request=f"GET {URL}", body=feed(2, 1)))
    changed = feed(3, 2, 1).replace("Entry 1", "Entry 1, corrected")

    pages, _ = pulled(first.cursor, Exchange(request=f"GET {URL}", body=changed))

    assert ids([first]) == ["1", "2"]
    assert sorted(ids(pages)) == ["1", "3"]


def test_an_entry_that_has_left_the_feed_and_comes_back_is_read_again() -> None:
    cursor = Cursor()
    seen = []
    for body in (feed(1), feed(2), feed(1, 2)):
        (page,), _ = pulled(cursor, Exchange(request=f"GET {URL}", body=body))
        cursor = page.cursor
        seen.append(ids([page]))

    assert seen == [["1"], ["2"], ["1"]], "its key makes it one post"


def test_an_entry_without_a_time_is_as_old_as_the_watch_asks_for_and_later_ones_are_new() -> None:
    undated = RSS.format("<item><guid>1</guid><title>one</title></item>")
    (first,), _ = pulled(Cursor(), Exchange(request=f"GET {URL}", body=undated))
    more = undated.replace("<item>", "<item><guid>2</guid><title>two</title></item><item>", 1)
    (second,), _ = pulled(first.cursor, Exchange(request=f"GET {URL}", body=more))

    assert [record["seen"] for record in first.records] == ["2025-03-01T00:00:00+00:00"]
    assert [(record["id"], record["seen"]) for record in second.records] == [("2", STANDS_AT.isoformat())]


def test_the_same_entry_twice_in_one_document_is_one() -> None:
    pages, _ = pulled(Cursor(), Exchange(request=f"GET {URL}", body=feed(1, 1, 1)))

    assert ids(pages) == ["1"]


# Where it is


def test_a_feed_that_has_moved_for_good_is_asked_there_from_then_on() -> None:
    new = "https://new.test/feed"
    (page,), asked = pulled(
        Cursor(),
        Exchange(request=f"GET {URL}", status=308, headers={"Location": new}),
        Exchange(request=f"GET {new}", body=feed(1)),
    )
    _, later = pulled(page.cursor, Exchange(request=f"GET {new}", body=feed(1)))

    assert page.cursor.state["moved_to"] == new
    assert asked == ["GET /feed.xml", "GET /feed"]
    assert later == ["GET /feed"]
    assert page.records[0]["feed"]["host"] == "blog.test", "its keys stay those of the watch"


@pytest.mark.parametrize("statuses", [(302,), (301, 302), (302, 301), (307,), (303,)])
def test_a_feed_that_is_elsewhere_for_a_while_is_asked_at_its_own_address_again(statuses: tuple[int, ...]) -> None:
    hops = [URL, *(f"https://hop{number}.test/feed" for number, _ in enumerate(statuses))]
    exchanges = [
        Exchange(request=f"GET {url}", status=status, headers={"Location": hops[place + 1]})
        for place, (url, status) in enumerate(zip(hops, statuses, strict=False))
    ]

    (page,), _ = pulled(Cursor(), *exchanges, Exchange(request=f"GET {hops[-1]}", body=feed(1)))

    permanent = hops[1] if statuses[0] == 301 else None
    assert page.cursor.state.get("moved_to") == permanent


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:8080/",
        "http://localhost/",
        "ftp://blog.test/",
        "//[::1]/",
        "http://2130706433/",
        "file:///etc/passwd",
    ],
)
def test_no_redirect_leads_inside(target: str) -> None:
    with pytest.raises(SetupError):
        pulled(Cursor(), Exchange(request=f"GET {URL}", status=301, headers={"Location": target}))


@pytest.mark.parametrize("address", ["http://192.168.1.1/rss", "ftp://blog.test/a.xml", "blog.test", "http://[::1]/"])
def test_no_watch_leads_inside(address: str) -> None:
    with pytest.raises(SetupError):
        pulled(Cursor(), watch=WATCH.with_(value=address))


# What it says


def test_links_without_a_host_are_of_the_feeds_own() -> None:
    (entry,) = read(RSS.format("<item><link>/2025/a</link><title>a</title></item>"))

    assert entry["link"] == "https://blog.test/2025/a"


def test_ids_stay_as_they_were_written_wherever_the_feed_is() -> None:
    (entry,) = read(RSS.format("<item><guid>7</guid><title>a</title></item>"))

    assert entry["id"] == "7"


def test_the_encoding_is_taken_from_the_header_where_the_document_does_not_say() -> None:
    body = RSS.format("<item><title>Müßig</title></item>").encode("iso-8859-1")

    (entry,) = read_feed(body, site="b.test", content_type="application/rss+xml; charset=iso-8859-1").entries

    assert entry["title"] == "Müßig"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'

    (entry,) = read((declared + RSS.format("<item><title>Müßig ☕</title></item>")).encode(encoding))

    assert entry["title"] == "Müßig ☕"


def test_a_json_feed_is_read_however_little_it_says() -> None:
    items = [
        {"id": "1", "author": {"name": "Ana"}, "content_text": "a"},
        {"id": "2", "authors": [], "summary": "b"},
        {"id": "3", "authors": "Ana"},
        {"id": "4", "authors": [None]},
        {},
        "x",
    ]
    entries = read(json.dumps({"version": "1.1", "items": items}))

    assert [(entry.get("id"), entry.get("author"), entry.get("text")) for entry in entries] == [
        (None, None, None), ("4", None, None), ("3", None, None), ("2", None, "b"), ("1", "Ana", "a"),
    ]  # fmt: skip


# What must not reach the library


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{}",
        b'{"items": {}}',
        b'{"items": [], "items": [1]}',
        b'{"items": NaN}',
        b"<html><body>Welcome</body></html>",
        b"Not found",
        b"\x00\x01\x02",
        b"https://blog.test/other.xml",
        b"/etc/passwd",
        b"http://127.0.0.1:9/feed",
        b'<!DOCTYPE rss [<!ENTITY a "b">]><rss version="2.0"><channel/></rss>',
        b'<!doctype   rss SYSTEM "http://evil.test/x.dtd"><rss version="2.0"><channel/></rss>',
        b'<!\tDOCTYPE rss SYSTEM "x"><rss version="2.0"><channel/></rss>',
        '<!DOCTYPE rss [<!ENTITY a "b">]><rss version="2.0"/>'.encode("utf-16"),
        '<!DOCTYPE rss [<!ENTITY a "b">]><rss version="2.0"/>'.encode("utf-16-le"),
        '<!DOCTYPE rss [<!ENTITY a "b">]><rss version="2.0"/>'.encode("utf-32"),
        b"<rss>" + b"<a>" * 100_000,
        b"<rss " + b"a='1' " * 50_000 + b"/>",
        b"<rss>" + b"<!ENTITY>" * 10,
        b"<rss>" + b"<![CDATA[" * 100_000,
        b"<rss>" + b"<!--" * 100_000,
    ],
    ids=lambda body: str(body[:24]),
)
def test_what_is_no_feed_or_is_hostile_is_refused_in_time(body: bytes) -> None:
    start = time.process_time()

    with pytest.raises(ContractBroken):
        read(body)

    assert time.process_time() - start < 2


MANY = " ".join(f'a{number}="1"' for number in range(50_000))


@pytest.mark.parametrize(
    "monster",
    [
        f"<e {MANY}/>",
        f'<e z=">" {MANY}/>',
        f"<é {MANY}/>",
        "<é>" * 100_000,
        "".join(f'<a{number}:e xmlns:a{number}="u{number}"/>' for number in range(20_000)),
    ],
    ids=["plain", "behind a closing bracket", "of a foreign name", "nested under foreign names", "namespaces"],
)
@pytest.mark.parametrize(
    ("declared", "encode"),
    [
        ("utf-8", str.encode),
        ("utf-16", lambda text: text.encode("utf-16")),
        ("utf-7", lambda text: "".join(UTF7.get(each, each) for each in text).encode("utf-8")),
        ("raw_unicode_escape", lambda text: text.replace("=", "\\u003d").encode("raw_unicode_escape")),
    ],
    ids=["utf-8", "utf-16", "utf-7", "raw_unicode_escape"],
)
def test_no_spelling_gets_a_monster_past_the_inspection(declared: str, encode: Any, monster: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>'
    told = encode(declaration) if declared == "utf-16" else declaration.encode()
    body = told + encode(RSS.format(f"<item>{monster}</item>")).removeprefix(
        codecs.BOM_UTF16 if told[:1] != b"<" else b""
    )
    start = time.process_time()

    with pytest.raises(ContractBroken):
        read(body)

    assert time.process_time() - start < 2


@pytest.mark.parametrize("name", ["undefined", "punycode", "IDNA", "-idna"])
def test_an_encoding_that_is_none_is_refused_by_name(name: str) -> None:
    with pytest.raises(ContractBroken, match="encoding"):
        read(f'<?xml version="1.0" encoding="{name}"?>' + feed(1))
    with pytest.raises(ContractBroken, match="encoding"):
        read_feed(feed(1).encode(), site="blog.test", content_type=f"text/xml; charset={name}")


def test_a_mainframe_is_not_spoken_with() -> None:
    with pytest.raises(ContractBroken, match="encoding"):
        read(('<?xml version="1.0" encoding="cp037"?>' + feed(1)).encode("cp037"))


def test_one_namespace_named_in_every_entry_is_an_honest_feed() -> None:
    entry = (
        '<item><guid>{}</guid><description><div xmlns="http://www.w3.org/1999/xhtml">Slow</div></description></item>'
    )

    assert len(read(RSS.format("".join(map(entry.format, range(300)))))) == 300


@settings(max_examples=300, deadline=2000)
@given(
    st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(lambda text: RSS.format(text).encode("utf-8", "replace"))
    )
)
def test_any_bytes_are_a_feed_or_refused_by_name(body: bytes) -> None:
    with contextlib.suppress(ContractBroken):
        read(body)


def test_a_file_named_in_a_body_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_text(feed(1))

    with pytest.raises(ContractBroken):
        read(str(secret))


def test_endless_entries_are_cut() -> None:
    start = time.process_time()

    assert len(read(feed(*range(2_000)))) == MAX_ENTRIES
    assert time.process_time() - start < 5


@pytest.mark.parametrize("text", ["&lt;!DOCTYPE html&gt;", "<![CDATA[<!DOCTYPE html><p>" + "<b>" * 200 + "]]>"])
def test_what_an_entry_quotes_is_only_text(text: str) -> None:
    (entry,) = read(RSS.format(f"<item><guid>1</guid><description>{text}</description></item>"))

    assert entry["html"].startswith("<!DOCTYPE html>")


# Other people's feeds


# What is gone, and where news is to be had

TOMBSTONE = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="{space}"><title>Blog</title>
<link rel="hub" href="https://hub.test/"/><entry><id>tag:blog.test,2025:2</id><title>Two</title></entry>
<at:deleted-entry ref="tag:blog.test,2025:1" when="2025-03-04T10:00:00Z"><at:by/></at:deleted-entry></feed>"""
GONE = TOMBSTONE.format(space="http://purl.org/atompub/tombstones/1.0")


def test_an_entry_that_a_feed_says_is_gone_is_told_once() -> None:
    (first,), _ = pulled(Cursor(), Exchange(request=f"GET {URL}", body=GONE))
    (second,), _ = pulled(first.cursor, Exchange(request=f"GET {URL}", body=GONE))

    assert first.records[-1] == {
        "id": "tag:blog.test,2025:1", "deleted": "2025-03-04T10:00:00Z", "feed": {"host": "blog.test", "title": "Blog"},
    }  # fmt: skip
    assert ids([first]) == ["tag:blog.test,2025:2", "tag:blog.test,2025:1"]
    assert second.records == []


def test_only_what_means_it_is_a_tombstone() -> None:
    assert [entry["id"] for entry in read(TOMBSTONE.format(space="https://other.test/ns"))] == ["tag:blog.test,2025:2"]


@pytest.mark.parametrize(
    ("body", "headers", "hub"),
    [
        (GONE, {}, "https://hub.test/"),
        (feed(1), {"Link": '<https://hub.test/b>; rel="hub", <https://blog.test/>; rel="self"'}, "https://hub.test/b"),
        (feed(1), {"Link": '<javascript:x>; rel="hub"'}, None),
        (
            {
                "version": "https://jsonfeed.org/version/1.1",
                "items": [],
                "hubs": [{"type": "WebSub", "url": "https://hub.test/c"}],
            },
            {},
            "https://hub.test/c",
        ),
        (feed(1), {}, None),
    ],
    ids=["atom", "header", "odd", "json", "none"],
)
def test_a_hub_is_noted_where_a_feed_names_one(body: Any, headers: dict[str, str], hub: str | None) -> None:
    (page,), _ = pulled(Cursor(), Exchange(request=f"GET {URL}", headers=headers, body=body))

    assert page.cursor.state.get("hub") == hub


def test_pictures_and_sounds_are_kept_by_reference() -> None:
    sound = '<enclosure url="https://blog.test/1.mp3" type="audio/mpeg" length="9"/>'
    (entry,) = read(RSS.format(f"<item><guid>1</guid>{sound}</item>"))
    shown = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [
            {
                "id": "1",
                "image": "https://blog.test/1.png",
                "attachments": [{"url": "https://blog.test/1.mp4", "mime_type": "video/mp4"}, {"url": 7}],
            }
        ],
    }
    (other,) = read(json.dumps(shown))

    assert entry["media"] == [{"kind": "audio", "url": "https://blog.test/1.mp3"}]
    assert [each["kind"] for each in other["media"]] == ["image", "video"]


@pytest.mark.shared
def test_feeds_in_the_wild_are_read_in_time_or_refused_by_name(shared: Path) -> None:
    files = [
        path for path in sorted((shared / "recorded" / "rss").rglob("*")) if path.suffix in (".xml", ".json", ".rss")
    ]
    assert len(files) > 100

    refused, slow = [], []
    for path in files:
        start = time.process_time()
        outcomes = list(rehearse("blogs", [path]))
        if time.process_time() - start > 2:
            slow.append(path.name)
        if "error" in outcomes[0]:
            refused.append((path.name, outcomes[0]["error"]))
        else:
            reasons = {each["quarantined"] for each in outcomes if "quarantined" in each}
            assert reasons <= {"empty_text", "no_author", "bad_time", "bad_id", "author_missing"}, path.name

    assert slow == []
    assert {error for _, error in refused} <= {"ContractBroken"}
    assert len(refused) < len(files) / 20


@pytest.mark.shared
def test_feeds_say_what_their_first_comment_promises(shared: Path) -> None:
    """What we keep of it: ids, links, authors, titles and words as they were written."""
    checked, broken = 0, []
    for path in sorted((shared / "recorded" / "rss").rglob("*.xml")):
        body = path.read_bytes()
        promise, content_type = head_of(body)
        if promise is None or b"<svg" in body or path.parent.name in ("sanitize", "base") or not can_be_read(body):
            continue  # the library rewrites markup and links there; what we keep is as it was sent
        try:
            read = read_feed(
                body, site="f.test", address=f"http://127.0.0.1:8097/{path.name}", content_type=content_type
            )
        except ContractBroken:
            assert b"<!DOCTYPE" in body or path.name == "rss_empty_document.xml", path.name
            continue
        for clause in clauses(promise):
            with contextlib.suppress(NotKept):
                if not holds(clause, read.entries[::-1], read.title):
                    broken.append((path.name, promise, read.title, read.entries[-1:]))
                checked += 1
    assert broken == []
    assert checked >= 35


@pytest.mark.shared
def test_hostile_feeds_get_their_verdict(shared: Path) -> None:
    lines = (shared / "hostile" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if case["category"] == "feed"]
    assert cases

    for case in cases:
        verdicts = {case["expect"], *(case.get("also_ok") or ())}
        try:
            found = "land" if read((shared / "hostile" / case["raw_file"]).read_bytes()) else "refuse_source"
        except HubError:
            found = "refuse_source"
        assert found in verdicts or f"{found}_flag" in verdicts, case["title"]
