"""What `hub doctor` looks at, and what it says to do."""

import shutil
from collections.abc import Callable

import connectors
from hub.cli.exits import DONE, WRONG_SETUP, code_of
from hub.domain import Manifest
from hub.domain.model import Model
from hub.errors import HubError
from hub.kit import Destination
from hub.kit.mail import EMAIL
from hub.kit.mail import MANIFEST as MAIL
from hub.wiring import Hub, promises_of, reporting

ENOUGH_BYTES = 500_000_000
ACCESS = "access"
HOLDS = "answers, and accepts our credentials"


class Finding(Model, omit_defaults=False):
    """One thing looked at."""

    what: str
    ok: bool
    said: str = ""
    code: int = DONE


def examine(hub: Hub, name: str | None) -> list[Finding]:
    """Look at one connector or the mail server, or at everything a run needs."""
    if name == EMAIL:
        return [_mail(hub)]
    if name:
        return _connector(hub, connectors.manifest(name))
    findings = [_look("hub.yaml", lambda: f"{len(hub.config.watches)} watches, {len(hub.config.subjects)} subjects")]
    findings.append(_look("store", lambda: _store(hub)))
    findings.append(_disk(hub))
    if findings[0].ok:
        for manifest in (*hub.networks(), *_wanted(hub)):
            findings += _connector(hub, manifest)
        if any(plan.enabled and plan.to.email for plan in reporting.plans(hub)):
            findings.append(_mail(hub))
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


def _connector(hub: Hub, manifest: Manifest) -> list[Finding]:
    """What our access is good for, proof by proof; what builds on one that fails is not asked any more."""
    try:
        if manifest.kind == "destination":
            return _destination(hub, manifest)
        findings: list[Finding] = []
        with hub.open_network(manifest.name) as network:
            for name, prove in network.proofs().items():
                findings.append(_proved(manifest, name, prove))
                if name == ACCESS and not findings[-1].ok:
                    break
        return findings
    except HubError as problem:
        return [_unproved(manifest, manifest.name, problem)]


def _destination(hub: Hub, manifest: Manifest) -> list[Finding]:
    with hub.open_destination(manifest.name) as destination:
        findings = [_proved(manifest, ACCESS, destination.check)]
        if findings[0].ok and type(destination).preflight is not Destination.preflight:
            findings += _differences(manifest, destination)
    if all(finding.ok for finding in findings):
        findings[0] = _let_in(hub, manifest, findings[0])
    return findings


def _differences(manifest: Manifest, destination: Destination) -> list[Finding]:
    """What its mapping writes and the other side would not take, one by one."""
    what = f"{manifest.name}: mapping"
    try:
        found = list(destination.preflight(promises_of(manifest)))
    except HubError as problem:
        return [_unproved(manifest, what, problem)]
    return [
        Finding(what=f"{what}, {one.object} {one.field}".rstrip(), ok=False, said=one.remedy, code=WRONG_SETUP)
        for one in found
    ] or [Finding(what=what, ok=True, said="everything that it writes is taken")]


def _let_in(hub: Hub, manifest: Manifest, access: Finding) -> Finding:
    """What waited because we were refused waits no longer: we are let in, and all that we write is taken."""
    from hub.stages import deliver

    waited = deliver.mended(manifest.name, store=hub.store)
    return access.with_(said=f"{access.said}; {waited} that waited for this go now") if waited else access


def _mail(hub: Hub) -> Finding:
    """The server that letters of reports go through."""

    def enter() -> str:
        with reporting.open_mail(hub) as mail:
            mail.check()
        return HOLDS

    found = _look(EMAIL, enter)
    return _let_in(hub, MAIL, found) if found.ok else found.with_(said=f"{found.said} See docs/guides/reports.md.")


def _proved(manifest: Manifest, name: str, prove: Callable[[], object]) -> Finding:
    what = manifest.name if name == ACCESS else f"{manifest.name}: {name}"
    try:
        said = prove()
    except HubError as problem:
        return _unproved(manifest, what, problem)
    return Finding(what=what, ok=True, said=said if isinstance(said, str) else HOLDS if name == ACCESS else "holds")


def _unproved(manifest: Manifest, what: str, problem: HubError) -> Finding:
    said = f"{problem} See connectors/{manifest.name}/README.md, Access."
    return Finding(what=what, ok=False, said=said, code=code_of(problem))
