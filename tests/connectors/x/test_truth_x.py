"""X as it truly speaks: its description of requests, and what others recorded of its answers."""

import html
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import connectors
from hub.kit.recordings import Recording
from hub.rehearsal import Outcome, recordings, rehearse
from tests.connectors.contracts import request_faults

pytestmark = pytest.mark.shared
MANIFEST = connectors.manifest("x")
RENAMED = {"{name}": "{username}"}
STORAGE = "/twttr-tweet-compliance/"  # signed addresses that answers name: X describes no path there


def template_of(request: str) -> str:
    method, _, address = request.partition(" ")
    endpoint = MANIFEST.endpoint(method, address.partition("?")[0])
    assert endpoint is not None, request
    template = endpoint.call.split(" ", 1)[1]
    for ours, theirs in RENAMED.items():
        template = template.replace(ours, theirs)
    return template


@pytest.mark.parametrize("recording", recordings(name="x"), ids=str)
def test_every_request_is_one_that_x_describes(recording: Recording, shared: Path) -> None:
    openapi = shared / "contracts" / "twitter" / "openapi.json"

    for request in recording.requests:
        if STORAGE not in request:
            assert request_faults(openapi, request, template=template_of(request)) == [], request


def test_every_endpoint_and_its_scopes_are_those_that_x_describes(shared: Path) -> None:
    paths = json.loads((shared / "contracts" / "twitter" / "openapi.json").read_bytes())["paths"]

    for endpoint in MANIFEST.endpoints:
        method, path = endpoint.call.split(" ", 1)
        described = paths[path.replace("{name}", "{username}")][method.lower()]["security"]
        schemes = {name: scopes for each in described for name, scopes in each.items()}
        assert "BearerToken" in schemes, endpoint.call
        assert set(endpoint.scopes) == set(schemes.get("OAuth2UserToken", ())), endpoint.call


def test_limits_and_prices_are_those_of_the_vendors_tables(shared: Path) -> None:
    folder = shared / "contracts" / "twitter"
    limits = json.loads((folder / "rate-limits.json").read_bytes())["limits"]
    known = {f"{row['method']} {row['path'].replace(':job_id', ':id')}": row["per_app"] for row in limits}
    prices = {row["item"]: row["value"] for row in json.loads((folder / "pricing.json").read_bytes())["rows"]}

    for endpoint in MANIFEST.endpoints:
        budget = MANIFEST.buckets[endpoint.bucket] if endpoint.bucket else MANIFEST.budget
        path = endpoint.call.replace("{name}", ":username").replace("{id}", ":id")
        assert budget.requests <= int(known[path].partition("/")[0].replace(",", "")), endpoint.call
        assert budget.per_minutes == 15
    assert MANIFEST.prices is not None
    assert f"${MANIFEST.prices.each['post']:.3f} per resource" == prices["Posts: Read"]
    assert f"${MANIFEST.prices.each['user']:.3f} per resource" == prices["User: Read"]


def interactions(shared: Path) -> Iterator[tuple[Path, int, dict[str, Any]]]:
    for path in sorted((shared / "recorded" / "twitter").rglob("*.json")):
        for number, each in enumerate(json.loads(path.read_bytes()).get("interactions", ()), start=1):
            yield path, number, each


def is_called(each: dict[str, Any]) -> bool:
    """An answer to one of our calls, or a body of which nobody says what was asked."""
    request = each.get("request")
    return not request or MANIFEST.endpoint(request["method"], request["url"].partition("?")[0]) is not None


def first_of(post: dict[str, Any]) -> str:
    """The id that a post had before it was edited."""
    history = post.get("edit_history_tweet_ids") or post.get("edit_history_post_ids")
    return str(history[0] if history else post["id"])


def raw_posts(body: Any) -> list[dict[str, Any]]:
    """The posts that a body lists as its data, found without our code."""
    data = body.get("data", []) if isinstance(body, dict) else []
    listed = data if isinstance(data, list) else [data]
    return [each for each in listed if isinstance(each, dict) and "text" in each and "event_type" not in each]


def expected(post: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """What a post must become, said from the raw record alone."""
    beside = body.get("includes", {})
    others = {each["id"]: each for each in [*beside.get("tweets", []), *beside.get("posts", [])]}
    users = {each["id"]: each for each in beside.get("users", [])}
    author = users.get(post["author_id"], {})
    referred = {each["type"]: each["id"] for each in post.get("referenced_tweets", post.get("referenced_posts", []))}
    shown = others.get(referred.get("retweeted", ""), post)
    whole = (shown.get("note_tweet") or shown.get("note_post") or shown)["text"]
    counts = post.get("public_metrics", {})

    def key_of(*kinds: str) -> str | None:
        id = next((referred[kind] for kind in kinds if kind in referred), None)
        return f"x:post:{first_of(others[id]) if id in others else id}" if id else None

    tags = [each["tag"].lower() for each in post.get("entities", {}).get("hashtags", [])]
    return {
        "key": f"x:post:{first_of(post)}",
        "text": html.unescape(whole),
        "published_at": datetime.fromisoformat(post["created_at"]).astimezone(UTC),
        "author": post["author_id"],
        "handle": author.get("username", ""),
        "followers": author.get("public_metrics", {}).get("followers_count"),
        "in_reply_to": key_of("replied_to"),
        "shared": key_of("retweeted", "quoted"),
        "thread": f"x:thread:{post['conversation_id']}" if "conversation_id" in post else None,
        "likes": counts.get("like_count"),
        "shares": counts.get("retweet_count", counts.get("repost_count")),
        "replies": counts.get("reply_count"),
        "quotes": counts.get("quote_count"),
        "tags": tags,
        "media": len(
            {each["media_key"] for each in beside.get("media", [])}
            & set(post.get("attachments", {}).get("media_keys", []))
        ),
    }


def told(post: dict[str, Any]) -> dict[str, Any]:
    """The same facts of a post that we made."""
    author, counts = post["author"], post.get("engagement", {})
    return {
        "key": post["key"],
        "text": post["text"],
        "published_at": datetime.fromisoformat(post["published_at"]),
        "author": author["native_id"],
        "handle": author.get("handle", ""),
        "followers": author.get("followers"),
        **{name: post.get(name) for name in ("in_reply_to", "shared", "thread")},
        **{name: counts.get(name) for name in ("likes", "shares", "replies", "quotes")},
        "tags": post.get("tags", []),
        "media": len(post.get("media", [])),
    }


def test_every_recorded_answer_of_a_called_endpoint_is_read_as_it_is(shared: Path) -> None:
    found: dict[tuple[Path, int], list[Outcome]] = {}
    files = sorted((shared / "recorded" / "twitter").rglob("*.json"))
    for outcome in rehearse("x", files):
        found.setdefault((Path(outcome["file"]), outcome["response"]), []).append(outcome)

    posts = errors = facts = 0
    for path, number, each in interactions(shared):
        outcomes, body = found[path, number], each["response"]["body"]
        if not is_called(each):
            assert all("unused" in outcome for outcome in outcomes), path
            continue
        listed = raw_posts(body)
        whole = [post for post in listed if "created_at" in post and "author_id" in post]
        made = [outcome["post"] for outcome in outcomes if "post" in outcome]
        assert [told(post) for post in made] == [expected(post, body) for post in whole], path
        lacking = [outcome["quarantined"] for outcome in outcomes if "quarantined" in outcome]
        assert len(lacking) == len(listed) - len(whole), path
        assert set(lacking) <= {"no_author", "bad_time"}
        if not listed:
            names = {name for outcome in outcomes for name in ("error", "empty", "fact", "metric") if name in outcome}
            assert names, path
            errors += "error" in names
            facts += "error" not in names
        posts += len(made)
    assert posts > 50
    assert errors > 10
    assert facts >= 2
