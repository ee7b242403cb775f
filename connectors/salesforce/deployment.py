"""One deployment through the metadata API, by simple-salesforce: handed over, then asked for until it has ended.

What the library leaves to us: it takes options as words and writes Python's `None` where one is missing; its calls
change the headers that all calls of the client share; and a session that has ended is an error here, not a 401. The
words of an error may quote the organisation's own, so of a fault only its code is told.
"""

import io
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

from hub.errors import ContractBroken, SetupError, Unavailable
from hub.kit import Clock

FIRST_PAUSE, LONGEST_PAUSE, PATIENCE = 0.5, 10.0, 1_200.0  # seconds
FAULT = re.compile(r"<faultcode>(?:\w+:)?([A-Z][A-Z0-9_]{2,60})</faultcode>")
ENDED_WELL, ENDED = {"Succeeded"}, {"Succeeded", "SucceededPartial", "Failed", "Canceled"}
NO_RIGHT = {"INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"}
OPTIONS = {
    "checkOnly": "false", "allowMissingFiles": "false", "autoUpdatePackage": "false", "ignoreWarnings": "true",
    "performRetrieve": "false", "purgeOnDelete": "false", "rollbackOnError": "true", "testLevel": "", "tests": "",
}  # fmt: skip


class MayNotDeploy(SetupError):
    """Our user may not change what an organisation is made of."""


class Failure(NamedTuple):
    """One component that was not taken, in Salesforce's words."""

    component: str
    problem: str


class Deployed(NamedTuple):
    """How a deployment ended."""

    id: str
    ended: str
    components: int
    failures: tuple[Failure, ...]

    @property
    def succeeded(self) -> bool:
        """Whether everything was taken."""
        return self.ended in ENDED_WELL and not self.failures


def deploy(
    client: Any, archive: bytes, *, session_id: str, check_only: bool, clock: Clock, tell: Callable[[str], None]
) -> Deployed:
    """Hand over the archive and wait for the end; with `check_only` nothing is changed.

    MayNotDeploy where our user lacks the right to; Unavailable where there is no answer, or no end in 20 minutes.
    """
    client.session_id = session_id  # which may be newer than the client
    client.mdapi.headers = dict(client.headers)
    options = OPTIONS | {"checkOnly": "true"} if check_only else OPTIONS
    handed = _asked(lambda: client.deploy(io.BytesIO(archive), sandbox=True, **options))  # `sandbox`: takes our options
    id = str(handed.get("asyncId") or "")
    if not id:
        raise ContractBroken("Salesforce took the deployment and did not say under which id.")
    return _ended(client, id, clock, tell)


def _ended(client: Any, id: str, clock: Clock, tell: Callable[[str], None]) -> Deployed:
    waited, pause = 0.0, FIRST_PAUSE
    while True:
        told = _asked(lambda: client.checkDeployStatus(id))
        detail = told.get("deployment_detail") or {}
        done, of = (_count(detail.get(name)) for name in ("deployed_count", "total_count"))
        if told.get("state") in ENDED:
            failures = tuple(_failure(one) for one in detail.get("errors") or ())
            return Deployed(id, str(told["state"]), of, failures)
        if waited >= PATIENCE:
            raise Unavailable(f"Salesforce is still at work on the deployment {id}; run the same command again later.")
        tell(f"  deploying: {done} of {of} components" if of else "  deploying: it waits for its turn")
        clock.sleep(pause)
        waited, pause = waited + pause, min(pause * 1.5, LONGEST_PAUSE)


def _asked(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the library answers; its errors become ours."""
    from simple_salesforce.exceptions import SalesforceError

    try:
        return call()
    except SalesforceError as refused:
        raise _named(refused) from None
    except ParseError:
        raise Unavailable("Salesforce's answer about the deployment is no XML.") from None


def _named(refused: Any) -> Exception:
    """What a fault of the metadata API means."""
    found = FAULT.search(str(refused.content))
    code = found[1] if found else ""
    if code in NO_RIGHT or refused.status in (401, 403):
        return MayNotDeploy(f"The integration user may not deploy ({code or refused.status}).")
    if refused.status >= 500 and not code:
        return Unavailable(f"Salesforce answered the deployment with {refused.status}.")
    return SetupError(f"Salesforce refused the deployment with {code or refused.status}; run the command again.")


def _failure(told: dict[str, Any]) -> Failure:
    name = str(told.get("file") or told.get("type") or "the package")
    return Failure(name, str(told.get("message") or "Salesforce does not say why."))


def _count(value: Any) -> int:
    return int(value) if str(value or "").isdigit() else 0
