"""Real input: 2,000 real posts played by the sandbox, end to end. Skipped loudly where they are missing."""

import gzip
from pathlib import Path

import orjson
import pytest

from sandbox.process import SandboxProcess
from tests.journeys import flow

POSTS = 2_000

pytestmark = [pytest.mark.slow, pytest.mark.shared]


@pytest.fixture
def airline(shared: Path, tmp_path: Path) -> Path:
    """2,000 real posts about airlines."""
    source = shared / "data" / "airline" / "train.jsonl.gz"
    if not source.is_file():
        pytest.skip(f"needs {source}")
    lines = gzip.decompress(source.read_bytes()).splitlines()[:POSTS]
    path = tmp_path / "airline.jsonl"
    path.write_bytes(b"\n".join(lines))
    return path


def test_two_thousand_real_posts_end_to_end(airline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hub.yaml").write_text(
        "organisation: {name: Six airlines}\n"
        "subjects:\n"
        + "".join(f"  - {{name: {name}, aliases: ['@{alias}']}}\n" for name, alias in AIRLINES.items())
        + "watches:\n  - {network: x, kind: keyword, value: '"
        + " OR ".join(f"@{each}" for each in AIRLINES.values())
        + "'}\n"
        "triage: {first_run_hours: 24}\n"
    )
    with SandboxProcess(tmp_path / "sandbox", options=("--load", str(airline), "--no-limits")) as sandbox:
        for name, value in {
            **sandbox.env,
            "HUB_VAR": str(tmp_path / "var"),
            "HUB_CONFIG": str(tmp_path / "hub.yaml"),
        }.items():
            monkeypatch.setenv(name, value)
        visible = len(sandbox.control.state("world", "posts"))

        run = flow.hub("run", "--json", timeout=400)

        assert run.returncode == 0, run.stderr
        balance = flow.assert_balanced()
        assert visible == POSTS
        assert balance.fetched >= POSTS * 0.99  # a few name the airline in another way
        assert balance.handed_off > 200
        flow.assert_exactly_once(sandbox)
        assert_each_handoff_can_be_traced(sandbox, airline)


def assert_each_handoff_can_be_traced(sandbox: SandboxProcess, airline: Path) -> None:
    """From the ticket to the handoff, its post and the record as it landed, with rule, versions and run."""
    texts = {orjson.loads(line)["text"] for line in airline.read_bytes().splitlines()}
    tickets = {row["external_id"] for row in sandbox.control.state("zendesk", "tickets")}
    with flow.store() as opened, opened.read() as view:
        handed = {handed.id: handed for handed in view.handoffs.recent(limit=100_000)}
        rows = view.outbox.recent(limit=100_000)
        assert tickets <= {row.external_id for row in rows if row.object == "ticket"}
        for row in rows:
            handoff = handed[row.handoff].handoff
            provenance = handoff.provenance
            assert all((provenance.route, provenance.classifier, provenance.run, row.mapping))
            stored = view.posts.get(provenance.post)
            assert stored is not None
            assert stored.text in texts or stored.text.replace("&", "&amp;") in texts or "&" in stored.text


AIRLINES = {
    "United": "united", "US Airways": "usairways", "American": "americanair", "Southwest": "southwestair",
    "Delta": "jetblue", "Virgin America": "virginamerica",
}  # fmt: skip
