"""Every process setting, typed, with its default and its variable; and the way to `hub.yaml`.

What an organisation decides stands in `hub.yaml`; what a machine needs stands here, read from the
environment as `HUB_<NAME>`.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import msgspec

from hub.domain.config import Config, Route
from hub.domain.model import Model
from hub.errors import SetupError

T = TypeVar("T")
Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Count = Annotated[int, msgspec.Meta(gt=0)]
HOME = Path(__file__).resolve().parents[1]


class Settings(Model):
    """What this process may be told by `HUB_*` variables."""

    home: str = str(HOME)
    """The checkout; dags/, mappings/ and connectors/ lie below it."""
    var: str = ""
    """Where state lives: store, landing, logs, secrets. Empty: `<home>/var`."""
    config: str = ""
    """The organisation's configuration. Empty: `<home>/hub.yaml`, and in the sandbox without one, Acme's."""
    store_url: str = ""
    """SQLAlchemy URL of the store. Empty: SQLite at `<var>/hub.db`; several machines: `postgresql+psycopg://...`."""
    landing_url: str = ""
    """Folder or fsspec URL (`s3://bucket/path`) for landed files. Empty: `<var>/landing`."""
    reports_url: str = ""
    """Folder or fsspec URL for reports that were made and their pictures. Empty: `<var>/reports`."""
    export: str = ""
    """Folder or fsspec URL (`s3://bucket/path`) for what analysts read; no other hub's. Empty: `<var>/export`."""
    export_private: bool = False
    """Whether messages that only their author and you can read are exported, too."""
    sql_memory: Annotated[str, msgspec.Meta(pattern=r"^[0-9]+ ?(MB|GB)$")] = "1GB"
    """The most memory that `hub sql` takes; what does not fit goes to a temporary folder."""
    link_base: str = "http://127.0.0.1:8080"
    """Address at which people reach Airflow; links in tickets, leads and alerts start with it."""
    airflow_port: Port = 8080
    """Port of Airflow's pages and API, bound to 127.0.0.1."""
    sandbox_port: Port = 8790
    """Port of the sandbox, bound to 127.0.0.1."""
    poll_seconds: Annotated[int, msgspec.Meta(ge=0)] = 0
    """How often every network is read, in place of the manifests' `every_seconds`. 0: as those say."""
    streams: Annotated[int, msgspec.Meta(ge=1, le=64)] = 16
    """How many watches of one network are read at the same time, all under its one budget."""
    max_wait_seconds: Seconds = 60
    """The longest wait that a network may ask of a run; a longer one ends the run, and the next goes on."""
    connect_seconds: Seconds = 10
    """The longest wait for a connection to be made."""
    read_seconds: Seconds = 30
    """The longest silence while an answer arrives."""
    total_seconds: Seconds = 120
    """The longest that one answer may take as a whole."""
    max_bytes: Count = 32 * 1024 * 1024
    """The largest answer, unpacked, that is read."""
    max_depth: Count = 64
    """The deepest nesting of JSON that is read."""
    text_seconds: Seconds = 10
    """The longest that the classifier may take over one text; a post whose text takes longer is quarantined."""
    lease_seconds: Seconds = 300
    """How long a claim on a batch or delivery holds; after a crash, work goes on when it has run out."""
    quarantine_hours: Annotated[float, msgspec.Meta(gt=0, le=8_760)] = 24
    """How long an item may be in quarantine before `hub status` and the command centre call it overdue."""
    sweep_hours: Annotated[float, msgspec.Meta(gt=0, le=720)] = 36
    """How far back the nightly sweep for late posts reads."""

    wall_seconds: Annotated[int, msgspec.Meta(ge=5, le=3_600)] = 60
    """How often the command centre's page for a screen on the wall asks for new figures."""

    @property
    def var_dir(self) -> Path:
        """The folder of state."""
        return Path(self.var or Path(self.home) / "var")

    @property
    def own_config_path(self) -> Path:
        """Where the organisation's own configuration is, or is to be."""
        return Path(self.config or Path(self.home) / "hub.yaml")

    @property
    def config_path(self) -> Path:
        """The configuration in force: the organisation's own; without any, state that the sandbox made is Acme's."""
        own = self.own_config_path
        invented = Path(self.home) / "sandbox" / "hub.yaml"
        return invented if not self.config and not own.exists() and (self.var_dir / "sandbox").exists() else own

    @property
    def mappings_dir(self) -> Path:
        """The mappings, routes and expectations."""
        return Path(self.home) / "mappings"

    @property
    def store(self) -> str:
        """URL of the store."""
        return self.store_url or f"sqlite:///{self.var_dir / 'hub.db'}"

    @property
    def landing(self) -> str:
        """Folder or URL of the landing zone."""
        return self.landing_url or str(self.var_dir / "landing")

    @property
    def reports(self) -> str:
        """Folder or URL of the reports that were made."""
        return self.reports_url or str(self.var_dir / "reports")

    @property
    def exported(self) -> str:
        """Folder or URL of what is exported."""
        return self.export or str(self.var_dir / "export")


def variable(field: str) -> str:
    """The environment variable of a setting: `HUB_STORE_URL` for `store_url`."""
    return f"HUB_{field.upper()}"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; a value of the wrong type is a SetupError naming its variable."""
    environ = os.environ if environ is None else environ
    known = {name: environ[variable(name)] for name in Settings.__struct_fields__ if environ.get(variable(name))}
    try:
        return msgspec.convert(known, Settings, strict=False)
    except msgspec.ValidationError as wrong:
        name = str(wrong).rpartition("$.")[2].rstrip("`")
        raise SetupError(
            f"{variable(name)} cannot be used: {str(wrong).partition(' - ')[0]}; correct or unset it."
        ) from wrong


def load_config(path: Path | None = None) -> Config:
    """The organisation's configuration; a SetupError says what is wrong in it and where."""
    return _load_config(path or read_settings().config_path, _stamp(path or read_settings().config_path))


def _stamp(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        raise SetupError(
            f"There is no {path.name} at {path}; run `hub init` to make one, or copy hub.example.yaml."
        ) from None


@lru_cache(maxsize=4)
def _load_config(path: Path, stamp: float) -> Config:
    del stamp  # part of the cache key: a changed file is read again
    config = _decode(path, Config)
    for watch in config.watches:
        if _holds_a_secret(watch.value):
            raise SetupError(
                f"{path.name} watches an address on {watch.network} with a user or a password in it; take them out: "
                "what is watched is shown to everybody who may see the hub."
            )
    return config


def _holds_a_secret(value: str) -> bool:
    try:
        return "://" in value and "@" in urlsplit(value).netloc
    except ValueError:  # no address; its network says so
        return False


class _Routes(Model):
    version: int
    routes: tuple[Route, ...]


def load_routes(config: Config, path: Path | None = None) -> tuple[str, tuple[Route, ...]]:
    """The version and rules in force: those of mappings/_routes.yaml with the organisation's own put in."""
    shipped = _decode(path or read_settings().mappings_dir / "_routes.yaml", _Routes)
    own = {route.name: route for route in config.routes}
    known = {route.name for route in shipped.routes}
    if len(own) < len(config.routes):
        raise SetupError("hub.yaml has two routes of one name; give each its own.")
    if lost := [name for name, route in own.items() if not route.enabled and name not in known]:
        raise SetupError(f"hub.yaml disables {lost[0]!r}, which is no route; there are {', '.join(sorted(known))}.")
    merged = [own.pop(route.name, route) for route in shipped.routes] + list(own.values())
    return str(shipped.version), tuple(route for route in merged if route.enabled)


def _decode(path: Path, kind: type[T]) -> T:
    import yaml

    try:
        return msgspec.convert(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader), kind)
    except msgspec.ValidationError as wrong:
        raise SetupError(
            f"{path.name} cannot be used: {wrong}; docs/reference/configuration.md lists what it may hold."
        ) from wrong
    except yaml.YAMLError as broken:
        where = str(getattr(broken, "problem_mark", "")).strip()
        raise SetupError(f"{path.name} is not valid YAML {where}; correct it and run again.") from broken
