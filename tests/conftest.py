"""What tests share: the repository, the material beside it, and a sandbox that answers over real HTTP."""

import os
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from hub.store import Store
from sandbox.process import SandboxProcess

pytest.register_assert_rewrite("tests.journeys.flow", "tests.journeys.booted", "tests.contract.bench")

REPO = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("HUB_SHARED") or REPO.parent / "shared")


def pytest_configure(config: pytest.Config) -> None:
    """No test reads what a person has set for their own hub, or reaches the outside.

    Modules are compiled once, whatever is set: else each of some hundred processes compiles all that it imports.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    for name in list(os.environ):
        if name.startswith(("HUB_", "AIRFLOW_CONN_")) and not name.startswith("HUB_TEST_") and name != "HUB_SHARED":
            del os.environ[name]
    os.environ.setdefault("AIRFLOW_HOME", str(Path(tempfile.gettempdir()) / f"hub-tests-airflow-{os.getuid()}"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        os.environ.pop(name, None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more worker than there are processors: two of them wait for an Airflow most of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes name no test: an archive holds the second it was packed, and workers that collect
    in different seconds would disagree about which tests there are."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(autouse=True)
def environment_as_it_was() -> Iterator[None]:
    """A test may lead its process into the sandbox; the next one starts outside.

    urllib keeps for ever the proxies that it found at its first call, so it is made to forget them.
    """
    before = dict(os.environ)
    yield
    urllib.request.install_opener(None)  # type: ignore[arg-type]
    if os.environ != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """What a test does to logging ends with it: Airflow, imported elsewhere, relies on its own settings."""
    before = structlog.get_config() if structlog.is_configured() else None
    yield
    if before is None:
        structlog.reset_defaults()
    else:
        structlog.configure(**before)


@pytest.fixture(scope="session")
def repo() -> Path:
    """The checkout."""
    return REPO


@pytest.fixture(scope="session")
def shared() -> Path:
    """Contracts, recordings, hostile input and data of others, which are not part of the project."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the material beside the project ({SHARED}); HUB_SHARED names another place")
    return SHARED


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One sandbox for the tests of one worker; use `sandbox`, which is fresh for each test."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), options=("--scenario", "quiet_day")) as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    """A sandbox at its beginning: a quiet day on the networks, nothing at the destinations, no faults."""
    sandbox_process.control.reset()
    return sandbox_process


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its tables and nothing in them, made once: to make them takes as long as a small test."""
    path = tmp_path_factory.mktemp("empty") / "hub.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def hub_env(
    sandbox: SandboxProcess, empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """This process as one of the hub's: led into the sandbox, with an empty store and Acme's configuration."""
    (tmp_path / "var").mkdir()
    shutil.copy(empty_store, tmp_path / "var")
    env = sandbox.env | {
        "HUB_VAR": str(tmp_path / "var"),
        "HUB_CONFIG": str(REPO / "sandbox" / "hub.yaml"),
        "PYTHONPATH": str(REPO),
    }
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return env


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium of this machine; Playwright's own would have to be downloaded.

    A module's, and no longer: while Playwright is open, its thread can run no other event loop, nor a second one.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("there is no chromium on this machine; `apt-get install chromium` lets this test run")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()
