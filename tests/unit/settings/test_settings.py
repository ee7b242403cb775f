"""What a process is told by its environment, and the way to hub.yaml and the routes."""

import ast
import inspect
import os
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from hub import settings
from hub.domain.config import Config, Route
from hub.errors import SetupError
from hub.settings import Settings, load_config, load_routes, read_settings, variable

FIELDS = Settings.__struct_fields__


def test_without_any_variable_the_defaults_hold(repo: Path) -> None:
    told = read_settings({})

    assert told == Settings()
    assert (told.var_dir, told.own_config_path) == (repo / "var", repo / "hub.yaml")
    assert told.store == f"sqlite:///{repo / 'var' / 'hub.db'}"
    assert told.landing == str(repo / "var" / "landing")
    assert told.mappings_dir == repo / "mappings"


def test_a_variable_takes_the_place_of_a_default(tmp_path: Path) -> None:
    told = read_settings(
        {"HUB_VAR": str(tmp_path), "HUB_AIRFLOW_PORT": "9000", "HUB_LEASE_SECONDS": "1.5", "HUB_STORE_URL": "sqlite://"}
    )

    assert (told.var_dir, told.airflow_port, told.lease_seconds, told.store) == (tmp_path, 9000, 1.5, "sqlite://")
    assert told.landing == str(tmp_path / "landing")


def test_an_empty_variable_is_as_none() -> None:
    assert read_settings({variable(name): "" for name in FIELDS}) == Settings()


WRONG = {int: ["eighty", "1.5", "-1"], float: ["long", "-1", "nan", "inf"]}


def wrong_values() -> list[tuple[str, str]]:
    """Each setting that is a number, with what is none or cannot be meant."""
    kinds = get_type_hints(Settings)
    return [(name, value) for name in FIELDS for value in WRONG.get(kinds[name], [])]


@pytest.mark.parametrize(("name", "value"), wrong_values())
def test_a_value_that_cannot_be_used_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(SetupError, match=f"{variable(name)} cannot be used: .+; correct or unset it."):
        read_settings({variable(name): value})


@pytest.mark.parametrize(("name", "value"), [
    ("airflow_port", "0"), ("sandbox_port", "70000"), ("max_bytes", "0"), ("lease_seconds", "0"), ("sweep_hours", "0"),
])  # fmt: skip
def test_a_number_out_of_its_range_is_refused(name: str, value: str) -> None:
    with pytest.raises(SetupError, match=variable(name)):
        read_settings({variable(name): value})


def test_every_setting_says_what_it_is_for() -> None:
    body: Any = ast.parse(inspect.getsource(Settings)).body[0]
    said = [
        ast.unparse(field.target)
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
    ]

    assert said == list(FIELDS)


def test_every_setting_is_used_somewhere(repo: Path) -> None:
    code = "".join(path.read_text() for room in ("hub", "dags", "plugins") for path in (repo / room).rglob("*.py"))
    properties = inspect.getsource(settings)

    for name in FIELDS:
        assert f".{name}" in code or f'"{name}"' in code.replace(properties, "") or f"self.{name}" in properties, name


def test_state_that_the_sandbox_made_is_acmes_until_there_is_an_own_configuration(tmp_path: Path) -> None:
    told = read_settings({"HUB_HOME": str(tmp_path), "HUB_VAR": str(tmp_path / "var")})
    assert told.config_path == tmp_path / "hub.yaml"

    (tmp_path / "var" / "sandbox").mkdir(parents=True)
    assert told.config_path == tmp_path / "sandbox" / "hub.yaml"
    assert told.own_config_path == tmp_path / "hub.yaml"

    (tmp_path / "hub.yaml").touch()
    assert told.config_path == tmp_path / "hub.yaml"


def test_a_configuration_that_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "hub.yaml"
    path.write_text("organisation: {name: Acme}")
    assert load_config(path).organisation.name == "Acme"

    path.write_text("organisation: {name: Other}")
    os.utime(path, ns=(1, 1))

    assert load_config(path).organisation.name == "Other"


def test_a_missing_configuration_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="hub init"):
        load_config(tmp_path / "hub.yaml")


def test_the_example_and_the_invented_worlds_configuration_can_be_read(repo: Path) -> None:
    example = load_config(repo / "hub.example.yaml")

    assert example.routes
    assert load_routes(example)[1]
    assert load_config(repo / "sandbox" / "hub.yaml").watches


def config(*routes: Route) -> Config:
    return Config.from_plain({"organisation": {"name": "Acme"}}).with_(routes=routes)


def rule(name: str, **more: Any) -> Route:
    return Route(**{"name": name, "makes": "Lead", "when": "`true`"} | more)


def names(found: tuple[str, tuple[Route, ...]]) -> list[str]:
    return [route.name for route in found[1]]


def test_an_own_route_takes_the_place_of_the_shipped_one_and_new_ones_come_after_all() -> None:
    version, shipped = load_routes(config())
    own = load_routes(config(rule("purchase-lead", team="mine"), rule("extra")))

    assert version.isdigit()
    assert names(own) == [*(route.name for route in shipped), "extra"]
    assert next(route for route in own[1] if route.name == "purchase-lead").team == "mine"


def test_a_disabled_route_is_gone() -> None:
    left = names(load_routes(config(rule("purchase-lead", enabled=False))))

    assert "purchase-lead" not in left
    assert "partner-lead" in left


def test_disabling_what_is_not_there_is_a_slip_of_the_pen() -> None:
    with pytest.raises(SetupError, match=r"'purchase-laed'.*purchase-lead"):
        load_routes(config(rule("purchase-laed", enabled=False)))


def test_two_routes_of_one_name_are_refused() -> None:
    with pytest.raises(SetupError, match="two routes of one name"):
        load_routes(config(rule("extra"), rule("extra", team="other")))


@pytest.mark.parametrize("user", ["reader:lets-me-in", "reader", ":lets-me-in"])
def test_an_address_with_a_password_is_refused_without_showing_it(tmp_path: Path, user: str) -> None:
    path = tmp_path / "hub.yaml"
    path.write_text(
        "organisation: {name: Acme, timezone: UTC}\n"
        "subjects: [{name: Acme, kind: brand}]\n"
        f'watches: [{{network: blogs, kind: feed, value: "https://{user}@feeds.test/a.xml"}}]\n'
    )

    with pytest.raises(SetupError, match="a user or a password") as refused:
        load_config(path)

    assert "lets-me-in" not in str(refused.value)


def test_a_handle_with_an_at_sign_is_no_password(tmp_path: Path) -> None:
    path = tmp_path / "hub.yaml"
    path.write_text(
        "organisation: {name: Acme, timezone: UTC}\n"
        "subjects: [{name: Acme, kind: brand}]\n"
        'watches: [{network: mastodon, kind: mention, value: "@acme@mastodon.test"},'
        ' {network: blogs, kind: feed, value: "https://feeds.test/@acme/feed.xml"}]\n'
    )

    assert len(load_config(path).watches) == 2
