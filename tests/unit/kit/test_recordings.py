"""A recording is played back exactly, and says so when it is asked something else."""

import json
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter

from hub.errors import RateLimited, SetupError
from hub.kit.playback import Exchange, OneAnswer, ReplayTransport, Tape, Unrecorded, exchanges_of
from hub.kit.recordings import load_recording, load_recordings
from tests.unit.kit.conftest import Wire, says

EXAMPLE = {
    "source": "written from the API reference",
    "watch": {"kind": "hashtag", "value": "#Acme", "since": "2025-03-01T00:00:00Z"},
    "exchanges": [
        {
            "request": "GET /api/v1/timelines/tag/Acme?min_id=114084229939200000&limit=40",
            "status": 429,
            "headers": {"X-RateLimit-Reset": "2099-01-01T00:00:00Z"},
            "body": {"error": "Too many requests"},
        }
    ],
    "raises": "RateLimited",
}

DELIVERY = {"id": 1, "object": "message", "external_id": "b1", "version": 1, "body": {"text": "Hi"}, "digest": "d1"}


def written(folder: Path, story: object, name: str = "limited") -> Path:
    path = folder / "town" / "recordings" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(story), encoding="utf-8")
    return path


def session(transport: requests.adapters.BaseAdapter) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.mount("https://", transport)
    made.mount("http://", transport)
    return made


def replayed(*exchanges: Exchange, folder: Path = Path()) -> requests.Session:
    return session(ReplayTransport(exchanges, name="town/x", folder=folder))


def test_the_form_of_the_guide_is_read(tmp_path: Path) -> None:
    recording = load_recording(written(tmp_path, EXAMPLE))

    assert str(recording) == "town/limited"
    assert (recording.watch.network, recording.watch.kind, recording.watch.value) == ("town", "hashtag", "#Acme")
    assert recording.expected_error is RateLimited
    assert recording.expected_posts is None
    assert recording.golden.name == "limited.posts.json"


@pytest.mark.parametrize(("act", "ending"), [("send", "receipts"), ("find", "found")])
def test_deliveries_in_place_of_a_watch_are_for_a_destination(tmp_path: Path, act: str, ending: str) -> None:
    handed = {"source": "a test", "act": act, "deliveries": [DELIVERY], "exchanges": EXAMPLE["exchanges"]}

    recording = load_recording(written(tmp_path, handed))

    (delivery,) = recording.deliveries
    assert (delivery.destination, delivery.external_id) == ("town", "b1")
    assert (recording.ending, recording.golden.name) == (ending, f"limited.{ending}.json")
    assert recording.requests == ["GET /api/v1/timelines/tag/Acme?limit=40&min_id=114084229939200000"]
    with pytest.raises(SetupError, match="town/limited asks no watch"):
        _ = recording.watch


@pytest.mark.parametrize("golden", ["limited.posts", "limited.receipts", "limited.found"])
def test_goldens_are_no_recordings(tmp_path: Path, golden: str) -> None:
    path = written(tmp_path, EXAMPLE)
    written(tmp_path, [], golden)

    assert [each.path for each in load_recordings(path.parent)] == [path]


@pytest.mark.parametrize(
    "change",
    [
        {"raises": "Exploded"},
        {"raises": "HUB"},
        {"exchanges": [{"status": 200}]},
        {"exchanges": [{"request": "GET /", "sttaus": 200}]},
        {"watch": {"kind": "hashtag"}},
        {"since": "yesterday"},
        {"watch": None},
        {"deliveries": [DELIVERY]},
        {"watch": None, "deliveries": [{"id": 1}]},
        {"watch": None, "deliveries": [DELIVERY], "act": "guess"},
    ],
)
def test_a_recording_that_cannot_be_played_says_which(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(SetupError, match=r"town/limited\.json"):
        load_recording(written(tmp_path, EXAMPLE | change))


def test_the_order_of_the_query_does_not_matter() -> None:
    asked = replayed(Exchange(request="GET /posts?limit=40&tags[]=a&tags[]=b", body=["here"]))

    assert asked.get("https://town.test/posts?tags%5B%5D=b&tags%5B%5D=a&limit=40").json() == ["here"]


@pytest.mark.parametrize(
    "url",
    [
        "https://town.test/posts?limit=41",
        "https://town.test/posts",
        "https://town.test/posts?limit=40&more=",
        "https://town.test/other?limit=40",
    ],
)
def test_a_question_that_was_not_recorded_is_a_clear_error(url: str) -> None:
    asked = replayed(Exchange(request="GET /posts?limit=40"))

    with pytest.raises(Unrecorded, match=r"town/x has no answer to GET /.*; add an exchange"):
        asked.get(url)


def test_another_method_is_another_question() -> None:
    with pytest.raises(Unrecorded, match="POST"):
        replayed(Exchange(request="GET /posts")).post("https://town.test/posts")


def test_answers_to_one_question_come_in_turn_and_the_last_one_stays() -> None:
    asked = replayed(*(Exchange(request="GET /posts", status=status) for status in (429, 503, 200)))

    assert [asked.get("https://town.test/posts").status_code for _ in range(5)] == [429, 503, 200, 200, 200]


def test_a_host_counts_where_it_is_told() -> None:
    asked = replayed(
        Exchange(request="GET https://old.test/feed", status=301), Exchange(request="GET https://new.test/feed")
    )

    assert asked.get("https://new.test/feed").status_code == 200
    assert asked.get("https://old.test/feed", allow_redirects=False).status_code == 301
    with pytest.raises(Unrecorded):
        asked.get("https://other.test/feed")


def test_headers_that_must_be_given_choose_the_answer() -> None:
    asked = replayed(
        Exchange(request="GET /feed", given={"If-None-Match": '"v1"'}, status=304), Exchange(request="GET /feed")
    )

    assert asked.get("https://town.test/feed").status_code == 200
    assert asked.get("https://town.test/feed", headers={"If-None-Match": '"v1"'}).status_code == 304
    assert asked.get("https://town.test/feed", headers={"If-None-Match": '"v2"'}).status_code == 200


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ({"ids": ["1", "2"], "text": "Hi", "more": None}, "more"),
        ({"ids": ["1", "2"]}, "text"),
        ({"ids": ["1", "3"], "text": "Hi"}, r"ids\.1"),
        ({"ids": ["1"], "text": "Hi"}, "ids"),
        ([1], "the whole"),
    ],
)
def test_another_body_than_the_recorded_one_is_told_by_its_place(sent: object, place: str) -> None:
    asked = replayed(Exchange(request="POST /posts", sent={"ids": ["1", "2"], "text": "Hi"}, body={"id": "7"}))

    assert asked.post("https://town.test/posts", json={"text": "Hi", "ids": ["1", "2"]}).json() == {"id": "7"}
    with pytest.raises(Unrecorded, match=f"POST /posts; its bodies differ at {place}\\."):
        asked.post("https://town.test/posts", json=sent)


def test_bodies_choose_the_answer_and_a_form_is_its_fields() -> None:
    asked = replayed(
        Exchange(request="POST /posts", sent={"text": "Hi", "blank": ""}, body="first"),
        Exchange(request="POST /posts", sent="plain words", body="second"),
        Exchange(request="POST /posts", body="third"),
    )

    answers = [
        asked.post("https://town.test/posts", data=data).text
        for data in ("plain words", b"", {"text": "Hi", "blank": ""})
    ]

    assert answers == ["second", "third", "first"]


def test_what_had_no_answer_is_remembered_for_those_who_swallow_it() -> None:
    transport = ReplayTransport((), name="town/x", folder=Path())

    with pytest.raises(Unrecorded) as told:
        session(transport).get("https://town.test/posts")
    assert (transport.unanswered, transport.asked) == ([told.value], ["GET /posts"])


def test_a_body_is_json_text_or_a_file_beside(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(b"<rss>\xff</rss>")
    asked = replayed(
        Exchange(request="GET /json", body={"text": "\ud800 ä"}, headers={"Content-Encoding": "gzip"}),
        Exchange(request="GET /text", body="<html>ä</html>"),
        Exchange(request="GET /file", body_file="feed.xml"),
        Exchange(request="GET /none"),
        folder=tmp_path,
    )

    bodies = {name: asked.get(f"https://town.test/{name}").content for name in ("json", "text", "file", "none")}

    assert json.loads(bodies["json"]) == {"text": "\ud800 ä"}
    assert bodies["text"] == "<html>ä</html>".encode()
    assert bodies["file"] == b"<rss>\xff</rss>"
    assert bodies["none"] == b""


@pytest.mark.parametrize("name", ["../secrets.xml", "/etc/hostname", "missing.xml"])
def test_a_body_is_taken_from_beside_the_recording_only(tmp_path: Path, name: str) -> None:
    (tmp_path / "secrets.xml").write_text("secret")
    (tmp_path / "recordings").mkdir()

    with pytest.raises(SetupError, match="town/x"):
        replayed(Exchange(request="GET /", body_file=name), folder=tmp_path / "recordings").get("https://town.test/")


def test_one_answer_is_given_to_everything() -> None:
    asked = session(OneAnswer(418, {"X-Tea": "yes"}, b"short"))

    for url in ("https://a.test/", "http://b.test/x?y=z"):
        response = asked.get(url)
        assert (response.status_code, response.headers["x-tea"], response.content) == (418, "yes", b"short")


def test_a_tape_passes_on_what_is_said_and_keeps_no_proof(wire: Wire) -> None:
    wire.answers(says(200, b'{"id": "7"}', ETag='"v1"'), says(500, b"broken"))
    tape = Tape(HTTPAdapter())
    asked = session(tape)

    first = asked.get(f"{wire.address}/posts?b=2&a=1", headers={"Authorization": "Bearer s3cret"})
    second = asked.get(f"{wire.address}/posts")

    assert (first.json(), second.status_code) == ({"id": "7"}, 500)
    assert [(each.request, each.status, each.body) for each in tape.exchanges] == [
        ("GET /posts?a=1&b=2", 200, {"id": "7"}),
        ("GET /posts", 500, "broken"),
    ]
    assert tape.exchanges[0].headers["ETag"] == '"v1"'
    assert "s3cret" not in repr(tape.exchanges)


def test_cases_of_other_projects_are_read_however_little_they_say() -> None:
    made = list(
        exchanges_of(
            [
                {"request": None, "response": {"status": None, "headers": None, "body": [1]}},
                {"request": {"method": "GET", "url": "/a"}, "response": {"status": 429, "headers": {"Retry-After": 7}}},
                {"response": {"headers": {"Link": ["a", "b"]}, "body": "text"}},
                {},
            ]
        )
    )

    assert [(each.request, each.status) for each in made] == [
        ("GET /", 200),
        ("GET /a", 429),
        ("GET /", 200),
        ("GET /", 200),
    ]
    assert made[1].headers == {"Retry-After": "7"}
    assert made[2].headers == {"Link": "a, b"}
