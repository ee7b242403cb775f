"""The other side of blogs: three sites and their feeds, in RSS 2.0, Atom and JSON Feed.

Feeds answer conditional requests (ETag, Last-Modified, 304) and hold the newest entries only, as feeds do. One path
has moved for good, one is gone. Atom also says which entries are gone, and names a hub. An entry's page is there for
who follows its link.
"""

import hashlib
import html
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from sandbox.kit import Reply, Request, System, WorldPost, route

ENTRIES = 50
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
HUB = "hub.coffeelovers.test"  # named, and not played: whoever subscribes must be reachable from outside
TITLES = {"blog.acme.test": "The Acme blog", "coffeelovers.test": "Coffee lovers", "techreview.test": "Tech review"}
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Blogs(System):
    """Three sites."""

    hosts = ("blog.acme.test", "coffeelovers.test", "techreview.test")

    def not_found(self, request: Request) -> Reply:
        """A page for people."""
        return Reply.text("<h1>Not here</h1>", status=404, content_type="text/html; charset=utf-8")

    def address_of(self, post: WorldPost) -> str:
        """Where people read it."""
        return _link(post)

    @route("GET", "/feed.xml")
    def rss(self, request: Request) -> Reply:
        """RSS 2.0."""
        posts, title = self._posts(request.host), _x(TITLES[request.host])
        items = "".join(
            f"<item><title>{_x(post.title)}</title><link>{_link(post)}</link>"
            f'<guid isPermaLink="false">{_guid(post)}</guid><dc:creator>{_x(post.author.name)}</dc:creator>'
            f"<pubDate>{format_datetime(post.published_at.astimezone(UTC))}</pubDate>"
            f"<description>{_x(_body(post))}</description></item>"
            for post in posts
        )
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<channel><title>{title}</title><link>https://{request.host}/</link><description>{title}</description>"
            f"<language>en</language><ttl>15</ttl>{items}</channel></rss>"
        )
        return _conditional(request, text, "application/rss+xml; charset=utf-8", posts)

    @route("GET", "/atom.xml")
    def atom(self, request: Request) -> Reply:
        """Atom."""
        posts = self._posts(request.host)
        entries = "".join(
            f'<entry><id>{_guid(post)}</id><title>{_x(post.title)}</title><link href="{_link(post)}"/>'
            f"<author><name>{_x(post.author.name)}</name></author><published>{_iso(post.published_at)}</published>"
            f"<updated>{_iso(post.edited_at or post.published_at)}</updated>"
            f'<content type="html" xml:lang="{_x(post.lang)}">{_x(_body(post))}</content></entry>'
            for post in posts
        )
        stones = "".join(
            f'<at:deleted-entry ref="{_guid(post)}" when="{_iso(post.deleted_at)}"/>'
            for post in self.world.timeline("blogs")
            if post.site == request.host and post.deleted_at and post.deleted_at <= self.clock.now()
        )
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="{TOMBSTONES}"'
            ' xml:lang="en">'
            f"<id>https://{request.host}/</id><title>{_x(TITLES[request.host])}</title>"
            f"<updated>{_iso(_changed_at(posts))}</updated>"
            f'<link rel="self" href="https://{request.host}/atom.xml"/><link rel="hub" href="https://{HUB}/"/>'
            f"{entries}{stones}</feed>"
        )
        return _conditional(request, text, "application/atom+xml; charset=utf-8", posts)

    @route("GET", "/feed.json")
    def json_feed(self, request: Request) -> Reply:
        """JSON Feed 1.1."""
        posts = self._posts(request.host)
        feed: dict[str, Any] = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": TITLES[request.host],
            "home_page_url": f"https://{request.host}/",
            "items": [
                {"id": _guid(post), "url": _link(post), "title": post.title, "content_html": _body(post),
                 "date_published": _iso(post.published_at), "authors": [{"name": post.author.name}],
                 "language": post.lang}
                for post in posts
            ],
        }  # fmt: skip
        return _conditional(request, Reply.json(feed).body.decode(), "application/feed+json", posts)

    @route("GET", "/posts/{id}")
    def entry(self, request: Request, id: str) -> Reply:
        """The page that an entry links to."""
        post = self.world.get(int(id)) if id.isascii() and id.isdigit() else None
        if post is None or post.site != request.host:
            return self.not_found(request)
        page = f'<!doctype html><html lang="{_x(post.lang)}"><title>{_x(post.title)}</title>{_body(post)}</html>'
        return Reply.text(page, content_type="text/html; charset=utf-8")

    @route("GET", "/old-feed.xml")
    def moved(self, request: Request) -> Reply:
        """Moved for good."""
        return Reply.empty(301, {"Location": f"https://{request.host}/feed.xml"})

    @route("GET", "/gone.xml")
    def gone(self, request: Request) -> Reply:
        """Gone for good."""
        return Reply.text("gone", status=410)

    def _posts(self, site: str) -> list[WorldPost]:
        return self.world.posts("blogs", site=site)[::-1][:ENTRIES]


def _conditional(request: Request, text: str, content_type: str, posts: list[WorldPost]) -> Reply:
    """The feed, or a 304 for who has it; a tag is asked before a date, which knows seconds only."""
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'
    changed = _changed_at(posts).astimezone(UTC).replace(microsecond=0)
    headers = {"ETag": tag, "Last-Modified": format_datetime(changed, usegmt=True), "Cache-Control": "max-age=60"}
    known = request.headers.get("if-none-match")
    if known is not None:
        tags = {each.strip().removeprefix("W/") for each in known.split(",")}
        fresh = "*" in tags or tag in tags
    else:
        since = _date(request.headers.get("if-modified-since", ""))
        fresh = since is not None and changed <= since
    return Reply.empty(304, headers) if fresh else Reply.text(text, headers=headers, content_type=content_type)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _changed_at(posts: list[WorldPost]) -> datetime:
    return max((post.edited_at or post.published_at for post in posts), default=LONG_AGO)


def _x(text: str) -> str:
    """A text within XML, without the characters that XML has no place for."""
    return html.escape(NOT_IN_XML.sub("", text))


def _link(post: WorldPost) -> str:
    return f"https://{post.site}/posts/{post.id}"


def _guid(post: WorldPost) -> str:
    return f"tag:{post.site},2025:{post.id}"


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _body(post: WorldPost) -> str:
    return f"<p>{html.escape(post.text, quote=False)}</p>"
