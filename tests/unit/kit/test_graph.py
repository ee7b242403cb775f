"""Meta's Graph API: its errors by their codes, its pages without its addresses, its numbers though some have died."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.errors import AccessDenied, ContractBroken, HubError, RateLimited, Unavailable
from hub.kit import Connection, GraphNetwork, GraphRejected, Limits, Services
from hub.kit.graph import following, moment, nodes_of
from hub.kit.local import SteppedClock
from tests.unit.kit.conftest import MANIFEST, Script, Wire, open_town, says

NEXT = "https://graph.facebook.test/v25.0/1/feed?access_token=s3cret&limit=2"


class Town(GraphNetwork):
    """Some network behind Graph."""

    counts = {"fan_count": "fans"}
    metrics = {"views_name": "views", "reach_name": "reach", "dead_name": "impressions"}


def town(wire: Wire, clock: SteppedClock, **limits: Any) -> Town:
    opened = open_town(Town, wire, clock, limits=Limits(**{"max_requests": 1, **limits}))
    assert isinstance(opened, Town)
    return opened


def error(code: int, status: int = 400, *, subcode: int | None = None, **headers: str) -> Script:
    told = {"message": "words that nobody shall see", "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    body = {"error": told | ({"error_subcode": subcode} if subcode else {})}
    return says(status, json.dumps(body).encode(), **headers)


def answer(body: Any) -> Script:
    return says(200, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("code", "status", "named"),
    [
        (190, 400, AccessDenied), (102, 401, AccessDenied), (10, 403, AccessDenied), (200, 403, AccessDenied),
        (299, 400, AccessDenied), (368, 400, AccessDenied), (4, 400, RateLimited), (17, 400, RateLimited),
        (32, 403, RateLimited), (613, 400, RateLimited), (80001, 400, RateLimited), (80002, 400, RateLimited),
        (1, 400, Unavailable), (2, 500, Unavailable), (100, 400, GraphRejected), (803, 404, GraphRejected),
    ],
)  # fmt: skip
def test_the_code_counts_and_not_the_status(
    wire: Wire, clock: SteppedClock, code: int, status: int, named: type[HubError]
) -> None:
    wire.answers(error(code, status))

    with town(wire, clock) as opened, pytest.raises(named) as told:
        opened.get("/me")

    assert "words" not in str(told.value)
    assert str(code) in str(told.value)


def test_an_error_in_a_good_answer_is_an_error(wire: Wire, clock: SteppedClock) -> None:
    with town(wire, clock) as opened:
        with pytest.raises(AccessDenied):
            opened.raise_told({"error": {"code": 190}})
        with pytest.raises(ContractBroken):
            opened.raise_told({"error": "?"})
        opened.raise_told({"data": []})


def test_minutes_in_the_header_say_when_to_come_back(wire: Wire, clock: SteppedClock) -> None:
    usage = {"1": [{"type": "pages", "estimated_time_to_regain_access": 18}]}
    wire.answers(error(80001, X_Business_Use_Case_Usage=json.dumps(usage)))

    with town(wire, clock) as opened, pytest.raises(RateLimited) as told:
        opened.get("/me")

    assert told.value.retry_after == 18 * 60


def test_a_limit_without_minutes_ends_the_run_and_is_not_asked_again(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(error(4))

    with town(wire, clock, max_requests=6) as opened, pytest.raises(RateLimited):
        opened.get("/me")

    assert len(wire.paths) == 1


def test_the_token_is_in_a_header_and_proven_where_the_apps_secret_is_known(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(answer({"id": "1"}))
    connection = Connection(
        id="town", host=wire.address, extra={"access_token": "EAAB", "app_secret": "s3cret-of-the-app"}
    )

    with Town(MANIFEST, connection, Services.local(clock=clock)) as opened:
        opened.get("/me", fields="id")

    (_, path, headers), query = wire.seen[0], parse_qs(urlsplit(wire.paths[0]).query)
    assert headers["Authorization"] == "Bearer EAAB"
    assert "EAAB" not in path
    assert path.startswith("/v25.0/me?")
    assert query["appsecret_proof"] == [hmac.new(b"s3cret-of-the-app", b"EAAB", hashlib.sha256).hexdigest()]


@pytest.mark.parametrize(
    ("paging", "leads"),
    [
        ({"cursors": {"before": "a", "after": "b"}, "next": f"{NEXT}&after=b"}, "after=b"),
        ({"cursors": {"before": "a", "after": "b"}}, None),
        ({"next": f"{NEXT}&until=1624385168&__paging_token=enc_1"}, "until=1624385168&__paging_token=enc_1"),
        ({"next": NEXT}, None),
        ({"next": 7}, None),
        ({}, None),
        (None, None),
    ],
)
def test_of_the_next_address_only_what_pages_is_taken(paging: Any, leads: str | None) -> None:
    assert following({"data": [], "paging": paging}) == leads


def test_a_turn_is_handed_back_beside_what_was_asked(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(answer([]))

    with town(wire, clock) as opened:
        opened.listing("/1/feed", limit=2)("until=16&__paging_token=x%3D")

    assert parse_qs(urlsplit(wire.paths[0]).query) == {"limit": ["2"], "until": ["16"], "__paging_token": ["x="]}


def by_id(gone: Sequence[str]) -> Script:
    """Answers like Graph: one object that is gone fails all."""

    def script(request: Any) -> None:
        parts = urlsplit(request.path)
        ids = parse_qs(parts.query).get("ids", [parts.path.removeprefix("/v25.0/")])[0].split(",")
        if set(ids) & set(gone):
            error(803 if len(ids) > 1 else 100, 404, subcode=None if len(ids) > 1 else 33)(request)
        else:
            answer({id: {"id": id} for id in ids} if len(ids) > 1 else {"id": ids[0]})(request)

    return script


@pytest.mark.parametrize(("gone", "calls"), [([], 1), (["c"], 5), (["a", "b", "c", "d"], 7)])
def test_what_is_gone_is_found_by_halving_the_call(
    wire: Wire, clock: SteppedClock, gone: list[str], calls: int
) -> None:
    wire.answers(by_id(gone))

    with town(wire, clock) as opened:
        found, missing = opened.nodes(["a", "b", "c", "d"], "id")

    assert [each["id"] for each in found] == [id for id in "abcd" if id not in gone]
    assert missing == set(gone)
    assert len(wire.paths) == calls


def test_a_field_that_no_longer_exists_does_not_make_everything_look_gone(wire: Wire, clock: SteppedClock) -> None:
    wire.answers(error(100))

    with town(wire, clock) as opened, pytest.raises(GraphRejected):
        opened.nodes(["a", "b"], "id,old_field")


def test_a_dead_name_is_not_available_and_does_not_take_the_others_along(wire: Wire, clock: SteppedClock) -> None:
    def script(request: Any) -> None:
        names = parse_qs(urlsplit(request.path).query)["metric"][0].split(",")
        if "dead_name" in names:
            error(100)(request)
            return
        value = {"value": 4, "end_time": "2025-03-04T08:00:00+0000"}
        told = [{"name": name, "period": "day", "values": [value], "id": f"1/insights/{name}/day"} for name in names]
        answer({"data": told})(request)

    wire.answers(script)
    with town(wire, clock) as opened:
        groups = [("views_name", "dead_name"), ("reach_name",)]
        found = list(opened.insights("/1/insights", "1", groups, period="day"))

    assert [(each.name, each.value, each.account, each.period) for each in found] == [
        ("views", 4.0, "1", "day"), ("impressions", None, "1", "day"), ("reach", 4.0, "1", "day"),
    ]  # fmt: skip
    assert found[0].at == moment("2025-03-04T08:00:00+00:00")


def test_numbers_without_a_value_are_not_zero(wire: Wire, clock: SteppedClock) -> None:
    with town(wire, clock) as opened:
        told = {"name": "views_name", "period": "day", "total_value": {}, "id": "1/insights/views_name/day"}
        (none,) = opened.measurements("/1/insights", {"data": [told]})
        (fans,) = opened.measurements("/1", {"id": "1", "fan_count": 0, "name": "Acme"})

    assert (none.value, fans.value, fans.account) == (None, 0.0, "1")


def test_objects_come_alone_in_a_list_or_by_their_ids() -> None:
    one, other = {"id": "1"}, {"id": "2"}

    assert nodes_of({"data": [one, 7, other]}) == [one, other]
    assert nodes_of({"1": one, "2": other}) == [one, other]
    assert nodes_of(one) == [one]
    assert nodes_of({}) == [{}]
    assert nodes_of([one]) == []


@pytest.mark.parametrize("text", [None, 7, "", "soon", "2026-05-19T10:27:57"])
def test_what_is_no_time_with_a_zone_is_none(text: Any) -> None:
    assert moment(text) is None
