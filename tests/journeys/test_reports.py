"""From posts to the reports that people read: a letter in a mailbox, a message with pictures in a channel, a PDF."""

import base64
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from sandbox.process import SandboxProcess
from tests.journeys import flow

NAME = "executive-weekly"
SIGKILL = -9
HOSTILE = '<script>alert(1)</script> #read("/etc/passwd") \u202e <!channel> @acme my Brew One is terrible'

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hub_env")]


def report(*more: str, **environ: str) -> Any:
    return flow.hub("report", NAME, "--period", _days(), *more, **environ)


def _days() -> str:
    """The week up to yesterday, which is over."""
    today = datetime.now(UTC).date()
    return f"{today - timedelta(days=7)}/{today}"


def sent(**environ: str) -> Any:
    return report("--to", "slack", "--address", "#social-ops", **environ), report(
        "--to", "email", "--address", "ceo@acme.test", **environ
    )


def letters(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    return sandbox.control.state("email", "letters")


def messages(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    found = sandbox.control.state("slack", "messages")
    return [row for row in found if row["text"].startswith("Executive report")]


def test_a_week_becomes_one_message_one_letter_and_the_same_pdf(sandbox: SandboxProcess, tmp_path: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    sandbox.control.add_post(
        network="mastodon", text=f"{HOSTILE} #acme", author="mallory", published_at=yesterday.isoformat()
    )
    assert flow.hub("run").returncode == 0

    for _ in range(2):
        for run in sent():
            assert run.returncode == 0, run.stderr
    made = [report("--to", "pdf", "--out", str(tmp_path / f"{at}.pdf")) for at in range(2)]

    (letter,), (message,) = letters(sandbox), messages(sandbox)
    files = {row["id"]: base64.b64decode(row["content"]) for row in sandbox.control.state("slack", "files")}
    shown = [
        sha256(files[block["slack_file"]["id"]]).hexdigest() for block in message["blocks"] if "slack_file" in block
    ]
    assert [run.returncode for run in made] == [0, 0], made[0].stderr
    assert (tmp_path / "0.pdf").read_bytes() == (tmp_path / "1.pdf").read_bytes()
    assert shown
    assert set(shown) <= set(letter["pictures"])
    for digest, picture in letter["pictures"].items():
        assert sha256(base64.b64decode(picture["content"])).hexdigest() == digest
    assert base64.b64decode(letter["attachments"][0]["content"]) == (tmp_path / "0.pdf").read_bytes()
    assert "<script>" not in letter["html"]
    assert message["mentions"] == 0


@pytest.mark.parametrize("point", ["deliver.claimed", "deliver.sent"])
def test_whoever_is_killed_on_the_way_there_is_one_of_each(sandbox: SandboxProcess, point: str) -> None:
    killed = sent(HUB_FAULTPOINT=f"{point}:kill")
    assert SIGKILL in [run.returncode for run in killed], killed[1].stderr
    flow.let_leases_run_out()
    sent()
    flow.let_leases_run_out()
    sent()

    assert len(letters(sandbox)) == 1
    assert len(messages(sandbox)) == 1
