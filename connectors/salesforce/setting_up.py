"""What the hub needs in an organisation, made once: objects, fields, the component with its pages, our user's rights.

Everything of it is one deployment of `package/src`. Whether it is there is asked in a few calls: a describe of each
object, and the description of our permission set, which tells the version that was deployed. The deployment comes
before the permission set is given to our user, and both before the fields are looked for again: until then a new field
is hidden from everyone.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from connectors.salesforce.answers import code_of, first_of, name_trouble
from connectors.salesforce.deployable import COMPONENT, PAGES, READER, WRITER, archive, digest, objects, ours
from connectors.salesforce.deployment import Failure, MayNotDeploy, deploy
from connectors.salesforce.login import session_key
from connectors.salesforce.org import Org
from connectors.salesforce.preflight import Use, describe, fields_of, mismatches
from connectors.salesforce.words import ID, NAME, checked
from hub.domain import Manifest
from hub.errors import ContractBroken
from hub.kit import Connection, Services, Step

WHAT = f"package: component {COMPONENT}, {len(PAGES)} record pages, layouts, tabs, permission sets"
IN_FORCE = (
    f"Open a lead in Lightning, Setup > Edit Page, and put the component Social context on it, or activate {PAGES[0]}; "
    f"give reps the permission set {READER}."
)
BY_HAND = (
    "Let somebody who may deploy run `hub setup salesforce --apply` with a connection of theirs, or "
    "`sf project deploy start --metadata-dir connectors/salesforce/package/src`; our user needs Modify Metadata for it."
)
REMEDIES = (  # what a failure says, in small letters, and what to do about it
    ("change", "field type", "Delete the field in Setup, or rename it, then run this again: its data cannot be kept."),
    ("duplicate", "", "Something else has this name: rename it in Setup, then run this again."),
    (
        "no ",
        "found",
        "It names what this organisation lacks: make it, or take it out of the file, then run this again.",
    ),
    ("limit", "", "The organisation has no room for it: free some in Setup, then run this again."),
)
SEE = "Setup > Deployment Status shows more of it."


class Held(NamedTuple):
    """What the organisation says it has."""

    lacks: dict[
        str, list[str]
    ]  # by object, fields that are missing or of the wrong form; an object's name alone if it is
    version: str  # of the package, blank where it was never deployed
    permission_set: str  # its id, blank where there is none
    assigned: bool

    @property
    def is_whole(self) -> bool:
        """Whether nothing needs to be deployed."""
        return not any(self.lacks.values()) and self.version == digest()


class Connected(Protocol):
    """What is asked of the connector."""

    manifest: Manifest
    connection: Connection
    services: Services
    tell: Callable[[str], None]

    @property
    def client(self) -> Any:
        """simple-salesforce."""
        ...

    @property
    def org(self) -> Org:
        """The organisation behind the client."""
        ...


def steps(salesforce: Connected, *, apply: bool) -> Iterator[Step]:
    """Each thing that the hub needs, with what was found or made."""
    user = user_of(salesforce.org)
    before = held(salesforce.org, user)
    failures: list[Step] = []
    if not before.is_whole:
        failures = _deployed(salesforce, apply=apply)
    after = held(salesforce.org, user) if apply and not before.is_whole else before
    refusal = ""
    if apply and after.permission_set and not after.assigned:
        refusal = assign(salesforce.org, user, after.permission_set)
        after = held(salesforce.org, user)
    for name in objects():
        yield _of_object(name, before.lacks[name], after.lacks[name])
    yield _of_package(before, after)
    yield from failures
    yield _of_rights(before, after, refusal)


def held(org: Org, user: str) -> Held:
    """What there is; a describe for each object and two queries."""
    lacks = {name: _lacking(org, name) for name in objects()}
    rows = _rows(org, "Id, Description", "PermissionSet", Name=WRITER)
    if not rows:
        return Held(lacks, "", "", False)
    id = checked(str(rows[0].get("Id")), ID)
    version = digest() if digest() in str(rows[0].get("Description")) else "another"
    given = _rows(org, "Id", "PermissionSetAssignment", AssigneeId=user, PermissionSetId=id)
    return Held(lacks, version, id, bool(given))


def user_of(org: Org) -> str:
    """The id of the user that we are, from the address of our identity."""
    told = org.ask("", sobject="the API")
    id = str(told.get("identity", "") if isinstance(told, dict) else "").rpartition("/")[2]
    if not ID.fullmatch(id):
        raise ContractBroken("Salesforce does not say which user we are.")
    return id


def assign(org: Org, user: str, permission_set: str) -> str:
    """Give our user the permission set; the code of a refusal, or nothing."""
    body = {"AssigneeId": user, "PermissionSetId": permission_set}
    status, told = org.exchange("POST", "sobjects/PermissionSetAssignment", body)
    code = code_of(first_of(told)) if status >= 300 else ""
    if status in (401,) or status >= 500:
        raise name_trouble(status, told, sobject="PermissionSetAssignment")
    return "" if code == "DUPLICATE_VALUE" else code


def _lacking(org: Org, sobject: str) -> list[str]:
    described = describe(org, sobject)
    if described is None:
        return [sobject]
    there = fields_of(described)
    return [
        name
        for name, wanted in objects()[sobject].items()
        if name not in there or any(mismatches(sobject, Use(name, wanted=wanted), there[name]))
    ]


def _rows(org: Org, fields: str, sobject: str, **wanted: str) -> list[dict[str, object]]:
    """The rows of which all this holds; names and values are ours, or ids."""
    where = " AND ".join(
        f"{name} = '{checked(value, ID if value[0].isdigit() else NAME)}'" for name, value in wanted.items()
    )
    query = f"SELECT {fields} FROM {sobject} WHERE {where}"  # noqa: S608
    told = org.ask("query", params={"q": query}, sobject=sobject)
    return list(told.get("records", []))


def _deployed(salesforce: Connected, *, apply: bool) -> list[Step]:
    """Deploy, or try whether it could be; what stood against it, as steps for a person."""
    key = session_key(salesforce.services, salesforce.manifest, salesforce.connection)
    try:
        ended = deploy(
            salesforce.client, archive(), session_id=key.bearer(key.current()), check_only=not apply,
            clock=salesforce.services.clock, tell=salesforce.tell,
        )  # fmt: skip
    except MayNotDeploy as refused:
        return [Step(what="right to deploy", state="by hand", detail=f"{refused} {BY_HAND}")]
    if ended.succeeded:
        return []
    failures = ended.failures or (Failure("the package", f"The deployment {ended.id} ended as {ended.ended}."),)
    return [Step(what=one.component, state="by hand", detail=f"{one.problem} {remedy_of(one)}") for one in failures]


def remedy_of(failure: Failure) -> str:
    """What to do about a component that was not taken."""
    words = failure.problem.lower()
    return next((remedy for one, other, remedy in REMEDIES if one in words and other in words), SEE)


def _of_object(name: str, before: list[str], after: list[str]) -> Step:
    count = len(objects()[name])
    what = f"object {name} with {count} fields" if ours(name) else f"{count} fields on {name}"
    if not after:
        return Step(what=what, state="made" if before else "there")
    detail = (
        "The object is not there." if after == [name] else f"Missing, hidden or of another form: {', '.join(after)}."
    )
    return Step(what=what, state="missing", detail=detail)


def _of_package(before: Held, after: Held) -> Step:
    if after.version == digest():
        return Step(what=WHAT, state="there" if before.version == digest() else "made", detail=IN_FORCE)
    detail = "Another version is there." if after.version else "It was never deployed."
    return Step(what=WHAT, state="missing", detail=f"{detail} `hub setup salesforce --apply` deploys this one.")


def _of_rights(before: Held, after: Held, refusal: str) -> Step:
    what = f"permission set {WRITER} for the integration user"
    if after.assigned:
        return Step(what=what, state="there" if before.assigned else "made")
    if refusal:
        detail = f"Salesforce refused it with {refusal}: assign it in Setup > Permission Sets."
        return Step(what=what, state="by hand", detail=detail)
    return Step(what=what, state="missing", detail="Its rights are what the hub needs, and no more.")
