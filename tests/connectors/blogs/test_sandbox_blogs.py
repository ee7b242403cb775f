"""The played blogs: feeds that feed readers accept, conditional requests, and paths that moved or went."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from xml.etree import ElementTree

import feedparser
import pytest
import requests

from sandbox.process import SandboxProcess

RSS = "https://coffeelovers.test/feed.xml"
ATOM = "https://techreview.test/atom.xml"
JSON = "https://coffeelovers.test/feed.json"


@pytest.fixture
def session(sandbox: SandboxProcess) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"https": sandbox.env["HTTPS_PROXY"]}
    session.verify = sandbox.env["REQUESTS_CA_BUNDLE"]
    return session


def say(sandbox: SandboxProcess, text: str, site: str = "coffeelovers.test", **facts: object) -> int:
    facts = {"title": text[:40], **facts}
    return sandbox.control.add_post(network="blogs", site=site, author="nia", text=text, **facts)


@pytest.mark.parametrize(("address", "version"), [(RSS, "rss20"), (ATOM, "atom10")])
def test_a_feed_reader_has_no_complaints(session: requests.Session, address: str, version: str) -> None:
    answer = session.get(address, timeout=10)
    feed = feedparser.parse(answer.content, response_headers={"content-type": answer.headers["content-type"]})

    assert not feed.bozo
    assert feed.version == version
    assert feed.feed.title
    assert len({entry.id for entry in feed.entries}) == len(feed.entries) > 2
    for entry in feed.entries:
        assert entry.title
        assert entry.link.startswith("https://")
        assert entry.published_parsed
        assert entry.author
        assert entry.summary.startswith("<p>")
    times = [entry.published_parsed for entry in feed.entries]
    assert times == sorted(times, reverse=True)


def test_a_json_feed_has_what_its_version_asks_for(session: requests.Session) -> None:
    feed = session.get(JSON, timeout=10).json()

    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    assert all({"id", "url", "content_html", "date_published"} <= set(item) for item in feed["items"])


@pytest.mark.parametrize("address", [RSS, ATOM.replace("techreview", "coffeelovers")])
def test_hostile_words_leave_the_feed_whole(sandbox: SandboxProcess, session: requests.Session, address: str) -> None:
    words = "]]></description><script>alert(1)</script> & &amp; \x00\x0b\ud7ff\uffff \U0001f600 Acme"
    say(sandbox, words)

    answer = session.get(address, timeout=10)
    ElementTree.fromstring(answer.content)
    entry = feedparser.parse(answer.content, sanitize_html=False).entries[0]

    body = entry.content[0].value if "content" in entry else entry.summary
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &amp;amp; " in body
    assert body.endswith("\U0001f600 Acme</p>")
    assert "<script>" not in body


@pytest.mark.parametrize("address", [RSS, ATOM, JSON])
def test_a_known_tag_is_answered_with_not_modified(session: requests.Session, address: str) -> None:
    first = session.get(address, timeout=10)
    tag = first.headers["etag"]

    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = session.get(address, headers={"If-None-Match": known}, timeout=10)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert session.get(address, headers={"If-None-Match": '"other"'}, timeout=10).status_code == 200


def test_a_known_date_is_answered_with_not_modified(session: requests.Session) -> None:
    changed = session.get(RSS, timeout=10).headers["last-modified"]
    earlier = format_datetime(parsedate_to_datetime(changed) - timedelta(seconds=1), usegmt=True)

    assert session.get(RSS, headers={"If-Modified-Since": changed}, timeout=10).status_code == 304
    assert session.get(RSS, headers={"If-Modified-Since": earlier}, timeout=10).status_code == 200
    assert session.get(RSS, headers={"If-Modified-Since": "some day"}, timeout=10).status_code == 200
    both = {"If-Modified-Since": changed, "If-None-Match": '"other"'}
    assert session.get(RSS, headers=both, timeout=10).status_code == 200


def test_news_an_edit_and_a_deletion_each_change_the_feed(sandbox: SandboxProcess, session: requests.Session) -> None:
    tags = [session.get(RSS, timeout=10).headers["etag"]]
    number = say(sandbox, "Acme opens a shop")
    tags.append(session.get(RSS, timeout=10).headers["etag"])
    sandbox.control.change_post(number, edited_text="Acme opens two shops")
    edited = session.get(RSS, timeout=10)
    tags.append(edited.headers["etag"])
    sandbox.control.change_post(number, deleted_at=datetime.now(UTC).isoformat())
    last = session.get(RSS, timeout=10).headers["etag"]

    assert len(set(tags)) == 3
    assert "two shops" in edited.text
    assert last == tags[0]


def test_a_feed_holds_its_newest_fifty(sandbox: SandboxProcess, session: requests.Session) -> None:
    for number in range(60):
        say(sandbox, f"Acme news {number}")

    entries = feedparser.parse(session.get(RSS, timeout=10).content).entries

    assert [entry.title for entry in entries] == [f"Acme news {number}" for number in range(59, 9, -1)]


def test_each_site_tells_its_own_posts_and_its_pages_are_there(
    sandbox: SandboxProcess, session: requests.Session
) -> None:
    number = say(sandbox, "Acme <b>tested</b>", site="techreview.test")

    assert f"/posts/{number}" not in session.get(RSS, timeout=10).text
    entry = feedparser.parse(session.get(ATOM, timeout=10).content).entries[0]
    page = session.get(entry.link, timeout=10)
    assert entry.link == f"https://techreview.test/posts/{number}"
    assert "Acme &lt;b&gt;tested&lt;/b&gt;" in page.text
    assert session.get(f"https://coffeelovers.test/posts/{number}", timeout=10).status_code == 404
    assert session.get("https://coffeelovers.test/posts/x", timeout=10).status_code == 404


def test_a_feed_has_moved_and_another_is_gone(session: requests.Session) -> None:
    moved = session.get("https://coffeelovers.test/old-feed.xml", allow_redirects=False, timeout=10)

    assert (moved.status_code, moved.headers["location"]) == (301, RSS)
    assert session.get("https://coffeelovers.test/gone.xml", timeout=10).status_code == 410
    assert session.get("https://coffeelovers.test/nothing", timeout=10).status_code == 404
