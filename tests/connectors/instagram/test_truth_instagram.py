"""Held to the vendor's lists of nodes and edges, and to answers that others recorded, by a walk of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.rehearsal import recordings, rehearse
from tests.connectors.graph_specs import Specs, asked_of

EDGES = {
    "media": "IGUser", "tags": "IGUser", "insights": "IGUser", "comments": "IGMedia", "replies": "IGComment",
    "recent_media": "ShadowIGHashtag",
}  # fmt: skip
THROUGH_AN_ACCOUNT = ("business_discovery", "mentioned_media", "mentioned_comment", "followers_count")


def kind_of(parts: list[str], params: dict[str, str]) -> str:
    if len(parts) == 2:
        return EDGES[parts[1]]
    fields = params.get("fields", "")
    if any(name in fields for name in THROUGH_AN_ACCOUNT):
        return "IGUser"
    return "IGComment" if fields.startswith("id,text") else "IGMedia"


def test_every_request_is_one_that_the_vendor_names(shared: Path) -> None:
    specs = Specs(shared / "contracts" / "instagram" / "graph-specs", shared / "contracts" / "facebook" / "graph-specs")
    metrics = set(specs.enums["userinsights_metric_enum_param"])
    faults, asked = [], 0
    for recording in recordings(name="instagram"):
        for parts, params in asked_of(recording):
            if parts in (["me", "accounts"], ["ig_hashtag_search"]):  # a Page's account is in Facebook's lists
                continue
            asked += 1
            edge = parts[1] if len(parts) == 2 else None
            faults += [f"{recording}: {each}" for each in specs.faults_of_request(kind_of(parts, params), edge, params)]
            faults += [f"{recording}: {name} is no metric" for name in params.get("metric", "").split(",")
                       if name and name not in metrics]  # fmt: skip

    assert asked > 25
    assert faults == []


def test_the_way_from_a_page_to_its_account_is_named(shared: Path) -> None:
    specs = Specs(shared / "contracts" / "facebook" / "graph-specs", shared / "contracts" / "instagram" / "graph-specs")
    asked = [
        params["fields"] for recording in recordings(name="instagram") for parts, params in asked_of(recording)
        if parts == ["me", "accounts"]
    ]  # fmt: skip

    assert asked
    for fields in set(asked):
        assert list(specs.faults_of_request("User", "accounts", {"fields": fields})) == []


def cases(shared: Path) -> list[Path]:
    found = sorted((shared / "recorded" / "instagram").rglob("*.json"))
    if not found:
        pytest.skip("needs recorded/instagram")
    return found


def shown_in(value: Any) -> list[dict[str, Any]]:
    """Every medium and comment in a recorded answer, but for the parts of an album, in the order of the answer."""
    if isinstance(value, list):
        return [each for inner in value for each in shown_in(inner)]
    if not isinstance(value, dict):
        return []
    if "media_type" in value or {"text", "timestamp"} <= set(value):
        return [value]
    return [each for inner in value.values() for each in shown_in(inner)]


def test_every_recorded_medium_and_comment_is_read_as_it_was_shown(shared: Path) -> None:
    seen = 0
    for path in cases(shared):
        (case,) = json.loads(path.read_text())["interactions"]
        raws = shown_in(case["response"]["body"])
        outcomes = list(rehearse("instagram", [path]))
        posts = [each["post"] for each in outcomes if "post" in each]
        dated = [raw for raw in raws if "timestamp" in raw]
        assert [post["native_id"] for post in posts] == [raw["id"] for raw in dated], path.name
        without = [each["quarantined"] for each in outcomes if "quarantined" in each]
        assert without == ["bad_time"] * (len(raws) - len(dated)), "a medium without a time cannot be placed"
        for post, raw in zip(posts, dated, strict=True):
            seen += 1
            counted = post.get("engagement", {})
            assert post["text"].split() == (raw.get("caption") or raw.get("text") or "").split()
            assert post["published_at"] == raw["timestamp"].replace("+0000", "Z")
            assert (counted.get("likes"), counted.get("replies")) == (raw.get("like_count"), raw.get("comments_count"))
            assert post.get("url") == raw.get("permalink")
            assert post["author"].get("handle", "") == raw.get("username", "")
            if "owner" in raw:
                assert post["author"]["native_id"] == raw["owner"]["id"]
            media = raw.get("children", {"data": [raw] if "media_type" in raw else []})["data"]
            assert [each.get("url") for each in post.get("media", [])] == [each.get("media_url") for each in media]
    assert seen >= 20


def test_every_recorded_number_is_told(shared: Path) -> None:
    told = {
        path.name: [each["metric"] for each in rehearse("instagram", [path]) if "metric" in each]
        for path in cases(shared)
    }

    for name in ("users__user_fields.json", "discovery__user_fields.json"):
        assert {each["name"] for each in told[name]} == {"followers", "posts"}
    insights = next(path for path in cases(shared) if path.name == "users__user_insights.json")
    (case,) = json.loads(insights.read_text())["interactions"]
    raw = case["response"]["body"]["data"]
    assert [each["value"] for each in told[insights.name]] == [
        value["value"] for metric in raw for value in metric["values"]
    ]
    assert {each["account"] for each in told[insights.name]} == {raw[0]["id"].split("/")[0]}


def test_nothing_that_was_recorded_leads_to_nothing(shared: Path) -> None:
    for path in cases(shared):
        outcomes = list(rehearse("instagram", [path]))
        assert outcomes, path.name
        assert not any("nothing" in each for each in outcomes), path.name
