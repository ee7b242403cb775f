"""init, watch and doctor: from nothing to a hub that is known to work."""

from pathlib import Path

import pytest
import yaml

import connectors
from hub.settings import load_config
from tests.unit.cli.conftest import Hub

ALL = ("--name", "Acme", "--products", "Brew One, Brew Pro", "--competitors", "", "--feeds", "", "--hashtags", "acme",
       "--forums", "")  # fmt: skip


def config(tmp_path: Path) -> Path:
    return tmp_path / "hub.yaml"


def test_init_asks_for_what_it_was_not_told(hub: Hub, tmp_path: Path) -> None:
    told = hub(
        "init", given="Acme Ltd.\nBrew One\nBrewster, Kaffa\nhttps://blog.test/feed.xml\n\nhttps://forum.test/\n"
    )

    assert told.code == 0
    assert "hub doctor" in told.err
    made = load_config(config(tmp_path))
    assert [(each.name, each.kind) for each in made.subjects] == [
        ("Acme Ltd.", "brand"), ("Brew One", "product"), ("Brewster", "competitor"), ("Kaffa", "competitor"),
    ]  # fmt: skip
    assert [(each.network, each.kind, each.value) for each in made.watches] == [
        ("mastodon", "hashtag", "#AcmeLtd"), ("bluesky", "hashtag", "#AcmeLtd"),
        ("bluesky", "keyword", '"Acme Ltd."'), ("bluesky", "keyword", '"Brew One"'),
        ("hackernews", "keyword", '"Acme Ltd."'), ("hackernews", "keyword", '"Brew One"'),
        ("stackexchange", "keyword", 'stackoverflow:"Acme Ltd."'),
        ("discourse", "keyword", 'forum.test:"Acme Ltd." OR "Brew One"'),
        ("blogs", "feed", "https://blog.test/feed.xml"),
    ]  # fmt: skip


def test_init_with_flags_asks_nothing(hub: Hub, tmp_path: Path) -> None:
    assert hub("init", *ALL).code == 0

    made = load_config(config(tmp_path))
    assert [each.name for each in made.subjects] == ["Acme", "Brew One", "Brew Pro"]
    assert {each.network for each in made.watches} == {"mastodon", "bluesky", "hackernews", "stackexchange"}


def test_what_init_watches_can_be_read_without_any_account(hub: Hub, tmp_path: Path) -> None:
    assert hub("init", *ALL[:-1], "forum.test").code == 0

    for watch in load_config(config(tmp_path)).watches:
        manifest = connectors.manifest(watch.network)
        assert manifest.open_to_strangers, watch.network
        assert watch.kind in manifest.watches, watch


def test_init_replaces_nothing_unless_it_is_forced(hub: Hub, tmp_path: Path) -> None:
    config(tmp_path).write_text("organisation: {name: Precious}\n")

    told = hub("init", *ALL)

    assert (told.code, told.out) == (2, "")
    assert "--force" in told.err
    assert "Precious" in config(tmp_path).read_text()
    assert hub("init", *ALL, "--force").code == 0
    assert load_config(config(tmp_path)).organisation.name == "Acme"


def test_init_that_is_not_answered_writes_nothing(hub: Hub, tmp_path: Path) -> None:
    told = hub("init", given="")

    assert told.code != 0
    assert "Traceback" not in told.err
    assert not config(tmp_path).exists()


def test_init_into_a_folder_that_is_not_there_says_so(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_CONFIG", str(tmp_path / "no" / "hub.yaml"))

    told = hub("init", *ALL)

    assert told.code == 2
    assert str(tmp_path / "no") in told.err
    assert "Traceback" not in told.err


def test_a_name_that_looks_like_yaml_stays_a_name(hub: Hub, tmp_path: Path) -> None:
    hub("init", "--name", "no: [yes] # {", "--products", "true", *ALL[4:])

    assert [each.name for each in load_config(config(tmp_path)).subjects] == ["no: [yes] # {", "true"]


def test_a_watch_is_added_listed_and_removed(hub: Hub, acme: Path) -> None:
    assert hub("watch", "add", "mastodon", "hashtag", "#brew").code == 0

    listed = hub("watch", "list", "--json").json
    assert {"source": "mastodon", "watch": "hashtag #brew", "state": "not asked yet"}.items() <= listed[-1].items()
    assert "#brew" in hub("watch", "list").out

    assert hub("watch", "remove", "mastodon", "hashtag", "#brew").code == 0
    assert len(hub("watch", "list", "--json").json) == len(listed) - 1


@pytest.mark.parametrize(("arguments", "words"), [
    (("orkut", "hashtag", "#a"), ["orkut", "blogs", "mastodon", "x"]),
    (("mastodon", "smell", "coffee"), ["cannot watch a 'smell'", "hashtag, profile, mention"]),
    (("mastodon", "hashtag", "#acme"), ["already watches"]),
    (("../x", "hashtag", "#acme"), ["There is no connector"]),
])  # fmt: skip
def test_a_watch_that_cannot_be_is_refused_and_the_file_left_alone(
    hub: Hub, acme: Path, arguments: tuple[str, ...], words: list[str]
) -> None:
    before = acme.read_bytes()

    told = hub("watch", "add", *arguments)

    assert told.code == 2
    for word in words:
        assert word in told.err
    assert acme.read_bytes() == before


def test_removing_a_watch_that_is_not_there_says_how_to_find_it(hub: Hub, acme: Path) -> None:
    told = hub("watch", "remove", "mastodon", "hashtag", "#nothing")

    assert told.code == 2
    assert "hub watch list" in told.err


def test_a_watch_is_not_added_to_the_invented_worlds_configuration(
    hub: Hub, tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "checkout"
    (home / "sandbox").mkdir(parents=True)
    invented = home / "sandbox" / "hub.yaml"
    invented.write_bytes((repo / "sandbox" / "hub.yaml").read_bytes())
    (tmp_path / "var" / "sandbox").mkdir(parents=True)  # as a sandbox leaves it
    monkeypatch.setenv("HUB_HOME", str(home))
    monkeypatch.delenv("HUB_CONFIG")
    before = invented.read_bytes()

    told = hub("watch", "add", "mastodon", "hashtag", "#brew")

    assert (told.code, invented.read_bytes()) == (2, before)
    assert "hub init" in told.err
    assert hub("init", *ALL).code == 0
    assert invented.read_bytes() == before
    assert (home / "hub.yaml").exists()


def test_doctor_without_a_configuration_says_how_to_make_one(hub: Hub) -> None:
    told = hub("doctor")

    assert told.code == 2
    assert "hub init" in told.out
    assert "WRONG" in told.out


def test_doctor_names_the_connection_that_is_missing_and_where_to_read_on(hub: Hub, acme: Path) -> None:
    findings = {each["what"]: each for each in hub("doctor", "--json").json}

    assert not findings["x"]["ok"]
    assert "AIRFLOW_CONN_X_DEFAULT" in findings["x"]["said"]
    assert "connectors/x/README.md" in findings["x"]["said"]
    assert findings["store"]["ok"]
    assert "salesforce" in findings  # in use or not: what it lacks is said


@pytest.mark.usefixtures("hub_env")
def test_doctor_finds_nothing_wrong_in_the_sandbox(hub: Hub) -> None:
    told = hub("doctor", "--json")

    assert [each for each in told.json if not each["ok"]] == []
    looked_at = {each["what"] for each in told.json}
    watched = {watch.network for watch in load_config(Path("sandbox/hub.yaml")).watches}
    assert looked_at >= {"hub.yaml", "store", "disk", "salesforce", "zendesk", "slack", *watched}
    assert told.code == 0


@pytest.mark.usefixtures("hub_env")
def test_doctor_says_what_to_do_about_a_wrong_token(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_X_DEFAULT", '{"conn_type": "http", "password": "CANARY"}')

    told = hub("doctor", "x")

    assert told.code == 2
    assert "CANARY" not in told.out + told.err
    said = " ".join(told.out.split())
    assert "x_default" in said
    assert "Access" in said


@pytest.mark.usefixtures("hub_env")
def test_doctor_tells_a_system_that_is_down_from_a_wrong_set_up(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("HUB_MAX_WAIT_SECONDS", "0.1")

    assert hub("doctor", "x").code == 3


def test_a_connector_that_is_none_is_named(hub: Hub, acme: Path) -> None:
    told = hub("doctor", "orkut")

    assert told.code == 2
    assert "orkut" in told.err


def test_what_init_writes_is_what_the_example_may_hold(hub: Hub, tmp_path: Path, repo: Path) -> None:
    hub("init", *ALL)

    mine, example = (yaml.safe_load(path.read_text()) for path in (config(tmp_path), repo / "hub.example.yaml"))
    assert set(mine) <= set(example)
