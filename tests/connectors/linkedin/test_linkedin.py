"""LinkedIn: what is peculiar to it, and its played side against the connector."""

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import connectors
from hub.domain import Cursor, Reference, Watch
from hub.errors import AccessDenied, SetupError
from hub.kit import Connection, Services
from hub.rehearsal import recordings, rehearse, understand
from sandbox.process import SandboxProcess

WATCH = Watch(network="linkedin", kind="profile", value="acme", since=datetime(2020, 1, 1, tzinfo=UTC))


@pytest.fixture
def played(sandbox: SandboxProcess, hub_env: dict[str, str]):
    """The connector against the sandbox, as `hub run` opens it."""
    manifest = connectors.manifest("linkedin")
    with connectors.load("linkedin")(manifest, Connection.of(manifest), Services.local()) as network:
        yield network


def posts_of(network, cursor: Cursor | None = None):
    pages = list(network.pull(WATCH, cursor or Cursor()))
    found = [post for page in pages for post in understand("linkedin", WATCH, page.records, at=datetime.now(UTC)).posts]
    return found, pages[-1].cursor if pages else cursor


def test_the_played_page_is_read_whole_and_then_nothing_is_new(played) -> None:
    posts, cursor = posts_of(played)

    own = [post for post in posts if post.kind == "post"]
    comments = [post for post in posts if post.kind == "reply"]
    assert own
    assert comments
    assert {post.author.native_id for post in own} == {"organization:5117"}
    assert {comment.in_reply_to for comment in comments} <= {post.key for post in posts}
    assert len({post.key for post in posts}) == len(posts)
    assert posts_of(played, cursor)[0] == []


def test_no_name_of_a_member_is_kept(played) -> None:
    posts, _ = posts_of(played)

    assert {(post.author.handle, post.author.display_name, post.author.url) for post in posts} == {("", "", None)}
    assert all(post.author.native_id.startswith("person:") for post in posts if post.kind == "reply")


def test_a_new_comment_below_an_old_post_is_found(played, sandbox: SandboxProcess) -> None:
    _, cursor = posts_of(played)
    sandbox.control.add_post(network="linkedin", author="ana_new", text="My Brew One leaks #acme")

    posts, _ = posts_of(played, cursor)

    assert "My Brew One leaks #acme" in {post.text for post in posts}
    assert {post.kind for post in posts} == {"reply"}


def test_posts_and_comments_are_looked_up_and_what_is_not_there_is_gone(played) -> None:
    posts, _ = posts_of(played)
    asked = [
        Reference(key=post.key, native_id=post.native_id, thread=post.thread)
        for post in (next(one for one in posts if one.kind == kind) for kind in ("post", "reply"))
    ]
    lost = Reference(key="linkedin:share:share:9", native_id="share:9", thread="linkedin:thread:share:9")

    found = list(played.look_up([*asked, lost]))

    again = understand("linkedin", WATCH, [one for each in found for one in each.records], at=datetime.now(UTC)).posts
    assert [post.key for post in again] == [one.key for one in asked]
    assert [each.gone for each in found if each.gone] == [{lost.key: "deleted"}]


def test_our_page_is_measured(played) -> None:
    numbers = list(played.measure("acme"))

    assert {one.name for one in numbers} >= {"followers"}
    assert {one.account for one in numbers} == {"organization:5117"}


def test_access_is_proved_and_a_foreign_page_is_refused_by_name(played) -> None:
    assert played.proofs()["administers a page"]() == "1"
    with pytest.raises(AccessDenied, match="administrator"):
        list(played.pull(WATCH.with_(value="99"), Cursor()))


def test_nothing_of_linkedin_may_become_a_lead() -> None:
    policy = connectors.manifest("linkedin").policy

    assert "sales" not in policy.purposes
    assert (policy.retention_days, policy.author_retention_days, policy.renewable) == (2, 1, False)


@pytest.mark.parametrize(
    "value", ["urn:li:organization:5117", "organization:5117", "5117", "https://www.linkedin.com/company/5117/"]
)
def test_an_organization_may_be_named_in_any_of_its_ways(played, value: str) -> None:
    assert list(played.pull(WATCH.with_(value=value), Cursor()))


def test_a_name_that_is_nobody_s_is_a_mistake_in_the_set_up(played) -> None:
    with pytest.raises(SetupError, match="knows no organization"):
        list(played.pull(WATCH.with_(value="nobody"), Cursor()))


@pytest.mark.shared
def test_our_calls_are_the_vendor_s(shared: Path) -> None:
    folder = shared / "contracts" / "linkedin"
    known: dict[str, set[str]] = {}
    for file in folder.glob("*.openapi.json"):
        for path, methods in json.loads(file.read_bytes())["paths"].items():
            parameters = {one.get("name", "") for one in methods.get("get", {}).get("parameters", ())}
            known.setdefault(path.removeprefix("/rest"), set()).update(parameters)
    statistics = known["/organizationalEntityShareStatistics"]
    assert {"q", "organizationalEntity", "timeIntervals.timeRange.start"} <= statistics  # an older spelling
    asked = [urlsplit(line.split(" ", 1)[1]) for each in recordings(name="linkedin") for line in each.requests]
    paths = {path.partition("{")[0].rstrip("/") for path in known}
    for each in asked:
        called = each.path.removeprefix("/rest").partition("urn%3A")[0].rstrip("/")
        assert called in paths | {"/socialActions", "/socialMetadata", "/networkSizes"}, each.path


@pytest.mark.shared
def test_recorded_answers_are_of_writes_which_we_never_make(shared: Path) -> None:
    files = sorted((shared / "recorded" / "linkedin").rglob("*.json"))

    told = [line for path in files for line in rehearse("linkedin", [path])]

    assert len(told) >= len(files) > 0
    assert {line.get("unused", "").partition(" ")[0] for line in told} <= {"POST", "DELETE", "PUT"}
