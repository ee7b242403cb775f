"""A connector and its mapping, run without the network: over our recordings and over other people's."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

import connectors
from hub.errors import AccessDenied, SetupError
from hub.kit.local import SteppedClock
from hub.kit.playback import OneAnswer
from hub.kit.recordings import STANDS_AT, load_recording
from hub.rehearsal import SECRET, described, open_network, record, recordings, rehearse, replay, write_goldens

STATUS = {
    "id": "114086353305600001", "created_at": "2025-03-01T09:00:00.000Z", "visibility": "public",
    "content": "<p>It drips</p>", "account": {"id": "7", "acct": "cleo"},
}  # fmt: skip


def case(tmp_path: Path, *interactions: object, **more: object) -> Path:
    path = tmp_path / "case.json"
    path.write_text(json.dumps({"source": "a test", "kind": "vcr", "interactions": interactions} | more))
    return path


def interaction(body: object, status: int = 200, url: str = "https://social.test/api/v1/x", **headers: str) -> object:
    return {
        "request": {"method": "GET", "url": url},
        "response": {"status": status, "headers": headers, "body": body},
    }


def test_every_network_has_recordings_of_both_endings() -> None:
    names = {manifest.name for manifest in connectors.manifests(kind="network")}

    for ending in ("posts", "error"):
        assert {recording.connector for recording in recordings(expects=ending)} == names


def test_our_recordings_are_rehearsed_page_by_page() -> None:
    outcomes = list(rehearse("mastodon"))

    lines = [outcome for outcome in outcomes if outcome["file"].endswith("/hashtag.json")]
    assert [line["page"] for line in lines if "post" in line] == [1, 1, 2, 2]
    assert [(line["page"], line["skipped"]) for line in lines if "skipped" in line] == [(2, 1)]
    errors = {outcome["error"] for outcome in outcomes if "error" in outcome}
    assert errors == {"AccessDenied", "RateLimited", "Unavailable", "ContractBroken", "SetupError"}


TIMELINE = "https://social.test/api/v1/timelines/tag/acme"


def test_each_response_of_a_case_is_told_thing_by_thing(tmp_path: Path) -> None:
    path = case(
        tmp_path,
        interaction([STATUS, STATUS | {"visibility": "private"}, STATUS | {"created_at": "soon"}], url=TIMELINE),
        interaction({"error": "slow"}, 429, TIMELINE, **{"X-RateLimit-Reset": "2099-01-01T00:00:00Z"}),
        interaction({"error": "revoked"}, 401, TIMELINE),
        interaction({"id": "7", "acct": "cleo"}, url=TIMELINE),
        interaction("<html>down</html>", 502, TIMELINE),
        interaction([], url=TIMELINE),
        interaction([STATUS], url="https://social.test/api/v1/bookmarks"),
        {"request": None, "response": {"status": None, "headers": {}, "body": [STATUS]}},
    )

    lines = list(rehearse("mastodon", [path]))
    post, strange, skipped, limited, denied, account, down, empty, unused, bare = lines

    assert post["post"]["key"] == "mastodon:status:social.test/114086353305600001"
    assert (strange["quarantined"], skipped["skipped"]) == ("bad_time", 1)
    assert (limited["error"], limited["status"]) == ("RateLimited", 429)
    assert limited["retry_after"] > 0
    assert denied["error"] == "AccessDenied"
    assert (account["error"], account["holds"]) == ("ContractBroken", "an object with id, acct")
    assert (down["error"], down["holds"]) == ("Unavailable", "a page")
    assert empty["empty"] == "a list of 0"
    assert unused["unused"] == "GET /api/v1/bookmarks"
    assert bare["post"]["native_id"] == STATUS["id"]
    assert [line["response"] for line in lines] == [1, 1, 1, 2, 3, 4, 5, 6, 7, 8]


def test_a_bare_body_is_read_as_it_came_over_the_wire(tmp_path: Path) -> None:
    sound, twice, feed = tmp_path / "a.json", tmp_path / "b.json", tmp_path / "c.xml"
    sound.write_text(json.dumps([STATUS]))
    twice.write_text('[{"id": "1", "id": "2"}]')
    feed.write_text('<rss version="2.0"><channel><item><title>It drips</title><guid>1</guid></item></channel></rss>')

    assert ["post" in each for each in rehearse("mastodon", [sound])] == [True]
    assert [each["error"] for each in rehearse("mastodon", [twice])] == ["ContractBroken"]
    assert [each["post"]["text"] for each in rehearse("blogs", [feed])] == ["It drips"]


def test_a_bare_body_that_holds_no_posts_may_hold_numbers(tmp_path: Path) -> None:
    account = tmp_path / "account.json"
    account.write_text(json.dumps({"id": "7", "acct": "cleo", "followers_count": 12}))

    (told,) = rehearse("mastodon", [account])

    assert (told["metric"]["name"], told["metric"]["value"]) == ("followers", 12)


def test_a_recording_from_elsewhere_is_played_whole(tmp_path: Path) -> None:
    source = connectors.folder("x") / "recordings" / "mention.json"
    copy = shutil.copy(source, tmp_path / "mention.json")

    assert ["post" in each for each in rehearse("x", [copy])] == [True, True]


def test_a_recording_of_the_other_kind_of_connector_is_a_mistake() -> None:
    asked = connectors.folder("x") / "recordings" / "mention.json"
    handed = connectors.folder("slack") / "recordings" / "posted.json"

    for name, path in (("slack", asked), ("x", handed)):
        (outcome,) = rehearse(name, [path])
        assert (outcome["error"], outcome["detail"][:13]) == ("SetupError", "The recording")


def test_a_destination_is_rehearsed_recording_by_recording() -> None:
    outcomes = {Path(outcome["file"]).stem: outcome for outcome in rehearse("slack")}

    assert [receipt["outcome"] for receipt in outcomes["words_of_refusal"]["receipts"]] == [
        "created", "refused", "unknown", "created",
    ]  # fmt: skip
    assert len(outcomes["look_up"]["found"]) == 1
    assert (outcomes["rate_limited"]["error"], outcomes["rate_limited"]["retry_after"]) == ("RateLimited", 7)


def test_a_recording_from_elsewhere_is_handed_to_a_destination(tmp_path: Path) -> None:
    source = connectors.folder("zendesk") / "recordings" / "created.json"
    copy = shutil.copy(source, tmp_path / "created.json")

    (outcome,) = rehearse("zendesk", [copy])

    assert [receipt["outcome"] for receipt in outcome["receipts"]] == ["created"]


def test_an_outcome_can_be_written_as_json() -> None:
    import msgspec

    for name in ("x", "mastodon", "blogs", "salesforce", "slack", "zendesk"):
        for outcome in rehearse(name):
            assert json.loads(msgspec.json.encode(outcome))["file"].startswith(f"connectors/{name}/")


def test_mistakes_in_asking_are_named() -> None:
    with pytest.raises(SetupError, match="There is no connector 'toots'"):
        list(rehearse("toots"))
    with pytest.raises(SetupError, match="There is no connector 'toots'"):
        list(write_goldens("toots"))
    with pytest.raises(SetupError, match="cannot be read"):
        list(rehearse("zendesk", [Path("/nowhere/at/all.json")]))
    with pytest.raises(SetupError, match="cannot be read"):
        list(rehearse("x", [Path("/nowhere/at/all.json")]))


def test_goldens_that_are_current_are_left_alone() -> None:
    written = dict(write_goldens("blogs"))

    assert written
    assert not any(written.values())
    assert all(str(path).startswith("connectors/blogs/recordings/") for path in written)


def test_a_record_that_makes_no_post_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "mastodon" / "recordings"
    shutil.copytree(connectors.folder("mastodon") / "recordings", folder)
    path = folder / "hashtag.json"
    path.write_text(path.read_text().replace('"created_at": "2025-03-01T10:00:00.000Z"', '"created_at": "never"'))

    pages = list(replay(load_recording(path)))

    assert [len(page.posts) for page in pages] == [1, 2]
    (problem,) = pages[0].quarantined
    assert problem.reason == "bad_time"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "nothing"),
        (b'{"b": 1, "a": "secret words"}', "an object with b, a"),
        (b"{}", "an object with nothing in it"),
        (b"[1, 2]", "a list of 2"),
        (b"7", "a int"),
        (b"<html>", "a page"),
        (b"Slow down", "9 bytes that are no JSON"),
        (b"[" * 100_000, "100000 bytes that are no JSON"),
    ],
)
def test_what_holds_no_records_is_described_without_its_words(body: bytes, said: str) -> None:
    assert described(body) == said


def test_recording_writes_what_can_be_played_and_leads_to_nobody(tmp_path: Path) -> None:
    truth = next(each for each in recordings(name="mastodon") if str(each) == "mastodon/ulid_server")
    folder = tmp_path / "mastodon" / "recordings"
    day_after = truth.watch.since + timedelta(days=1) if truth.watch.since else STANDS_AT

    with open_network("mastodon", truth.transport(), clock=SteppedClock(day_after)) as network:
        path = record(network, kind="hashtag", value="#Acme", name="Made by a test!", folder=folder)
        with pytest.raises(SetupError, match="is there already"):
            record(network, kind="hashtag", value="#Acme", name="made by a test", folder=folder)

    assert path == folder / "made_by_a_test.json"
    recording = load_recording(path)
    posts = [post for page in replay(recording) for post in page.posts]
    assert recording.story.source == "recorded on 2025-03-02"
    assert [len(post.native_id) for post in posts] == [26, 26]
    assert posts[0].native_id < posts[1].native_id
    assert posts[1].in_reply_to == posts[0].key
    text = path.read_text(encoding="utf-8").lower()
    assert [word for word in ("cleo", "dan", "invented", "social.test", "logs me out", SECRET) if word in text] == []


def test_trouble_is_recorded_too(tmp_path: Path) -> None:
    answer = OneAnswer(401, {}, b'{"error": "The access token was revoked"}')

    with open_network("mastodon", answer, clock=SteppedClock(STANDS_AT)) as network:
        path = record(network, kind="hashtag", value="#Acme", folder=tmp_path / "mastodon" / "recordings")

    recording = load_recording(path)
    assert (path.name, recording.story.raises) == ("hashtag_acme.json", "AccessDenied")
    with pytest.raises(AccessDenied):
        list(replay(recording))


def test_a_record_in_which_a_key_stands_twice_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    spoilt = json.dumps(STATUS)[:-1] + ', "id": "8"}'
    path = tmp_path / "page.json"
    path.write_text(f"[{spoilt}, {json.dumps(STATUS)}]")

    sound, spoilt_one = rehearse("mastodon", [path])

    assert spoilt_one["quarantined"] == "duplicate_key"
    assert sound["post"]["native_id"] == STATUS["id"]


def test_a_network_that_says_nothing_at_all_leaves_no_file() -> None:
    clock = SteppedClock(STANDS_AT)
    before = sorted((connectors.folder("x") / "recordings").iterdir())

    with open_network("x", OneAnswer(200, {}, b"{}"), clock=clock) as network, pytest.raises(SetupError):
        record(network, kind="telepathy", value="acme")

    assert sorted((connectors.folder("x") / "recordings").iterdir()) == before
