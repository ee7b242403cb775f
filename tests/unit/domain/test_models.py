"""What all nouns share: frozen, aware, strict about what they do not know, and whole in both directions."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest

import hub.domain
from hub.domain import (
    INTENTS,
    Author,
    Cursor,
    Delivery,
    Engagement,
    Handoff,
    History,
    Media,
    Model,
    OtherAccount,
    Post,
    Profile,
    Provenance,
    Signal,
    Trend,
    Watch,
    read_manifest,
)  # fmt: skip
from hub.domain.config import BusinessHours, Config, Route
from hub.domain.manifest import Endpoint

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AUTHOR = Author(key="x:account:7", native_id="7", handle="ana")
POST = Post(
    key="x:post:1", network="x", native_id="1", text="Hi", published_at=NOW, collected_at=NOW, author=AUTHOR,
    tags=("acme",), engagement=Engagement(likes=3),
)  # fmt: skip
DELIVERY = Delivery(  # whose body may hold anything
    id=1, destination="slack", object="message", external_id="e", version=1, digest="d", handoff="h",
    body={"list": [1, {"a": ("b",)}], "none": None}, known_as=("a",),
)  # fmt: skip
NOUNS = [each for each in vars(hub.domain).values() if isinstance(each, type) and issubclass(each, Model)]


def test_a_value_cannot_be_changed_only_copied() -> None:
    with pytest.raises(AttributeError):
        POST.text = "Bye"  # type: ignore[misc]

    assert POST.with_(text="Bye").text == "Bye"
    assert POST.text == "Hi"


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_every_noun_is_frozen_made_by_keywords_and_refuses_fields_it_does_not_know(noun: type[Model]) -> None:
    assert noun.__struct_config__.frozen
    assert noun.__struct_config__.forbid_unknown_fields
    with pytest.raises(TypeError, match="positional"):
        noun(1)


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"unknown field `handel` - at `\$.author`"):
        Post.from_plain(POST.plain() | {"author": {"key": "k", "native_id": "7", "handel": "ana"}})


@pytest.mark.parametrize("naive", ["2026-03-02T12:00:00", datetime(2026, 3, 2, 12)])  # noqa: DTZ001
def test_a_time_without_a_zone_is_refused(naive: object) -> None:
    with pytest.raises(msgspec.ValidationError, match="published_at"):
        Post.from_plain(POST.plain() | {"published_at": naive})


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    berlin = NOW.astimezone(timezone(timedelta(hours=1))).isoformat()

    assert Post.from_plain(POST.plain() | {"published_at": berlin}).published_at == NOW


def test_a_signal_is_plain_as_any_noun_is() -> None:
    signal = Signal(
        post="x:post:1", found_by="rules@1", lang="en", sentiment="negative", sentiment_score=-0.25, intent="support",
        confidence=0.75, scores={"support": 0.75}, urgency=0.5, worth=0.5,
        subjects=("Acme",), topics=("delivery",), evidence=("support.broken",),
    )  # fmt: skip

    assert signal.plain() == Model.plain(signal)
    assert list(map(type, signal.plain().values())) == list(map(type, Model.plain(signal).values()))
    assert {field.name for field in msgspec.structs.fields(Signal) if getattr(signal, field.name) == field.default} == {
        "relevant"
    }


def test_plain_data_is_json_and_leads_back() -> None:
    plain = POST.plain()

    assert Post.from_plain(plain) == POST
    assert msgspec.json.decode(msgspec.json.encode(plain)) == plain
    assert plain["tags"] == ["acme"]  # a list: expressions take a tuple for no array
    assert "kind" not in plain


def test_plain_data_is_what_json_makes_of_it_however_deep() -> None:
    post = POST.with_(
        media=(Media(kind="image", url="https://x.test/a.png"),),
        flags=("count_mismatch",),
        published_at=NOW.replace(microsecond=5),
    )
    mood = Trend(word="rising", now=0.5, of=2, before=-0.25, of_before=1)
    other = OtherAccount(network="x", handle="a", url=None, sure=True)
    whole = Handoff(
        key="x:account:7", kind="Lead", post=post, author=AUTHOR, team="sales",
        signal=Signal(post=POST.key, found_by="rules@1", scores={"purchase": 1.0}, subjects=("Acme",)),
        provenance=Provenance(post=POST.key, route="r@1", classifier="rules@1", confidence=1.0, run="r"),
        history=History(posts=1, trend="steady", accounts=(other,)),
        profile=Profile(posts_seen=1, first_seen_at=NOW, last_seen_at=NOW, trend=mood, accounts=("x:account:8",)),
        others=(post, POST),
    )  # fmt: skip

    assert repr(whole.plain()) == repr(msgspec.json.decode(msgspec.json.encode(whole)))
    assert repr(DELIVERY.plain()) == repr(msgspec.json.decode(msgspec.json.encode(DELIVERY)))


def test_whole_data_has_the_defaults_too() -> None:
    whole = POST.whole()

    assert set(whole) == set(Post.__struct_fields__)
    assert (whole["kind"], whole["visibility"], whole["flags"], whole["lang"]) == ("post", "public", [], None)
    assert whole["engagement"] == {"likes": 3}
    assert Post.from_plain(whole) == POST


def test_a_cursor_is_fresh_until_a_page_has_landed() -> None:
    assert Cursor().fresh
    assert not Cursor(position="7").fresh
    assert not Cursor(state={"etag": "a"}).fresh


def test_the_intents_are_the_closed_list() -> None:
    assert INTENTS == (
        "purchase", "support", "complaint", "churn", "praise", "question",
        "feature", "crisis", "partner", "spam", "offensive", "none",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("model", "data", "place"),
    [
        (BusinessHours, {"opens": "9am"}, "opens"),
        (BusinessHours, {"opens": "24:00"}, "opens"),
        (BusinessHours, {"days": ["monday"]}, "days"),
        (Route, {"name": "r", "makes": "Ticket", "when": "a"}, "makes"),
        (Config, {"organisation": {"name": "Acme"}, "triage": {"actionable_hours": -1}}, "actionable_hours"),
        (Config, {"organisation": {"name": "Acme"}, "subjects": [{"name": "A", "kind": "smell"}]}, "subjects"),
        (Watch, {"network": "x", "kind": "keyword", "value": 7}, "value"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused_where_it_stands(
    model: type[Model], data: dict[str, object], place: str
) -> None:
    with pytest.raises(msgspec.ValidationError, match=place):
        model.from_plain(data)


def test_a_team_that_nobody_described_has_a_name_and_no_address() -> None:
    config = Config.from_plain(
        {"organisation": {"name": "Acme"}, "teams": [{"name": "sales", "salesforce_owner_id": "5"}]}
    )

    assert config.team("sales") == {"name": "sales", "salesforce_owner_id": "5"}
    assert config.team("nobody") == {"name": "nobody"}


def test_a_manifest_is_parsed_once_and_anew_when_its_words_change(tmp_path: Path, repo: Path) -> None:
    path, words = tmp_path / "manifest.yaml", (repo / "connectors" / "x" / "manifest.yaml").read_text()
    path.write_text(words)
    first = read_manifest(path)
    assert read_manifest(path) is first

    path.write_text(words.replace("owner: ", "owner: not-", 1))

    assert read_manifest(path).owner == f"not-{first.owner}"


def test_a_budget_of_nothing_is_refused(tmp_path) -> None:
    path = tmp_path / "manifest.yaml"
    path.write_text("name: a\nbudget: {requests: 0, per_minutes: 1}\n")

    with pytest.raises(msgspec.ValidationError):
        read_manifest(path)


@pytest.mark.parametrize(
    ("call", "method", "path", "is_it"),
    [
        ("GET /2/users/{id}/tweets", "GET", "/2/users/7/tweets", True),
        ("GET /2/users/{id}/tweets", "GET", "/2/users/7/8/tweets", False),
        ("GET /2/users/{id}/tweets", "POST", "/2/users/7/tweets", False),
        ("GET /t/{rest:path}", "GET", "/t/a/b", True),
        ("GET [/v25.0]/{id}/comments", "GET", "/v25.0/7/comments", True),
        ("GET [/v25.0]/{id}/comments", "GET", "/7/comments/", True),
        ("GET [/v25.0]/{id}/comments", "GET", "/v24.0/7/comments", False),
        ("GET [/v25.0]", "GET", "/v25.0", True),
        ("GET [/v25.0]", "GET", "/7", False),
    ],
)
def test_a_call_is_told_by_its_method_and_path(call: str, method: str, path: str, is_it: bool) -> None:
    assert Endpoint(call=call, serves=("profile",)).matches(method, path) is is_it
