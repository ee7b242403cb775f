"""What is written down is true: reference pages are current, examples load, links lead somewhere."""

import re
from pathlib import Path

import msgspec
import pytest

import connectors
from hub import errors, reference
from hub.domain import Watch
from hub.domain.config import Config
from hub.settings import Settings, load_config, load_routes
from hub.wiring import check_watch

REPO = Path(__file__).resolve().parents[2]
WRITTEN = [*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md"), *(REPO / "connectors").rglob("*.md")]
PAGES = sorted(path for path in WRITTEN if "node_modules" not in path.parts)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def test_the_reference_pages_say_what_the_code_says() -> None:
    assert [str(path) for path in reference.outdated()] == [], "run `make docs` and commit what it writes"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_a_link_leads_to_a_file(page: Path) -> None:
    targets = [
        target for target in LINK.findall(page.read_text()) if "://" not in target and not target.startswith("mailto:")
    ]

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("name", ["hub.example.yaml", "sandbox/hub.yaml"])
def test_a_shipped_configuration_can_be_used(name: str) -> None:
    config = load_config(REPO / name)

    for watch in config.watches:
        check_watch(connectors.manifest(watch.network), watch)
    assert load_routes(config)[1]


def test_the_example_configuration_shows_every_key() -> None:
    shown = (REPO / "hub.example.yaml").read_text()
    keys = {key for model in (Config, *_models(Config)) for key in model.__struct_fields__}

    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", shown)) == []


def _models(model: type) -> list[type]:
    from hub.domain import config

    return [each for each in vars(config).values() if isinstance(each, type) and each.__module__ == config.__name__] + [
        Watch
    ]


def test_every_setting_says_what_it_is_for() -> None:
    documented = {name for name, _, meaning in reference._documented_fields(Settings) if meaning}

    assert documented == set(Settings.__struct_fields__)


def test_every_error_says_what_to_do() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and each.__module__ == errors.__name__]

    assert [each.__name__ for each in classes if not each.__doc__] == []


def test_a_key_that_is_no_key_is_refused_by_its_name() -> None:
    with pytest.raises(msgspec.ValidationError, match="colour"):
        Config.from_plain({"organisation": {"name": "Acme"}, "colour": "blue"})
