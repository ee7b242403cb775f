"""How Mastodon writes things: ids, times, accounts, and a plain text as the HTML it makes of it."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.kit import Person, WorldPost

HOST = "mastodon.test"
SEQUENCE = 1 << 16
ACCOUNT_BASE = 109_000_000_000_000_000
PICTURE = f"https://{HOST}/avatars/original/missing.png"
APPROVAL = {"automatic": ["public"], "manual": [], "current_user": "automatic"}
MARK = re.compile(
    r"(?P<link>https?://[^\s<>\"']+[^\s<>\"'.,;:!?)])"
    r"|(?<![\w&/])#(?P<tag>\w*[^\W\d]\w*)"
    r"|(?<![\w/@])@(?P<name>\w+)(?:@(?P<host>[\w-]+(?:\.[\w-]+)+))?"
)


def status_id(post: WorldPost) -> int:
    """The id that Mastodon would have given a status of this time; an edit does not change it."""
    return (_milliseconds(post.published_at) << 16) | (post.id % SEQUENCE)


def moment(at: datetime) -> str:
    """ISO 8601 with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def account_of(person: Person, now: datetime) -> dict[str, Any]:
    """An account as the API shows it."""
    return {
        "id": str(ACCOUNT_BASE + person.id),
        "username": person.handle,
        "acct": person.handle,
        "display_name": person.name,
        "locked": False,
        "bot": person.automated,
        "discoverable": True,
        "indexable": True,
        "group": False,
        "created_at": moment(person.joined.replace(hour=0, minute=0, second=0)),
        "note": content_of(person.bio) if person.bio else "",
        "url": f"https://{HOST}/@{person.handle}",
        "uri": f"https://{HOST}/users/{person.handle}",
        "avatar": PICTURE,
        "avatar_static": PICTURE,
        "avatar_description": "",
        "header": PICTURE,
        "header_static": PICTURE,
        "header_description": "",
        "followers_count": person.followers,
        "following_count": person.following,
        "statuses_count": 100 + person.id,
        "last_status_at": f"{now:%Y-%m-%d}",
        "hide_collections": None,
        "show_media": True,
        "show_media_replies": True,
        "show_featured": True,
        "noindex": False,
        "feature_approval": APPROVAL,
        "emojis": [],
        "roles": [],
        "fields": [],
    }


def mention_of(person: Person) -> dict[str, str]:
    """An account as a status names it."""
    address = f"https://{HOST}/@{person.handle}"
    return {
        "id": str(ACCOUNT_BASE + person.id), "username": person.handle, "url": address, "acct": person.handle,
    }  # fmt: skip


def instance_facts() -> dict[str, Any]:
    """What mastodon.test says of itself."""
    feeds = ("live_feeds", "hashtag_feeds", "trending_link_feeds")
    return {
        "domain": HOST, "title": "Sandbox", "version": "4.7.3", "source_url": "https://github.com/mastodon/mastodon",
        "description": "Played for the hub", "usage": {"users": {"active_month": 4}}, "languages": ["en"], "rules": [],
        "thumbnail": {"url": PICTURE, "description": ""}, "icon": [], "api_versions": {"mastodon": 11},
        "configuration": {
            "urls": {"streaming": f"wss://{HOST}", "about": f"https://{HOST}/about", "status": None,
                     "privacy_policy": f"https://{HOST}/privacy-policy", "terms_of_service": None},
            "vapid": {"public_key": ""},
            "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5, "max_profile_fields": 4},
            "statuses": {"max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23},
            "media_attachments": {
                "description_limit": 10_000, "image_matrix_limit": 33_177_600, "image_size_limit": 16_777_216,
                "supported_mime_types": ["image/jpeg", "image/png"], "video_frame_rate_limit": 120,
                "video_matrix_limit": 8_294_400, "video_size_limit": 103_809_024,
            },
            "polls": {"max_options": 4, "max_characters_per_option": 50, "min_expiration": 300,
                      "max_expiration": 2_629_746},
            "translation": {"enabled": False},
            "timelines_access": {feed: {"local": "public", "remote": "public"} for feed in feeds},
            "limited_federation": False,
        },
        "registrations": {"enabled": False, "approval_required": False, "reason_required": False, "message": None,
                          "min_age": None, "url": None},
        "contact": {"email": f"admin@{HOST}", "account": None}, "wrapstodon": None,
    }  # fmt: skip


def content_of(text: str) -> str:
    """Plain text as the HTML that Mastodon makes of it: paragraphs, and links for tags, names and addresses."""
    paragraphs = [_linked(paragraph).replace("\n", "<br />") for paragraph in text.split("\n\n")]
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def local_name(name: str) -> str:
    """A handle of this server in lower case; nothing for one of another server."""
    handle, _, host = name.partition("@")
    return handle.lower() if host in ("", HOST) else ""


def _linked(text: str) -> str:
    parts, at = [], 0
    for mark in MARK.finditer(text):
        parts += [html.escape(text[at : mark.start()], quote=False), _anchor(mark)]
        at = mark.end()
    return "".join(parts) + html.escape(text[at:], quote=False)


def _anchor(mark: re.Match[str]) -> str:
    if tag := mark["tag"]:
        address = f"https://{HOST}/tags/{html.escape(tag.lower())}"
        return f'<a href="{address}" class="mention hashtag" rel="tag">#<span>{html.escape(tag)}</span></a>'
    if name := mark["name"]:
        address = f"https://{mark['host'] or HOST}/@{name}"
        anchor = f'<a href="{address}" class="u-url mention">@<span>{name}</span></a>'
        return f'<span class="h-card" translate="no">{anchor}</span>'
    scheme, slashes, rest = mark["link"].partition("//")
    shown, hidden = html.escape(rest[:30]), html.escape(rest[30:])
    inner = (
        f'<span class="invisible">{scheme}{slashes}</span><span class="{"ellipsis" if hidden else ""}">{shown}</span>'
    )
    return (
        f'<a href="{html.escape(mark["link"])}" rel="nofollow noopener" translate="no" target="_blank">'
        f'{inner}<span class="invisible">{hidden}</span></a>'
    )


def _milliseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
