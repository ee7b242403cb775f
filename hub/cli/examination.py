"""What `hub doctor` looks at, and what it says to do."""

import shutil
from collections.abc import Callable

import connectors
from hub.cli.exits import DONE, WRONG_SETUP, code_of
from hub.domain import Manifest
from hub.domain.model import Model
from hub.errors import HubError
from hub.wiring import Hub

ENOUGH_BYTES = 500_000_000


class Finding(Model, omit_defaults=False):
    """One thing looked at."""

    what: str
    ok: bool
    said: str = ""
    code: int = DONE


def examine(hub: Hub, name: str | None) -> list[Finding]:
    """Look at one connector, or at everything a run needs."""
    if name:
        return [_connector(hub, connectors.manifest(name))]
    findings = [_look("hub.yaml", lambda: f"{len(hub.config.watches)} watches, {len(hub.config.subjects)} subjects")]
    findings.append(_look("store", lambda: _store(hub)))
    findings.append(_disk(hub))
    if findings[0].ok:
        findings += [_connector(hub, manifest) for manifest in (*hub.networks(), *_wanted(hub))]
    return findings


def _wanted(hub: Hub) -> list[Manifest]:
    """Destinations in use; without any, all of them, so that what each lacks is said."""
    return hub.destinations() or connectors.manifests(kind="destination")


def _look(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what=what, ok=True, said=look())
    except HubError as problem:
        return Finding(what=what, ok=False, said=str(problem), code=code_of(problem))


def _store(hub: Hub) -> str:
    from sqlalchemy import make_url

    with hub.store.read() as view:
        waiting = view.batches.pending()
    return f"{make_url(hub.settings.store).render_as_string(hide_password=True)}, {waiting} batches wait for triage"


def _disk(hub: Hub) -> Finding:
    free = shutil.disk_usage(hub.settings.var_dir if hub.settings.var_dir.exists() else hub.settings.home).free
    said = f"{free / 1e9:.1f} GB free at {hub.settings.var_dir}"
    enough = free >= ENOUGH_BYTES
    return Finding(
        what="disk",
        ok=enough,
        said=said if enough else f"{said}; free some",
        code=DONE if enough else WRONG_SETUP,
    )


def _connector(hub: Hub, manifest: Manifest) -> Finding:
    opened = hub.open_network if manifest.kind == "network" else hub.open_destination

    def look() -> str:
        with opened(manifest.name) as connector:
            connector.check()
        return "answers, and accepts our credentials"

    finding = _look(manifest.name, look)
    return (
        finding
        if finding.ok
        else finding.with_(said=f"{finding.said} See connectors/{manifest.name}/README.md, Access.")
    )
