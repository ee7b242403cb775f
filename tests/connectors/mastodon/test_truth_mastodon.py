"""Mastodon as it truly speaks: its description of requests, and what others recorded of its answers."""

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import connectors
from hub.kit.recordings import Recording
from hub.rehearsal import Outcome, recordings, rehearse
from tests.connectors.contracts import request_faults

pytestmark = pytest.mark.shared
MANIFEST = connectors.manifest("mastodon")
TAGS = re.compile(r"<[^>]+>")


@pytest.mark.parametrize("recording", recordings(name="mastodon"), ids=str)
def test_every_request_is_one_that_mastodon_describes(recording: Recording, shared: Path) -> None:
    openapi = shared / "contracts" / "mastodon" / "openapi.json"

    for request in recording.requests:
        method, _, address = request.partition(" ")
        endpoint = MANIFEST.endpoint(method, address.partition("?")[0])
        assert endpoint is not None, request
        assert request_faults(openapi, request, template=endpoint.call.split(" ", 1)[1]) == [], request


def test_every_endpoint_and_its_scopes_are_those_that_mastodon_describes(shared: Path) -> None:
    paths = json.loads((shared / "contracts" / "mastodon" / "openapi.json").read_bytes())["paths"]

    for endpoint in MANIFEST.endpoints:
        method, path = endpoint.call.split(" ", 1)
        described = paths[path][method.lower()].get("security") or []
        assert set(endpoint.scopes) == {scope for each in described for scopes in each.values() for scope in scopes}


def interactions(shared: Path) -> Iterator[tuple[Path, int, dict[str, Any]]]:
    for path in sorted((shared / "recorded" / "mastodon").rglob("*.json")):
        for number, each in enumerate(json.loads(path.read_bytes()).get("interactions", ()), start=1):
            yield path, number, each


def is_called(each: dict[str, Any]) -> bool:
    request = each.get("request")
    path = urlsplit(request["url"]).path if request else "/"
    return path == "/" or MANIFEST.endpoint(request["method"], path) is not None


def statuses_in(body: Any) -> list[dict[str, Any]]:
    """The statuses of a body, found without our code: listed, alone, around another, searched, or notified of."""
    if isinstance(body, dict):
        for names in (("ancestors", "descendants"), ("statuses",)):
            if all(isinstance(body.get(name), list) for name in names):
                return [each for name in names for each in body[name]]
    found = []
    for each in body if isinstance(body, list) else [body]:
        if isinstance(each, dict) and "content" in each and "account" in each:
            found.append(each)
        elif isinstance(each, dict) and "type" in each and isinstance(each.get("status"), dict):
            found.append(each["status"])
    return found


def words(text: str) -> str:
    """The letters of marked-up text, whatever stands between them."""
    return "".join(html.unescape(TAGS.sub("", text.replace("\u200b", ""))).split())


def expected(status: dict[str, Any], server: str) -> dict[str, Any]:
    """What a status must become, said from the raw record alone."""
    boosted, quote = status.get("reblog"), status.get("quote") or {}
    quoted = quote.get("quoted_status") or {}

    def key(id: str | None) -> str | None:
        return f"mastodon:status:{server}/{id}" if id else None

    return {
        "key": key(status["id"]),
        "words": words((boosted or status)["content"]),
        "published_at": datetime.fromisoformat(status["created_at"]).astimezone(UTC),
        "author": status["account"]["id"],
        "handle": status["account"]["acct"],
        "followers": status["account"].get("followers_count"),
        "in_reply_to": key(status.get("in_reply_to_id")),
        "shared": key(boosted["id"] if boosted else quoted.get("id")),
        "likes": status.get("favourites_count"),
        "shares": status.get("reblogs_count"),
        "replies": status.get("replies_count"),
        "tags": [tag["name"].lower() for tag in status.get("tags", [])],
        "mentions": [one["acct"] for one in status.get("mentions", [])],
        "media": len(status.get("media_attachments", [])),
        "lang": status.get("language"),
    }


def told(post: dict[str, Any]) -> dict[str, Any]:
    """The same facts of a post that we made."""
    author, counts = post["author"], post.get("engagement", {})
    return {
        "key": post["key"],
        "words": words(html.escape(post["text"])),
        "published_at": datetime.fromisoformat(post["published_at"]),
        "author": author["native_id"],
        "handle": author.get("handle", ""),
        "followers": author.get("followers"),
        **{name: post.get(name) for name in ("in_reply_to", "shared", "lang")},
        **{name: counts.get(name) for name in ("likes", "shares", "replies")},
        **{name: post.get(name, []) for name in ("tags", "mentions")},
        "media": len(post.get("media", [])),
    }


def test_every_recorded_answer_of_a_called_endpoint_is_read_as_it_is(shared: Path) -> None:
    found: dict[tuple[Path, int], list[Outcome]] = {}
    for outcome in rehearse("mastodon", sorted((shared / "recorded" / "mastodon").rglob("*.json"))):
        found.setdefault((Path(outcome["file"]), outcome["response"]), []).append(outcome)

    posts = errors = metrics = 0
    for path, number, each in interactions(shared):
        outcomes, status = found[path, number], each["response"]["status"] or 200
        if not is_called(each):
            assert all("unused" in outcome for outcome in outcomes), path
            continue
        made = [outcome["post"] for outcome in outcomes if "post" in outcome]
        if status >= 400:
            assert [outcome["error"] for outcome in outcomes], path
            errors += 1
            continue
        listed = [one for one in statuses_in(each["response"]["body"]) if one.get("visibility") != "private"]
        shown = [one for one in listed if one.get("visibility") in ("public", "unlisted")]
        server = urlsplit((each.get("request") or {}).get("url") or "").hostname or "mastodon.social"
        assert [without_blank(told(post)) for post in made] == [
            without_blank(expected(one, server)) for one in shown
        ], path
        numbers = [outcome["metric"] for outcome in outcomes if "metric" in outcome]
        body = each["response"]["body"]
        if isinstance(body, dict) and "followers_count" in body and each.get("request"):
            counts = {"followers": "followers_count", "following": "following_count", "posts": "statuses_count"}
            counted = {ours: body[theirs] for ours, theirs in counts.items()}
            assert {one["name"]: one["value"] for one in numbers} == counted
        assert outcomes, path
        posts += len(made)
        metrics += len(numbers)
    assert posts > 20
    assert metrics > 30
    assert errors > 0


def without_blank(facts: dict[str, Any]) -> dict[str, Any]:
    """What a network does not say is absent in our post, however the network does not say it."""
    return {name: value for name, value in facts.items() if value not in (None, "", [])}
