"""One letter and one message for each report, time and addressee: to real servers, whatever repeats or breaks."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

import connectors
from hub.domain.reports import Addressees
from hub.errors import HubError
from hub.kit import Connection, Destination, Services
from hub.kit.mail import Mail
from hub.stages import deliver, replay
from hub.stages.deliver import Delivered
from hub.stages.report import Kept, compose, put, send
from hub.store import KeptFiles, handoff_of
from hub.store.faults import Ended
from sandbox.process import SandboxProcess
from tests.unit.stages.report.conftest import config
from tests.unit.stages.report.test_making import facts_of
from tests.unit.stages.world import Town, make_book

TO = Addressees(email=("ceo@acme.test", "board@acme.test"), slack=("#social-ops",))
LEASE = 120


@pytest.fixture
def now(town: Town) -> None:
    """The hub's clock is that of the sandbox, for what is looked up by its time."""
    town.clock.moment = datetime.now(UTC)


@pytest.fixture
def box(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> SandboxProcess:
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    return sandbox


@pytest.fixture
def post(town: Town, files: KeptFiles, box: SandboxProcess) -> Callable[[str], Delivered]:
    """Sends what waits for a destination."""

    @contextmanager
    def opened(name: str) -> Iterator[Destination]:
        services = replace(Services.local(clock=town.clock), kept=files)
        id = "smtp" if name == "email" else name
        connection = Connection.from_facts(f"{id}_default", json.loads(box.env[f"AIRFLOW_CONN_{id.upper()}_DEFAULT"]))
        if name == "email":

            def composed(delivery):
                with town.store.read() as view:
                    return compose(view, files, delivery, link_base="http://hub.test")

            yield Mail(connection, services, composed)
            return
        with connectors.load(name)(connectors.manifest(name), connection, services) as destination:
            yield destination

    def run(name: str) -> Delivered:
        with opened(name) as destination:
            return deliver.run(destination, store=town.store, worker="w", lease_seconds=LEASE)

    return run


@pytest.fixture
def letters(box: SandboxProcess) -> Callable[[], list[str]]:
    return lambda: sorted(row["to"] for row in box.control.state("email", "letters"))


@pytest.fixture
def messages(box: SandboxProcess) -> Callable[[], list[str]]:
    return lambda: [row["text"] for row in box.control.state("slack", "messages")]


@pytest.fixture
def kept(talk, keep, town: Town, now) -> Kept:
    town.clock.moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
    talk()
    made = keep("executive-daily", "2026-03-02")
    town.clock.moment = datetime.now(UTC)
    return made


def intend(town: Town, kept: Kept, to: Addressees = TO) -> int:
    return send(town.store, config(), kept, to, link_base="http://hub.test")


def test_each_addressee_gets_one_and_a_repeat_sends_nothing(town, kept, post, letters, messages) -> None:
    first = intend(town, kept)
    done = [post("email").outcomes, post("slack").outcomes]
    second = intend(town, kept)
    again = [post("email").outcomes, post("slack").outcomes]

    assert (first, second) == (3, 0)
    assert done == [{"created": 2}, {"created": 1}]
    assert again == [{}, {}]
    assert letters() == ["board@acme.test", "ceo@acme.test"]
    assert len(messages()) == 1


@pytest.mark.parametrize(
    "point", ["report.made", "report.intended", "deliver.claimed", "deliver.sent", "deliver.settled"]
)
def test_whoever_dies_on_the_way_each_addressee_gets_one(
    town, talk, keep, post, letters, messages, point, monkeypatch
) -> None:
    talk()

    def all_of_it() -> None:
        kept = keep("executive-daily", "2026-03-02")
        town.clock.moment = max(town.clock.moment, datetime.now(UTC))
        intend(town, kept)
        post("email")
        post("slack")

    monkeypatch.setenv("HUB_FAULTPOINT", f"{point}:end")
    with pytest.raises(Ended):
        all_of_it()
    monkeypatch.delenv("HUB_FAULTPOINT")
    town.clock.forward(seconds=LEASE + 1)
    all_of_it()
    town.clock.forward(seconds=LEASE + 1)
    all_of_it()

    assert letters() == ["board@acme.test", "ceo@acme.test"]
    assert len(messages()) == 1
    with town.store.read() as view:  # of what was taken and not answered for, a person hears: it is not sent again
        assert len(view.quarantine.listing(stage="deliver")) == (point == "deliver.sent")


def test_a_letter_in_doubt_is_told_and_waits_for_a_person(town, kept, post, letters, box) -> None:
    box.control.fault(system="email", kind="drop_after", method="DATA", path_glob="ceo@*")
    intend(town, kept, Addressees(email=("ceo@acme.test",)))

    first = post("email").outcomes
    town.clock.forward(hours=1)
    post("email")

    with town.store.read() as view:
        (item,) = view.quarantine.listing(stage="deliver")
        sent = view.reports.sent([handoff_of(kept.report.name, kept.report.since, kept.report.until)])
    assert first.get("unknown") or first.get("refused")
    assert item.reason == "in_doubt"
    assert [one.reason for one in next(iter(sent.values()))] == ["in_doubt"]
    assert letters() == ["ceo@acme.test"]


def test_a_person_may_send_a_letter_in_doubt_again_and_it_is_the_same_letter(town, kept, post, box) -> None:
    box.control.fault(system="email", kind="drop_after", method="DATA")
    intend(town, kept, Addressees(email=("ceo@acme.test",)))
    post("email")
    town.clock.forward(hours=1)
    post("email")
    with town.store.read() as view:
        ids = view.quarantine.ids(stage="deliver")

    replay.run(make_book(), ids, store=town.store, run="replay-1")
    again = post("email").outcomes

    assert again == {"created": 1}
    first, second = box.control.state("email", "letters")
    assert first["message_id"] == second["message_id"]
    with town.store.read() as view:
        assert view.quarantine.ids(stage="deliver") == []


def test_a_greylisted_letter_comes_later_and_the_others_at_once(town, kept, post, letters, box) -> None:
    box.control.fault(system="email", kind="status", method="RCPT", path_glob="ceo@*", status=450)
    intend(town, kept)

    first = post("email")
    before = letters()
    town.clock.forward(minutes=6)
    post("email")

    assert first.outcomes == {"deferred": 1, "created": 1}
    assert before == ["board@acme.test"]
    assert letters() == ["board@acme.test", "ceo@acme.test"]


def test_a_letter_holds_the_report_with_its_pictures_and_the_pdf(town, kept, post, box) -> None:
    intend(town, kept, Addressees(email=("ceo@acme.test",)))
    post("email")

    (letter,) = box.control.state("email", "letters")
    assert set(letter["pictures"]) == {picture.digest for picture in kept.report.pictures}
    assert [file["name"] for file in letter["attachments"]] == ["executive-daily-2026-03-02.pdf"]
    assert "Mentions [1]:" in letter["text"]
    assert "2026-03-02" in letter["subject"]


def test_what_a_channel_reads_changes_where_a_post_is_gone_and_no_letter_is_sent_again(
    town, kept, post, letters, messages
) -> None:
    intend(town, kept)
    post("email")
    post("slack")
    with town.store.begin() as tx:
        tx.keeping.empty(["x:post:1"], "deleted")

    intend(town, kept)

    assert post("slack").outcomes == {"updated": 1}
    assert post("email").outcomes == {}
    assert (len(letters()), len(messages())) == (2, 1)


def test_files_in_a_folder_are_the_same_each_time(town, kept, files, tmp_path) -> None:
    first = {path.name: path.read_bytes() for path in put(tmp_path / "out", kept, facts_of(town, kept), files)}
    second = {path.name: path.read_bytes() for path in put(tmp_path / "out", kept, facts_of(town, kept), files)}

    assert set(first) == {"executive-daily-2026-03-02.pdf", "executive-daily-2026-03-02.html"}
    assert first == second


def test_a_damaged_file_is_told_and_never_shown(town, kept, files, keep, tmp_path) -> None:
    path = next((tmp_path / "reports").rglob(kept.digest))
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(HubError, match="HUB_REPORTS_URL"):
        files.read(kept.digest)
