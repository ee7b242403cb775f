"""Held to Google's description of the API, and to answers that others recorded, by a walk of its own."""

import json
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from hub.rehearsal import recordings, rehearse
from tests.connectors.youtube.discovery import Discovery

CALLED = ("channels", "playlistItems", "videos", "search", "commentThreads", "comments")


def test_every_request_is_one_that_the_vendor_describes(shared: Path) -> None:
    discovery = Discovery(shared / "contracts" / "youtube" / "youtube.v3.discovery.json")
    faults, asked = [], 0
    for recording in recordings(name="youtube"):
        for line in recording.requests:
            parts = urlsplit(line.split(" ", 1)[1])
            asked += 1
            faults += list(discovery.faults_of_request(parts.path, dict(parse_qsl(parts.query))))

    assert asked > 25
    assert faults == []


def cases(shared: Path) -> list[Path]:
    found = sorted((shared / "recorded" / "youtube").rglob("*.json"))
    if not found:
        pytest.skip("needs recorded/youtube")
    return found


def said_in(item: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The id and snippet of each video and comment in one recorded resource."""
    kind, snippet = item["kind"].removeprefix("youtube#"), item.get("snippet", {})
    if kind == "commentThread":
        return said_in(snippet["topLevelComment"]) + [
            each for answer in item.get("replies", {}).get("comments", []) for each in said_in(answer)
        ]
    if kind in ("comment", "video"):
        return [(item["id"], snippet)]
    if kind == "playlistItem" and snippet["thumbnails"]:
        published = item.get("contentDetails", {}).get("videoPublishedAt", snippet["publishedAt"])
        owner = snippet.get("videoOwnerChannelId", snippet["channelId"])
        return [(snippet["resourceId"]["videoId"], snippet | {"publishedAt": published, "channelId": owner})]
    if kind == "searchResult" and "videoId" in item["id"]:
        return [(item["id"]["videoId"], snippet)]
    return []


def test_every_recorded_video_and_comment_is_read_as_it_was_published(shared: Path) -> None:
    seen = 0
    for path in cases(shared):
        raws = []
        for case in json.loads(path.read_text())["interactions"]:
            body, method = case["response"]["body"], (case["request"] or {}).get("method", "GET")
            if method == "GET" and isinstance(body, dict) and "kind" in body:
                raws += [raw for item in body.get("items", [body]) for raw in said_in(item)]
        posts = [each["post"] for each in rehearse("youtube", [path]) if "post" in each]
        assert [post["native_id"] for post in posts] == [id for id, _ in raws], path.name
        for post, (id, raw) in zip(posts, raws, strict=True):
            seen += 1
            words = unescape(raw.get("description") or raw.get("textOriginal") or "")
            assert post["text"].split() == words.split(), id
            assert post["published_at"][:19] == raw["publishedAt"][:19]
            assert post["author"]["native_id"] == (raw.get("authorChannelId", {}).get("value") or raw["channelId"])
            assert post.get("title", "").split() == unescape(raw.get("title", "")).split()
            if "parentId" in raw:
                assert post["in_reply_to"] == f"youtube:item:{raw['parentId']}"
            if "likeCount" in raw:
                assert post["engagement"]["likes"] == raw["likeCount"]
    assert seen >= 50


def test_every_recorded_number_of_a_video_and_a_channel_is_told(shared: Path) -> None:
    for path in cases(shared):
        outcomes = list(rehearse("youtube", [path]))
        posts = {each["post"]["native_id"]: each["post"] for each in outcomes if "post" in each}
        metrics = {
            (each["metric"]["account"], each["metric"]["name"]): each["metric"] for each in outcomes if "metric" in each
        }
        for case in json.loads(path.read_text())["interactions"]:
            body = case["response"]["body"]
            for item in body.get("items", []) if isinstance(body, dict) else []:
                numbers = item.get("statistics", {})
                if item["kind"] == "youtube#video" and "viewCount" in numbers:
                    assert posts[item["id"]]["engagement"]["views"] == int(numbers["viewCount"])
                if item["kind"] == "youtube#channel" and "viewCount" in numbers:
                    assert metrics[item["id"], "views"]["value"] == int(numbers["viewCount"])


def test_nothing_that_was_recorded_leads_to_nothing(shared: Path) -> None:
    for path in cases(shared):
        outcomes = list(rehearse("youtube", [path]))
        assert outcomes, path.name
        assert not any("nothing" in each or "quarantined" in each for each in outcomes), path.name
