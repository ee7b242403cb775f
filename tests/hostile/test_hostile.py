"""Hostile posts through the whole hub: cases of our own, and those beside the project where they are."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from command_centre import ahead
from hub.store import Store
from tests.conftest import SHARED
from tests.hostile import sinks
from tests.hostile.cases import Case, load
from tests.hostile.firing import Seen
from tests.hostile.judge import judge
from tests.hostile.witness import watched

OWN = Path(__file__).parent / "own"
OTHERS = SHARED / "hostile"


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """Where the cases' hubs lie."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="hub-hostile-", dir=memory if os.access(memory, os.W_OK) else None))
    Store.open(f"sqlite:///{folder / 'migrated.db'}").close()
    yield folder
    rmtree(folder)


def named(folder: Path) -> list[Case]:
    """The cases of a folder, if it is there."""
    return load(folder) if folder.is_dir() else []


@pytest.fixture
def folder(scratch: Path) -> Iterator[Path]:
    """The same one for each case, so that the store's compiled statements serve all of them."""
    yield scratch / "case"
    ahead.finish()  # a picture of the pages that is drawn late would find its folder gone, or make it again
    for used in scratch.glob("case*"):
        rmtree(used)


@pytest.mark.slow
@pytest.mark.parametrize("case", named(OWN), ids=lambda case: f"{case.id} {case.title}")
def test_a_hostile_post_ends_as_it_must(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert judge(case, folder, folder.with_name("migrated.db"), monkeypatch).problems == []


@pytest.mark.skipif(not OTHERS.is_dir(), reason=f"the hostile set beside the project is absent: {OTHERS}")
@pytest.mark.slow
@pytest.mark.parametrize("case", named(OTHERS), ids=lambda case: f"{case.id} {case.title}")
def test_a_hostile_post_of_others_ends_as_it_must(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert judge(case, folder, folder.with_name("migrated.db"), monkeypatch).problems == []


@pytest.mark.parametrize(
    ("sink", "wanted", "held"),
    [
        ("slack_no_active_tokens", True, {"slack": [{"text": "<!here> fire"}]}),
        ("slack_no_active_tokens", True, {"slack": [{"blocks": [{"text": {"text": "<https://a.test|b.test>"}}]}]}),
        ("slack_max_text", 3, {"slack": [{"text": "four"}]}),
        ("slack_not_contains", ["CANARY"], {"slack": [{"text": "a CANARY"}]}),
        ("salesforce_absent_fields", ["Email"], {"salesforce": [{"Email": "a@b.test"}]}),
        ("salesforce_field_not_null", "Description", {"salesforce": [{"Description": None}]}),
        ("salesforce_text_literal", True, {"salesforce": [{"Description": "49"}]}),
        ("zendesk_text_literal", True, {"zendesk": [{"body": "49"}]}),
        ("zendesk_placeholder_neutral", True, {"zendesk": [{"subject": "{{ticket.id}}"}]}),
        ("zendesk_no_remote_image", True, {"zendesk": [{"body": "![a](https://spy.test)"}]}),
        ("ticket_status", "new", {"zendesk": [{"status": "solved"}]}),
        ("no_crlf_in_single_line_fields", True, {"zendesk": [{"subject": "a\r\nb"}]}),
        ("text_literal_everywhere", True, {"salesforce": [{"Description": "49"}]}),
        ("distinct_objects", 1, {"slack": [{"id": "1"}, {"id": "2"}]}),
        ("no_lead", True, {"salesforce": [{"Id": "1"}]}),
        ("no_reply", True, {"slack": [{"thread_ts": "1.0"}]}),
    ],
)
def test_each_sink_sees_what_it_is_there_to_see(
    sink: str, wanted: object, held: dict[str, list[dict[str, object]]]
) -> None:
    case = Case("H", "c", "x", "t", "land", payload={"data": {"text": "{{ 7*7 }}"}})

    assert list(sinks.CHECKS[sink](case, Seen(held=held), wanted))  # type: ignore[arg-type]
    assert not list(sinks.CHECKS[sink](case, Seen(), wanted))


def test_a_file_outside_and_another_program_are_seen(tmp_path: Path) -> None:
    seen: set[str] = set()
    (tmp_path / "inside").mkdir()

    with watched(tmp_path / "inside", seen):
        (tmp_path / "inside" / "a").write_text("fine")
        (tmp_path / "outside").write_text("not fine")
        subprocess.run(["true"], check=True)

    assert {Path(each).name if "/outside" in each else each for each in seen if "outside" in each} == {"outside"}
    assert any(each.startswith("ran ") for each in seen)


def test_the_other_sinks_see_theirs() -> None:
    case = Case("H", "c", "x", "t", "land", payload={"data": {"text": "calm\nERROR all is lost"}})
    logged = Seen(logged=["said: calm", "ERROR all is lost"])
    page = Seen(pages={"handoff": "<title>x</title><a href='javascript:1'>\u202e</a>"})

    assert list(sinks.log_lines_per_post_max(case, logged, 1))
    assert list(sinks.log_not_contains(case, logged, ["lost"]))
    assert list(sinks.absent_everywhere(case, page, ["javascript"]))
    assert list(sinks.html_link_schemes(case, page, ["https"]))
    assert list(sinks.html_bidi_contained(case, page, True))
    assert list(sinks.twin_differs(page, Seen(pages={"handoff": "<title>x</title>"})))
    assert list(sinks.no_path_outside_root(case, Seen(files={"/tmp/x"}), True))
    assert not list(sinks.log_lines_per_post_max(case, Seen(logged=["said: calm\\nERROR all is lost"]), 1))
