"""The other side of blogs: three sites and their feeds, in RSS 2.0, Atom and JSON Feed.

Feeds answer conditional requests (ETag, Last-Modified, 304) and hold the newest entries only, as feeds do. One path
has moved for good, one is gone.
"""

import hashlib
import html
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from sandbox.kit import Reply, Request, System, WorldPost, route

ENTRIES = 50
TITLES = {"blog.acme.test": "The Acme blog", "coffeelovers.test": "Coffee lovers", "techreview.test": "Tech review"}


class Blogs(System):
    """Three sites."""

    hosts = ("blog.acme.test", "coffeelovers.test", "techreview.test")

    def not_found(self, request: Request) -> Reply:
        """A page for people."""
        return Reply.text("<h1>Not here</h1>", status=404, content_type="text/html; charset=utf-8")

    @route("GET", "/feed.xml")
    def rss(self, request: Request) -> Reply:
        """RSS 2.0."""
        posts = self._posts(request.host)
        items = "".join(
            f"<item><title>{_x(post.title)}</title><link>{_link(post)}</link>"
            f'<guid isPermaLink="false">{_guid(post)}</guid><dc:creator>{_x(post.author.name)}</dc:creator>'
            f"<pubDate>{format_datetime(post.published_at.astimezone(UTC))}</pubDate>"
            f"<description>{_x(_body(post))}</description></item>"
            for post in posts
        )
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<channel><title>{_x(TITLES[request.host])}</title><link>https://{request.host}/</link>"
            f"<description>{_x(TITLES[request.host])}</description><language>en</language><ttl>15</ttl>{items}</channel></rss>"
        )
        return self._conditional(request, text, "application/rss+xml; charset=utf-8", posts)

    @route("GET", "/atom.xml")
    def atom(self, request: Request) -> Reply:
        """Atom."""
        posts = self._posts(request.host)
        entries = "".join(
            f'<entry><id>{_guid(post)}</id><title>{_x(post.title)}</title><link href="{_link(post)}"/>'
            f"<author><name>{_x(post.author.name)}</name></author><published>{_iso(post.published_at)}</published>"
            f"<updated>{_iso(post.edited_at or post.published_at)}</updated>"
            f'<content type="html">{_x(_body(post))}</content></entry>'
            for post in posts
        )
        newest = _iso(posts[0].published_at if posts else datetime(2025, 1, 1, tzinfo=UTC))
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">'
            f"<id>https://{request.host}/</id><title>{_x(TITLES[request.host])}</title><updated>{newest}</updated>"
            f'<link rel="self" href="https://{request.host}/atom.xml"/>{entries}</feed>'
        )
        return self._conditional(request, text, "application/atom+xml; charset=utf-8", posts)

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
        return self._conditional(request, Reply.json(feed).body.decode(), "application/feed+json", posts)

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

    def _conditional(self, request: Request, text: str, content_type: str, posts: list[WorldPost]) -> Reply:
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'
        changed = posts[0].published_at if posts else datetime(2025, 1, 1, tzinfo=UTC)
        headers = {"ETag": tag, "Last-Modified": format_datetime(changed.astimezone(UTC), usegmt=True)}
        if request.headers.get("if-none-match") == tag:
            return Reply.empty(304, headers)
        return Reply.text(text, headers=headers, content_type=content_type)


def _x(text: str) -> str:
    return html.escape(text)


def _link(post: WorldPost) -> str:
    return f"https://{post.site}/posts/{post.id}"


def _guid(post: WorldPost) -> str:
    return f"tag:{post.site},2025:{post.id}"


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _body(post: WorldPost) -> str:
    return f"<p>{html.escape(post.text, quote=False)}</p>"
