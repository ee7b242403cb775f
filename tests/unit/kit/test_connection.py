"""Airflow's connection, read without Airflow: every form it has, and no secret in sight."""

import json
from pathlib import Path

import pytest

import connectors
from hub.errors import SetupError
from hub.kit import Connection, NotConnected

SECRET = "s3cret/+%@:"


def read(text: str, id: str = "x_default") -> Connection:
    return Connection.from_env(id, {f"AIRFLOW_CONN_{id.upper()}": text})


def test_the_json_form_is_read() -> None:
    facts = {
        "conn_type": "http", "host": "https://api.x.com", "login": "hub", "password": SECRET, "port": 8443,
        "schema": "https", "extra": {"requests_per_minute": 20},
    }  # fmt: skip

    connection = read(json.dumps(facts))

    assert (connection.conn_type, connection.host, connection.login) == ("http", "https://api.x.com", "hub")
    assert (connection.password, connection.port, connection.schema) == (SECRET, 8443, "https")
    assert connection.extra == {"requests_per_minute": 20}


@pytest.mark.parametrize("extra", ['{"a": 1}', {"a": 1}])
def test_extra_may_be_an_object_or_its_text(extra: object) -> None:
    assert read(json.dumps({"conn_type": "http", "extra": extra})).extra == {"a": 1}


@pytest.mark.parametrize("extra", [None, "", {}])
def test_extra_may_be_missing(extra: object) -> None:
    assert read(json.dumps({"conn_type": "http", "extra": extra})).extra == {}


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://hub:s3cret%2F%2B%25%40%3A@api.x.com", {"host": "api.x.com", "login": "hub", "password": SECRET}),
        ("http://:token@https%3A%2F%2Fmastodon.social", {"host": "https://mastodon.social", "password": "token"}),
        ("http://api.x.com:8443/https", {"host": "api.x.com", "port": 8443, "schema": "https"}),
        ("google-cloud-platform://?a=1&b=", {"conn_type": "google_cloud_platform", "extra": {"a": "1", "b": ""}}),
        ("http://?__extra__=%7B%22a%22%3A+%7B%22b%22%3A+1%7D%7D", {"extra": {"a": {"b": 1}}, "host": None}),
    ],
)
def test_the_uri_form_is_read(uri: str, expected: dict[str, object]) -> None:
    connection = read(uri)

    assert {name: getattr(connection, name) for name in expected} == expected


@pytest.mark.parametrize(
    "text",
    ["{", '{"port": "s3cret"}', '{"extra": "s3cret"}', '{"extra": ["s3cret"]}', "s3cret", "http://h:s3cret/x", "[1]",
     "http://[s3cret", "http://?__extra__=s3cret"],
)  # fmt: skip
def test_what_is_no_connection_is_told_without_showing_it(text: str) -> None:
    with pytest.raises(SetupError, match="AIRFLOW_CONN_X_DEFAULT") as told:
        read(text)

    assert "s3cret" not in f"{told.value!r} {told.value.__cause__!r}"
    assert told.value.__suppress_context__


@pytest.mark.parametrize("text", ["", "  "])
def test_a_missing_connection_names_the_variable_and_what_goes_into_it(text: str) -> None:
    environ = {"AIRFLOW_CONN_X_DEFAULT": text} if text else {}

    with pytest.raises(NotConnected, match="AIRFLOW_CONN_X_DEFAULT with bearer_token in password"):
        Connection.of(connectors.manifest("x"), environ)


def test_a_network_without_secrets_needs_no_connection() -> None:
    assert Connection.of(connectors.manifest("blogs"), {}).id == "blogs_default"


def test_a_network_that_strangers_may_read_needs_no_connection_unless_one_is_named() -> None:
    manifest = connectors.manifest("mastodon")
    open_to_all = manifest.with_(auth=manifest.auth.with_(optional=True))

    assert Connection.of(open_to_all, {}).password is None
    assert Connection.of(open_to_all, {"AIRFLOW_CONN_MASTODON_DEFAULT": '{"password": "p"}'}).password == "p"
    with pytest.raises(NotConnected, match="AIRFLOW_CONN_MASTODON_SECOND"):
        Connection.of(open_to_all, {}, id="mastodon_second")


def test_another_connection_may_be_named() -> None:
    environ = {"AIRFLOW_CONN_X_SECOND": '{"conn_type": "http", "password": "p"}'}

    assert Connection.of(connectors.manifest("x"), environ, id="x_second").password == "p"


def test_a_secret_is_in_extra_or_in_the_place_that_the_manifest_names() -> None:
    connection = Connection(id="x", password="from password", extra={"token": "from extra"})

    assert connection.secret("token", "password") == "from extra"
    assert connection.secret("other", "password") == "from password"
    with pytest.raises(SetupError, match="The connection x lacks other: put it into its extra field 'other'"):
        connection.secret("other")
    with pytest.raises(SetupError, match="its login or extra"):
        connection.secret("other", "login")


def test_a_connection_does_not_show_its_secrets() -> None:
    shown = repr(Connection(id="x", login="hub", password=SECRET, extra={"token": SECRET}))

    assert SECRET not in shown
    assert "hub" in shown


def test_every_readme_shows_a_connection_that_can_be_read() -> None:
    shown = 0
    for manifest in connectors.manifests():
        text = Path(connectors.folder(manifest.name) / "README.md").read_text(encoding="utf-8")
        for block in text.split("```json\n")[1:]:
            facts = block.partition("```")[0]
            if '"conn_type"' in facts:
                connection = read(facts, f"{manifest.name}_default")
                assert connection.conn_type == manifest.connection["conn_type"]
                shown += 1
    assert shown >= 3
