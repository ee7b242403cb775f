"""Real posts in place of invented ones."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.errors import SetupError
from sandbox.loading import read_rows
from tests.unit.sandbox.conftest import Inside

NETWORKS = ("x", "mastodon", "blogs", "salesforce")


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of posts, one JSON object a line."""

    def write(*rows: object, name: str = "posts.jsonl") -> Path:
        path = tmp_path / name
        content = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


def posts(inside: Inside) -> list[dict[str, object]]:
    return inside.control.state("world", "posts")


def test_posts_are_moved_to_now_and_keep_their_order(start: Callable[..., Inside], lines: Callable[..., Path]) -> None:
    path = lines(
        {"id": "a", "text": "first", "time": "2015-02-24 11:35:52 -0800", "author": "jdoe"},
        {"id": "b", "text": "second", "created_at": "Wed Feb 25 11:35:52 +0000 2015", "author": "JDoe"},
        {"id": "c", "text": "third", "time": "2015-02-26T11:35:52Z"},
        {"id": "d", "text": "fourth", "time": 1424990152},
    )

    inside = start(load=path)

    found = posts(inside)
    times = [datetime.fromisoformat(str(post["published_at"])) for post in found]
    assert [post["text"] for post in found] == ["first", "second", "third", "fourth"]
    assert times == sorted(times)
    assert timedelta(0) < datetime.now(UTC) - times[-1] < timedelta(minutes=2)
    assert timedelta(hours=11) < times[-1] - times[0] <= timedelta(hours=12)
    assert found[0]["author"] == found[1]["author"]  # handles know no case
    assert found[0]["extra"] == {"loaded": "a"}


def test_times_can_be_kept(start: Callable[..., Inside], lines: Callable[..., Path]) -> None:
    path = lines({"id": 1, "text": "then", "time": "2015-02-24T11:35:52+00:00"})

    inside = start(load=path, keep_times=True)

    assert posts(inside)[0]["published_at"] == "2015-02-24T11:35:52+00:00"


def test_posts_without_times_are_spread_and_without_authors_get_one(
    start: Callable[..., Inside], lines: Callable[..., Path]
) -> None:
    path = lines({"id": 1, "text": "one"}, {"id": 2, "text": "two"}, {"id": 1, "text": "one again"})

    inside = start(load=path)

    found = posts(inside)
    times = [str(post["published_at"]) for post in found]
    assert times == sorted(set(times))
    assert found[0]["author"] == found[2]["author"] != found[1]["author"]


def test_a_packed_file_and_a_handle_that_is_none_are_taken(
    start: Callable[..., Inside], lines: Callable[..., Path]
) -> None:
    path = lines({"id": 1, "text": "hi @acme", "author": "@Joe Doe / NYC"}, "", name="posts.jsonl.gz")

    inside = start(load=path)

    person = inside.box.world.by_handle("joe_doe_nyc")
    assert person is not None
    assert person.name == "Joe Doe / NYC"


def test_our_own_account_stays_our_own(start: Callable[..., Inside], lines: Callable[..., Path]) -> None:
    inside = start(load=lines({"id": 1, "text": "We open at nine", "author": "ACME"}))

    assert [post.author.own for post in inside.box.world.posts("x")] == [True]


def test_a_blog_post_stands_on_a_site_that_is_played(start: Callable[..., Inside], lines: Callable[..., Path]) -> None:
    inside = start(load=lines({"id": 1, "text": "A long read about coffee", "network": "blogs"}))

    assert "A long read" in inside.session.get("https://coffeelovers.test/feed.xml", timeout=10).text


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("{not json", "line 3: this is no JSON object with a text"),
        ('{"id": 3}', "line 3: this is no JSON object with a text"),
        ("[1]", "line 3: this is no JSON object with a text"),
        ('{"text": "x", "time": "yesterday"}', "line 3: 'yesterday' is no time"),
        ('{"text": "x", "network": "myspace"}', "line 3: network 'myspace' is not played; there are: blogs, mastodon"),
    ],
)
def test_a_bad_line_is_named(lines: Callable[..., Path], bad: str, words: str) -> None:
    path = lines({"text": "good"}, "", bad)

    with pytest.raises(SetupError) as told:
        read_rows(path, networks=NETWORKS)

    assert words in str(told.value)


def test_a_file_without_posts_or_without_a_file_is_told(lines: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="holds no posts"):
        read_rows(lines(""), networks=NETWORKS)
    with pytest.raises(SetupError, match="cannot be read: No such file"):
        read_rows(tmp_path / "nowhere.jsonl", networks=NETWORKS)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b'{"text": "x"}' * 1000)[:20])
    with pytest.raises(SetupError, match="cannot be read"):
        read_rows(tmp_path / "cut.gz", networks=NETWORKS)


def test_a_reset_of_a_loaded_world_loads_it_again_or_keeps_what_there_is(
    start: Callable[..., Inside], lines: Callable[..., Path]
) -> None:
    path = lines({"id": 1, "text": "hi @acme"})
    inside = start(load=path)
    inside.control.add_post(network="x", author="nia", text="more")
    inside.control.reset()
    assert len(posts(inside)) == 1

    path.unlink()

    with pytest.raises(ValueError, match="cannot be read"):
        inside.control.reset()
    assert len(posts(inside)) == 1


def test_ten_thousand_real_posts_are_played(start: Callable[..., Inside], shared: Path) -> None:
    path = shared / "data" / "airline" / "train.jsonl.gz"
    if not path.exists():
        pytest.skip("needs data/airline")

    inside = start(load=path)

    found = inside.session.get(
        "https://api.x.com/2/tweets/search/recent", timeout=30,
        params={"query": "@united", "max_results": 100}, headers={"Authorization": "Bearer sandbox-x-bearer"},
    )  # fmt: skip
    assert inside.box.world.size > 10_000
    assert found.json()["meta"]["result_count"] == 100
