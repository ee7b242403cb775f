"""What outlives the process: objects, counters, clock, faults and the world."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.errors import SetupError
from sandbox.clock import Clock
from sandbox.process import ROOT, Control, SandboxProcess
from sandbox.state import State
from tests.unit.sandbox.conftest import Inside, through

TOKEN = {"Authorization": "Bearer xoxb-sandbox"}
PLAN = ("--scenario", "quiet_day", "--no-limits")


@pytest.fixture
def process(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path / "var", options=PLAN) as found:
        yield found


def post(box: SandboxProcess | Inside, text: str) -> str:
    """One message; its id."""
    env = box.env if isinstance(box, SandboxProcess) else box.box.env
    answer = through(env).post(
        "https://slack.com/api/chat.postMessage", json={"channel": "#social-alerts", "text": text}, headers=TOKEN,
        timeout=20,
    )  # fmt: skip
    return str(answer.json()["ts"])


def test_a_killed_sandbox_goes_on_where_it_was(process: SandboxProcess) -> None:
    control = process.control
    ts = post(process, "before")
    control.advance(7_200)
    control.fault(system="slack", kind="status", status=500, times=2)
    added = control.add_post(network="x", author="nia", text="Hello @acme")
    world, people = control.state("world", "posts"), control.state("world", "people")
    journal, now = control.journal(), control._get("/clock").json()["now"]

    process.kill()
    process.start()

    control = process.control
    assert [row["ts"] for row in control.state("slack", "messages")] == [ts]
    assert control.state("world", "posts") == world
    assert control.state("world", "people") == people
    assert added in [row["id"] for row in world]
    assert control.journal()[: len(journal)] == journal
    assert control._get("/clock").json()["now"] > now
    assert [rule["times"] for rule in control._get("/faults").json()] == [2]


def test_an_answered_request_is_on_disk_whenever_the_kill_comes(process: SandboxProcess) -> None:
    answered: list[str] = []

    def chatter() -> None:
        try:
            for number in range(200):
                answered.append(post(process, f"message {number}"))
        except OSError:
            pass  # the kill

    thread = threading.Thread(target=chatter)
    thread.start()
    while len(answered) < 20:
        thread.join(0.01)
    process.kill()
    thread.join(20)
    process.start()

    kept = [row["ts"] for row in process.control.state("slack", "messages")]
    assert kept[: len(answered)] == answered
    assert len(kept) - len(answered) in (0, 1)  # the last one may have been done without being answered


def test_numbers_are_not_given_twice_after_a_restart(tmp_path: Path) -> None:
    def ids(state: State) -> list[int]:
        table = state.table("crm", "leads")
        found = [table.next_id() for _ in range(2)]
        table.insert({"name": "Ada"}, id=f"00Q{found[-1]}")
        state.commit()
        return found

    first = State(tmp_path / "state.db", Clock())
    assert ids(first) == [1, 2]
    first.table("crm", "leads").delete("00Q2")
    first.close()
    second = State(tmp_path / "state.db", Clock())

    assert ids(second) == [3, 4]
    second.close()


def test_rows_and_journal_of_one_answer_are_one_transaction(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db", Clock())
    state.table("crm", "leads").insert({"name": "Ada"})
    state.note("crm", "lead created", {"id": 1})

    with sqlite3.connect(tmp_path / "state.db") as other:
        assert other.execute("SELECT count(*) FROM rows").fetchone() == (0,)
        state.commit()
        assert other.execute("SELECT count(*) FROM rows").fetchone() == (1,)
        assert other.execute("SELECT count(*) FROM journal").fetchone() == (1,)
    state.close()


def test_a_changed_row_is_found_by_its_new_value_only() -> None:
    table = State(None, Clock()).table("crm", "leads")
    table.insert({"id": 1, "city": "Leeds", "tags": ["a"]})
    table.insert({"id": 2, "city": "Leeds", "tags": ["b"]})
    assert [row["id"] for row in table.where(city="Leeds")] == [1, 2]

    table.update(1, city="Porto")
    table.delete(2)

    assert table.where(city="Leeds") == []
    assert [row["id"] for row in table.where(city="Porto", tags=["a"])] == [1]


def test_rows_handed_out_are_copies() -> None:
    table = State(None, Clock()).table("crm", "leads")
    table.insert({"id": 1, "city": "Leeds"})

    row = table.get(1)
    assert row is not None
    row["city"] = "Porto"

    assert table.get(1) == {"id": 1, "city": "Leeds"}


def test_the_journal_counts_without_gaps_while_many_write(inside: Inside) -> None:
    before = inside.control.mark()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: post(inside, f"message {number}"), range(40)))

    numbers = [line["number"] for line in inside.control.journal(before)]
    assert numbers == list(range(before + 1, before + 81))  # a message and a request each


def test_nothing_of_before_a_reset_is_left_after_it(inside: Inside) -> None:
    stop = threading.Event()

    def chatter() -> None:
        while not stop.is_set():
            post(inside, "again")

    threads = [threading.Thread(target=chatter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        inside.control.reset()
    stop.set()
    for thread in threads:
        thread.join(20)

    inside.control.reset()

    messages = inside.box.state.table("slack", "messages")
    on_disk = sqlite3.connect(inside.box.plan.var / "state.db").execute(
        "SELECT count(*) FROM rows WHERE system = 'slack' AND tab = 'messages'"
    )
    assert (len(messages), on_disk.fetchone()) == (0, (0,))
    assert inside.control.journal() == []
    post(inside, "new")
    assert [line["number"] for line in inside.control.journal()] == [1, 2]


def test_a_reset_brings_back_clock_world_and_faults(start: Callable[..., Inside]) -> None:
    inside = start(scenario="lost_answer")
    control = inside.control
    faults, posts = control._get("/faults").json(), control.state("world", "posts")
    control.mend()
    control.advance(86_400)
    control.add_post(network="x", author="nia", text="Hello @acme")

    control.reset()

    assert control._get("/faults").json() == faults
    assert inside.box.clock.offset_seconds == 0
    assert [row["text"] for row in control.state("world", "posts")] == [row["text"] for row in posts]


def test_a_folder_with_another_world_is_not_played_in_silence(start: Callable[..., Inside]) -> None:
    first = start()
    first.box.close()

    with pytest.raises(SetupError, match=r"holds another world \(scenario quiet_day, seed 1\).*--fresh"):
        start(seed=2)

    assert start(seed=2, fresh=True).control.healthy()


def test_two_sandboxes_do_not_share_a_folder(start: Callable[..., Inside]) -> None:
    start()

    with pytest.raises(SetupError, match="Another sandbox runs in"):
        start()


def test_a_broken_state_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"this is no database, but it is long enough to look like one" * 20)

    with pytest.raises(SetupError, match="delete it"):
        State(tmp_path / "state.db", Clock())


def test_a_taken_port_is_one_sentence_and_exit_code_2(process: SandboxProcess, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "--port", str(process.port), "--var", str(tmp_path / "other")]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert run.returncode == 2
    assert run.stderr.strip() == (
        f"Port {process.port} is taken, so the sandbox cannot start; free it, or choose another with HUB_SANDBOX_PORT."
    )


def test_an_impossible_port_is_one_sentence_too(start: Callable[..., Inside]) -> None:
    with pytest.raises(SetupError, match="Port 70000 cannot be used"):
        start(port=70_000)


def test_the_ready_file_says_how_to_get_in_and_goes_with_the_sandbox(process: SandboxProcess) -> None:
    ready = process.var / "ready.json"
    assert ready.exists()
    assert process.env["HTTPS_PROXY"] == f"http://127.0.0.1:{process.port}"
    assert process.env["NO_PROXY"] == "127.0.0.1,localhost"
    assert {name for name in process.env if name.startswith("AIRFLOW_CONN_")} >= {
        "AIRFLOW_CONN_X_DEFAULT", "AIRFLOW_CONN_MASTODON_DEFAULT", "AIRFLOW_CONN_SALESFORCE_DEFAULT",
        "AIRFLOW_CONN_ZENDESK_DEFAULT", "AIRFLOW_CONN_SLACK_DEFAULT",
    }  # fmt: skip

    process.stop()

    assert not ready.exists()


def test_a_stopped_sandbox_hangs_up_on_idle_clients_at_once(process: SandboxProcess) -> None:
    session = through(process.env)
    assert session.get("https://mastodon.test/api/v2/instance", timeout=10).ok
    running = process._process
    assert running is not None

    running.terminate()

    assert running.wait(5) == 0


def test_private_keys_are_for_the_owner_only(inside: Inside) -> None:
    assert (inside.box.plan.var / "ca-key.pem").stat().st_mode & 0o077 == 0


def test_a_control_client_knows_when_nobody_is_there() -> None:
    assert not Control("http://127.0.0.1:9").healthy()


def test_the_port_is_chosen_by_the_variable_that_the_message_names(process: SandboxProcess, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox", "--var", str(tmp_path / "other")]
    environ = {**os.environ, "HUB_SANDBOX_PORT": str(process.port)}

    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environ, timeout=60)

    assert ended.returncode == 2
    assert ended.stderr.startswith(f"Port {process.port} is taken")
