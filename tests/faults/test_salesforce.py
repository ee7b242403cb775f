"""F22 to F34: leads, whatever Salesforce and the way to it do."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep

import orjson
import pytest

from hub.domain import external_id
from hub.store import Draft
from sandbox.messages import Request
from tests.faults.ground import Ground
from tests.faults.twists import RowsRefused, answers_changed
from tests.faults.wire import is_read

SF = "salesforce"
WRITES = "*/composite*"
LIMIT = {"status": 403, "body": [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]}
NO_SESSION = {"status": 401, "body": [{"message": "Session expired", "errorCode": "INVALID_SESSION_ID"}]}


def leads(ground: Ground, count: int) -> list[str]:
    """Hand over so many leads; their external ids."""
    return [draft.external_id for number in range(count) for draft in ground.hand_over("Lead", number)]


def raw(ground: Ground, name: str, **body: object) -> str:
    """A lead as no mapping of ours would write it."""
    key = external_id(name)
    draft = Draft(destination=SF, object="Lead", external_id=key, body=body, handoff=name, lane=name)
    with ground.store.begin() as tx:
        tx.outbox.intend([draft])
    return key


def is_write(request: Request) -> bool:
    """The request by which leads are written."""
    return "/composite" in request.path


def acts(ground: Ground, *, since: int = 0) -> list[str]:
    """What was done at Salesforce from the first write on: `write` or `look`."""
    asked = ["look" if is_read(line) else "write" for line in ground.played.requests(SF, since=since)]
    return asked[asked.index("write") :]


def test_f22_a_lead_whose_answer_was_lost_is_looked_up_and_not_sent_again(ground: Ground) -> None:
    leads(ground, 3)
    ground.played.fault(SF, "drop_after", path_glob=WRITES)

    ground.run(SF)
    ground.quiet(SF)

    ground.assert_exactly_once()
    assert acts(ground) == ["write", "look"]


def test_f22_a_lead_whose_request_was_lost_is_looked_up_before_it_is_sent_again(ground: Ground) -> None:
    leads(ground, 3)
    ground.played.fault(SF, "drop_before", path_glob=WRITES)

    ground.run(SF)
    ground.quiet(SF)

    ground.assert_exactly_once()
    asked = acts(ground)
    assert (asked[1], asked.count("write")) == ("look", 2)


def test_f23_an_answer_after_the_read_timeout_is_a_lost_one(ground: Ground) -> None:
    leads(ground, 3)
    ground.played.fault(SF, "late", path_glob=WRITES, seconds=32)

    ground.run(SF)
    ground.quiet(SF)

    ground.assert_exactly_once()
    assert acts(ground) == ["write", "look"]


@pytest.mark.parametrize(
    "point", ["deliver.claimed", "on the wire", "deliver.sent", "store.settled", "deliver.settled"]
)
def test_f24_a_process_that_ends_leaves_one_lead(ground: Ground, point: str) -> None:
    leads(ground, 3)
    if point == "on the wire":
        ground.wire.ends_after = is_write
        point = "never"
    ground.run_into(point, SF)

    ground.quiet(SF)

    ground.assert_exactly_once()
    assert Counter(acts(ground))["write"] == 1


def test_f25_of_a_batch_only_what_was_refused_is_sent_again_each_by_its_own_rule(ground: Ground) -> None:
    keys = leads(ground, 200)
    codes = ["UNABLE_TO_LOCK_ROW", "DUPLICATE_VALUE", "STRING_TOO_LONG", "REQUIRED_FIELD_MISSING", "NEVER_HEARD_OF"]
    refused = {key: codes[number % 5] for number, key in enumerate(keys[::4])}
    twist = RowsRefused(refused)
    ground.wire.twists.append(twist)

    ground.run(SF)
    ground.quiet(SF)

    asked = Counter(twist.asked)
    assert {asked[key] for key in keys if key not in refused} == {1}
    assert {code: {asked[key] for key in refused if refused[key] == code} for code in codes} == {
        "UNABLE_TO_LOCK_ROW": {2}, "DUPLICATE_VALUE": {2}, "STRING_TOO_LONG": {1}, "REQUIRED_FIELD_MISSING": {1},
        "NEVER_HEARD_OF": {1},
    }  # fmt: skip
    reasons = Counter(reason for _, reason in ground.quarantined())
    assert reasons == {"string_too_long": 10, "required_field_missing": 10, "never_heard_of": 10}
    for key, code in refused.items():
        if code.lower() in reasons:
            del ground.expected[SF, key]
    ground.assert_exactly_once()


@pytest.mark.parametrize(
    "change", [lambda results: results[:-1], lambda results: results[::-1]], ids=["short", "turned"]
)
def test_f26_a_list_that_does_not_fit_says_nothing_about_any_record(ground: Ground, change) -> None:  # type: ignore[no-untyped-def]
    keys = leads(ground, 200)
    ground.run(SF)
    for number in range(200):
        ground.hand_over("Lead", number, version=2)
    ground.wire.twists.append(answers_changed(change))
    mark = ground.played.state.last_number

    ground.run(SF)
    ground.quiet(SF)

    ground.assert_exactly_once()
    assert len(keys) == 200
    after = acts(ground, since=mark)
    assert after.count("write") == 1
    assert after[-1] == "look"


def test_f27_a_record_that_is_locked_three_times_is_done_by_the_fourth_and_holds_up_no_other(ground: Ground) -> None:
    keys = leads(ground, 10)
    twist = RowsRefused({keys[4]: "UNABLE_TO_LOCK_ROW"}, times=3)
    ground.wire.twists.append(twist)

    ground.run(SF)

    assert ground.states(SF).count("done") >= 9
    ground.quiet(SF)
    ground.assert_exactly_once()
    assert Counter(twist.asked) == {key: 4 if key == keys[4] else 1 for key in keys}


def test_f28_when_the_allowance_is_spent_there_is_one_probe_in_five_minutes_and_the_others_go_on(
    ground: Ground,
) -> None:
    leads(ground, 900)
    ground.hand_over("Case", 1)
    ground.hand_over("Alert", 1)
    ground.run(SF)  # one lead is there, and a session
    for number in range(900):
        ground.hand_over("Lead", number, version=2)
    mark = ground.played.state.last_number
    ground.played.fault(SF, "status", path_glob="/services/data/*", times=10_000, **LIMIT)

    seen = []
    for _ in range(60):
        ground.run()
        seen.append(len(ground.played.requests(SF, since=mark)))
        ground.clock.forward(60)

    assert seen[0] <= 3
    assert seen[4] <= 3  # five minutes later
    assert seen[-1] <= 3 + 12
    assert set(ground.states("zendesk", "slack")) == {"done"}
    ground.played.switchboard.clear()
    ground.quiet()
    ground.assert_exactly_once()


def test_f29_a_session_that_is_never_good_is_asked_for_at_most_twice(ground: Ground) -> None:
    leads(ground, 3)
    ground.played.fault(SF, "status", path_glob="/services/data/*", times=10_000, **NO_SESSION)

    ground.run(SF)

    assert ground.played.log_ins(SF) <= 2
    assert ground.states(SF) == ["pending"] * 3
    ground.played.switchboard.clear()
    ground.quiet(SF)
    ground.assert_exactly_once()


def test_f29_twenty_calls_that_find_the_session_ended_log_in_once(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ground.clock, "sleep", lambda _: sleep(0.01))  # twenty at once wait in true time
    with ground.hub.open_destination(SF) as first:
        first.check()
    for session in list(ground.played.state.table(SF, "sessions")):
        ground.played.state.table(SF, "sessions").delete(session)
    before, gate = ground.played.log_ins(SF), Barrier(20)

    def call(_: int) -> None:
        with ground.hub.open_destination(SF) as destination:
            assert destination.client
            gate.wait()
            destination.check()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(call, range(20)))

    assert ground.played.log_ins(SF) - before == 1


def test_f30_of_two_workers_with_one_lead_the_later_version_stays(ground: Ground) -> None:
    [draft] = ground.hand_over("Lead", 1)
    twist = RowsRefused({draft.external_id: "DUPLICATE_VALUE"}, written=True)
    ground.wire.twists.append(twist)

    ground.run(SF)
    ground.hand_over("Lead", 1, version=2)
    ground.quiet(SF)

    ground.assert_exactly_once()
    assert len(ground.played.events(SF, "lead created")) == 1


def test_f31_what_is_refused_for_good_is_tried_once_and_says_why(ground: Ground) -> None:
    raw(ground, "long", LastName="x" * 81, Company="Acme")
    raw(ground, "blank", LastName="", Company="Acme")
    raw(ground, "mail", LastName="Ana", Company="Acme", Email="not an address")
    odd = raw(ground, "odd", LastName="Ana", Company="Acme")
    good = raw(ground, "good", LastName="Ana", Company="Acme")
    twist = RowsRefused({odd: "NEVER_HEARD_OF"})
    ground.wire.twists.append(twist)

    ground.run(SF)
    ground.quiet(SF)

    told = {row.reason: row.detail for row in ground.rows(SF) if row.state == "dead"}
    assert {"string_too_long", "required_field_missing", "invalid_email_address", "never_heard_of"} == set(told)
    assert "LastName" in str(told["string_too_long"])
    assert "LastName" in str(told["required_field_missing"])
    assert "Email" in str(told["invalid_email_address"])
    assert set(Counter(twist.asked).values()) == {1}
    ground.expected[SF, good] = None
    ground.assert_exactly_once()


def test_f32_a_lead_that_was_converted_is_not_made_anew_and_followed_to_its_contact(ground: Ground) -> None:
    leads(ground, 1)
    ground.run(SF)
    [lead] = ground.played.rows(SF, "leads")
    at_work(ground, f"/sandbox/leads/{lead['Id']}/convert")
    ground.hand_over("Lead", 1, version=2)
    ground.hand_over("Lead", 0, version=2)

    ground.run(SF)
    ground.quiet(SF)

    assert len(ground.played.events(SF, "lead created")) == 2  # the converted one, and the other person's
    assert ground.quarantined() == []
    followed = [row for row in ground.rows(SF) if row.reason == "followed_conversion"]
    assert [row.object_id for row in followed] == [ground.played.rows(SF, "contacts")[0]["Id"]]


def test_f33_a_lead_that_a_salesperson_deleted_stays_deleted(ground: Ground) -> None:
    leads(ground, 1)
    ground.run(SF)
    [lead] = ground.played.rows(SF, "leads")
    at_work(ground, f"/sandbox/leads/{lead['Id']}/delete")
    for version in (2, 3):
        ground.hand_over("Lead", 0, version=version)
        ground.run(SF)
        ground.quiet(SF)

    assert ground.played.rows(SF, "leads") == []
    assert ("deliver", "deleted_there") in ground.quarantined()


def test_f34_whom_a_duplicate_rule_finds_is_enriched_and_of_several_a_person_chooses(ground: Ground) -> None:
    alike = raw(ground, "alike", LastName="Cy", Company="Acme")
    for company in ("Acme", "Initech"):
        at_work(ground, "/sandbox/leads", {"LastName": "Cy", "Company": company})
    matched = raw(ground, "known", LastName="Ana", Company="Acme")
    other = raw(ground, "other", LastName="Bo", Company="Acme")
    at_work(ground, "/sandbox/leads", {"LastName": "Ana", "Company": "Acme"})
    at_work(ground, "/sandbox/org", {"duplicate_rule": {"matches": ["LastName"], "action": "block"}})
    *both, known = (row["Id"] for row in ground.played.rows(SF, "leads"))

    ground.run(SF)
    ground.quiet(SF)

    told = {row.external_id: row for row in ground.rows(SF)}
    assert (told[matched].reason, told[matched].object_id) == ("matched_by_duplicate_rule", known)
    assert ground.quarantined() == [("deliver", "duplicates_detected")]
    assert all(id in str(told[alike].detail) for id in both)
    ground.expected |= {(SF, matched): None, (SF, other): None}
    ground.assert_exactly_once()


def at_work(ground: Ground, path: str, facts: object = None) -> None:
    """A person works in Salesforce."""
    body = orjson.dumps(facts or {})
    ground.played.ask(Request(method="POST", host="acme.my.salesforce.com", path=path, body=body))
