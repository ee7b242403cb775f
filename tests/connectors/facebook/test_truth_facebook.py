"""Held to the vendor's lists of nodes and edges, and to answers that others recorded, by a walk of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.rehearsal import recordings, rehearse
from tests.connectors.graph_specs import Specs, asked_of

EDGES = {"feed": "Page", "tagged": "Page", "ratings": "Page", "insights": "Page", "comments": "PagePost"}
OTHER_THINGS = ("albums", "conversations", "events", "likes", "live_videos", "messages", "users", "videos")


def kind_of(parts: list[str], params: dict[str, str]) -> str:
    """What kind of object a request is about."""
    if len(parts) == 2:
        return EDGES[parts[1]]
    fields = params.get("fields", "")
    return "Comment" if "comment_count" in fields else "PagePost" if "attachments" in fields else "Page"


def test_every_request_is_one_that_the_vendor_names(shared: Path) -> None:
    specs = Specs(shared / "contracts" / "facebook" / "graph-specs")
    faults, asked = [], 0
    for recording in recordings(name="facebook"):
        for parts, params in asked_of(recording):
            asked += 1
            edge = parts[1] if len(parts) == 2 else None
            faults += [f"{recording}: {each}" for each in specs.faults_of_request(kind_of(parts, params), edge, params)]

    assert asked > 30
    assert faults == []


def test_the_lists_notice_what_is_not_in_them(shared: Path) -> None:
    specs = Specs(shared / "contracts" / "facebook" / "graph-specs")

    for edge, params in (
        ("feed", {"fields": "id,shoe_size"}), ("feed", {"colour": "blue"}), ("feeds", {}),
        ("feed", {"fields": "comments.filter(all)"}), ("feed", {"fields": "comments{shoe_size}"}),
    ):  # fmt: skip
        assert list(specs.faults_of_request("Page", edge, params)), (edge, params)


def cases(shared: Path) -> list[Path]:
    found = sorted((shared / "recorded" / "facebook").rglob("*.json"))
    if not found:
        pytest.skip("needs recorded/facebook")
    return found


def said(body: Any) -> list[dict[str, Any]]:
    """What people said in a recorded answer: objects with a time and words, but no name and no receivers."""
    nodes = body.get("data") if isinstance(body.get("data"), list) else [body] if "id" in body else body.values()
    return [
        each for each in nodes
        if isinstance(each, dict) and "created_time" in each and "message" in each and not {"to", "name"} & set(each)
    ]  # fmt: skip


def id_of(raw: dict[str, Any]) -> str:
    if "id" in raw:
        return str(raw["id"])
    address = str(raw["permalink_url"])
    return f"{address.split('/posts/')[1].split('/')[0]}_{address.split('comment_id=')[-1]}"


def parent_of(raw: dict[str, Any]) -> str | None:
    """By its address: an answer names the comment above it as well."""
    address = raw.get("permalink_url", "")
    if "comment_id=" not in address:
        return None
    page, _, post = address.split("/")[3:6]
    above = address.split("comment_id=")[1].split("&")[0]
    return f"{post}_{above}" if "reply_comment_id=" in address else f"{page}_{post}"


def total(raw: dict[str, Any], edge: str, field: str) -> Any:
    return raw[edge]["summary"]["total_count"] if edge in raw else raw.get(field)


def test_every_recorded_post_and_comment_is_read_as_it_was_said(shared: Path) -> None:
    seen = 0
    for path in cases(shared):
        bodies = [each["response"]["body"] for each in json.loads(path.read_text())["interactions"]]
        raws = [raw for body in bodies if isinstance(body, dict) for raw in said(body)]
        posts = [each["post"] for each in rehearse("facebook", [path]) if "post" in each]
        assert [post["native_id"] for post in posts] == [id_of(raw) for raw in raws], path.name
        for post, raw in zip(posts, raws, strict=True):
            seen += 1
            counted = post.get("engagement", {})
            assert post["text"] == raw["message"].strip() or post["text"] in raw["message"], path.name
            assert post["published_at"] == raw["created_time"].replace("+0000", "Z")
            author = raw.get("from", {"id": f"of:{id_of(raw)}", "name": ""})
            assert (post["author"]["native_id"], post["author"].get("display_name", "")) == (
                author["id"], author["name"],
            )  # fmt: skip
            assert counted.get("likes") == total(raw, "reactions", "like_count")
            assert counted.get("replies") == total(raw, "comments", "comment_count")
            parent = parent_of(raw)
            assert post.get("in_reply_to") == (f"facebook:post:{parent}" if parent else None)
    assert seen >= 30


def test_every_recorded_number_of_a_page_is_told(shared: Path) -> None:
    told = {
        (each["metric"]["account"], each["metric"]["name"]): each["metric"]["value"]
        for path in cases(shared)
        if path.name.startswith("pages__")
        for each in rehearse("facebook", [path])
        if "metric" in each
    }

    assert {name for _, name in told} == {"fans", "talking_about"}
    for path in cases(shared):
        if path.name.startswith("pages__"):
            (case,) = json.loads(path.read_text())["interactions"]
            body = case["response"]["body"]
            for node in [body] if "fan_count" in body else body.values():
                assert (node["id"], "fans") in told


def test_nothing_else_that_was_recorded_becomes_a_post_and_nothing_leads_to_nothing(shared: Path) -> None:
    for path in cases(shared):
        outcomes = list(rehearse("facebook", [path]))
        assert outcomes, path.name
        assert not any("nothing" in each or "quarantined" in each for each in outcomes), path.name
        if path.name.startswith(OTHER_THINGS):
            assert {each.get("error") for each in outcomes} == {"ContractBroken"}, path.name
