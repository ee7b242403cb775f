"""What every connector's folder must be: the rules of `hub check`, and the proof that each of them can fail."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import connectors
from hub.cli.contract import RULES, Row, check_connectors
from hub.errors import SetupError
from hub.kit.recordings import Recording
from hub.rehearsal import recordings

REPO = Path(__file__).parents[2]


NAMES = [manifest.name for manifest in connectors.manifests()]
DESTINATIONS = [manifest.name for manifest in connectors.manifests(kind="destination")]
as_they_are = pytest.mark.xdist_group("connectors as they are")  # all of them are checked once, by one worker


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], Row]:
    """What the rules say of the connectors as they are."""
    return {(row["connector"], row["rule"]): row for row in check_connectors()}


@as_they_are
@pytest.mark.parametrize(
    ("name", "rule"), [pytest.param(name, rule, id=f"{name}-{rule}") for name in NAMES for rule in RULES]
)
def test_a_rule_holds_or_is_waived_with_a_reason(name: str, rule: str, rows: dict[tuple[str, str], Row]) -> None:
    row = rows[name, rule]

    assert row["state"] in ("holds", "waived"), row["wrong"]


@as_they_are
def test_every_connector_is_asked_every_rule(rows: dict[tuple[str, str], Row]) -> None:
    assert rows.keys() == {(name, rule) for name in NAMES for rule in RULES}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Copies of some connectors and of the mappings, which a test may break."""
    for name in ("mastodon", *DESTINATIONS):
        copied = tmp_path / "connectors" / name
        shutil.copytree(REPO / "connectors" / name, copied, ignore=shutil.ignore_patterns("__pycache__", "package"))
    shutil.copytree(REPO / "mappings", tmp_path / "mappings")
    return tmp_path


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} no longer holds what this test breaks"
    path.write_text(text.replace(old, new), encoding="utf-8")


def waive(home: Path, rule: str, reason: str = "the vendor is slow", maturity: str = "beta") -> None:
    manifest = home / "connectors/mastodon/manifest.yaml"
    rewrite(manifest, "waivers: {}", f"waivers: {{{rule}: {reason!r}}}")
    rewrite(manifest, "maturity: certified", f"maturity: {maturity}")


def state(home: Path, rule: str) -> str:
    return next(row["state"] for row in check_connectors("mastodon", home=home) if row["rule"] == rule)


def folder(home: Path) -> Path:
    return home / "connectors/mastodon"


BREAKS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "the manifest has another name": (
        "names", lambda home: rewrite(folder(home) / "manifest.yaml", "name: mastodon", "name: toots")),
    "the mapping has another name": (
        "names", lambda home: rewrite(home / "mappings/mastodon.yaml", "mapping: mastodon", "mapping: toots")),
    "there is no mapping": ("names", lambda home: (home / "mappings/mastodon.yaml").unlink()),
    "there are two classes": (
        "connector",
        lambda home: (folder(home) / "connector.py").write_text("class A(Network): 1\nclass B(Network): 2")),
    "the class is no network": (
        "connector", lambda home: rewrite(folder(home) / "connector.py", "(Network)", "(Destination)")),
    "the code cannot be read": ("connector", lambda home: (folder(home) / "connector.py").write_text("class (")),
    "the README lacks a heading": (
        "readme", lambda home: rewrite(folder(home) / "README.md", "## Limits", "Limits")),
    "the README names no connection": (
        "readme", lambda home: rewrite(folder(home) / "README.md", "mastodon_default", "some connection")),
    "there is no README": ("readme", lambda home: (folder(home) / "README.md").unlink()),
    "a gap is left in the README": (
        "gaps", lambda home: rewrite(folder(home) / "README.md", "## Limits", "## Limits\nGAP: calls")),
    "a gap is left in the manifest": (
        "gaps", lambda home: rewrite(folder(home) / "manifest.yaml", "owner: social-data", "owner: me # GAP")),
    "an example of the mapping fails": (
        "mapping", lambda home: rewrite(home / "mappings/mastodon.yaml", "text: Love it", "text: Hate it")),
    "the mapping cannot be read": (
        "mapping", lambda home: rewrite(home / "mappings/mastodon.yaml", "native_id: id", "native_id: id[[")),
    "the mapping makes no posts": (
        "mapping", lambda home: rewrite(home / "mappings/mastodon.yaml", "makes: Post", "makes: ticket")),
    "nothing ends in posts": (
        "recordings", lambda home: [path.unlink() for path in (folder(home) / "recordings").glob("*.json")
                                    if "raises" not in path.read_text()]),
    "nothing ends in an error": (
        "recordings", lambda home: [path.unlink() for path in (folder(home) / "recordings").glob("*.json")
                                    if '"raises"' in path.read_text()]),
    "a recording cannot be read": (
        "recordings", lambda home: (folder(home) / "recordings/hashtag.json").write_text("{}")),
    "a golden is old": (
        "goldens", lambda home: rewrite(folder(home) / "recordings/hashtag.posts.json", "descale it", "clean it")),
    "a golden is missing": ("goldens", lambda home: (folder(home) / "recordings/hashtag.posts.json").unlink()),
    "a golden has no recording": ("goldens", lambda home: (folder(home) / "recordings/x.posts.json").write_text("[]")),
    "a certified connector waives": ("waivers", lambda home: waive(home, "readme", maturity="certified")),
    "a rule is waived that does not exist": ("waivers", lambda home: waive(home, "beauty")),
    "a waiver gives no reason": ("waivers", lambda home: waive(home, "readme", reason=" ")),
    "the sandbox plays another host": (
        "sandbox", lambda home: rewrite(folder(home) / "manifest.yaml", "[mastodon.test]", "[social.test]")),
    "there is no sandbox": ("sandbox", lambda home: (folder(home) / "sandbox.py").unlink()),
}  # fmt: skip


@pytest.mark.parametrize("broken", BREAKS)
def test_a_rule_notices_that(home: Path, broken: str) -> None:
    rule, damage = BREAKS[broken]
    assert state(home, rule) == "holds"

    damage(home)

    assert state(home, rule) == "broken"


def test_every_rule_is_shown_to_bite() -> None:
    assert {rule for rule, _ in BREAKS.values()} == set(RULES)


def test_a_manifest_that_cannot_be_read_says_where(home: Path) -> None:
    rewrite(folder(home) / "manifest.yaml", "every_seconds: 300", "every_seconds: soon")

    (row,) = check_connectors("mastodon", home=home)

    assert (row["rule"], row["state"]) == ("manifest", "broken")
    assert "every_seconds" in row["wrong"]


def test_a_beta_may_waive_what_does_not_hold(home: Path) -> None:
    waive(home, "readme")
    (folder(home) / "README.md").unlink()

    assert state(home, "readme") == "waived"


def test_a_waiver_for_a_rule_that_holds_again_is_stale(home: Path) -> None:
    waive(home, "readme")

    assert state(home, "readme") == "stale waiver"


def test_a_draft_may_come_to_its_recordings_later_but_not_to_its_name(home: Path) -> None:
    rewrite(folder(home) / "manifest.yaml", "maturity: certified", "maturity: draft")
    shutil.rmtree(folder(home) / "recordings")
    (home / "mappings/mastodon.yaml").unlink()

    assert state(home, "recordings") == "waived"
    assert state(home, "names") == "broken"


def test_an_unknown_connector_is_told_the_known_ones() -> None:
    with pytest.raises(SetupError, match=r"'toots'.*mastodon"):
        check_connectors("toots")


LOSSES = {
    "nothing ends in receipts": ("*.receipts.json", "ends in receipts"),
    "nothing is looked up": ("*.found.json", "ends in a look-up"),
    "nothing ends in an error": (None, "ends in an error"),
}


@pytest.mark.parametrize("lost", LOSSES)
@pytest.mark.parametrize("name", DESTINATIONS)
def test_a_destination_must_have_recordings_of_every_ending(home: Path, name: str, lost: str) -> None:
    goldens, said = LOSSES[lost]
    told = home / "connectors" / name / "recordings"
    gone = told.glob(goldens) if goldens else (path for path in told.glob("*.json") if '"raises"' in path.read_text())
    for path in list(gone):
        path.unlink()
        path.with_name(path.name.partition(".")[0] + ".json").unlink(missing_ok=True)

    row = next(row for row in check_connectors(name, home=home) if row["rule"] == "recordings")

    assert row["state"] == "broken"
    assert said in row["wrong"]


def test_an_old_receipt_is_noticed(home: Path) -> None:
    rewrite(home / "connectors/zendesk/recordings/created.receipts.json", "35436", "35437")

    row = next(row for row in check_connectors("zendesk", home=home) if row["rule"] == "goldens")

    assert row["state"] == "broken"
    assert "created.receipts.json is not what comes out now" in row["wrong"]


@pytest.mark.parametrize("recording", recordings() + recordings(kind="destination"), ids=str)
def test_a_recording_says_where_it_comes_from(recording: Recording) -> None:
    assert recording.story.source.startswith(("written from", "recorded on"))
