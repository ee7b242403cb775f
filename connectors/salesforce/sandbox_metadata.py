"""The metadata API of the played organisation: a deployment is looked through as Salesforce does, then changes it.

An archive is untrusted: it is never unpacked to disk, its files are counted and measured before they are read, and XML
with a document type is refused. What is deployed is looked at file by file (`sandbox_package`); when nothing stands
against it, and it is not only a check, describe says the new fields, and permission sets can be given to users.

Rules of `/sandbox/org`: `may_deploy` false for a user without the right; `deploy_checks` how often it must be asked
before a deployment has ended.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from datetime import datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from connectors.salesforce.sandbox_fields import THINGS, Field, Thing
from connectors.salesforce.sandbox_login import XML
from connectors.salesforce.sandbox_org import record_id
from connectors.salesforce.sandbox_package import BadArchive, Package, Problem, parsed, unpacked
from connectors.salesforce.sandbox_records import ME
from connectors.salesforce.sandbox_sales import Sales
from sandbox.kit import Reply, Request, route

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
META = "{http://soap.sforce.com/2006/04/metadata}"
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
MOST_BYTES = 60_000_000  # of a call, 39 MB of archive in base64
ANSWER = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns="http://soap.sforce.com/2006/04/metadata"><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
)
FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:sf="http://soap.sforce.com/2006/04/metadata"><soapenv:Body><soapenv:Fault><faultcode>sf:{}</faultcode>'
    "<faultstring>{}</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
)
NO_RIGHT = "INSUFFICIENT_ACCESS: use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata right"


class Metadata(Sales):
    """Deployments, and what they change."""

    @route("POST", "/services/Soap/m/{version}/{rest:path}")
    def call(self, request: Request, version: str, rest: str) -> Reply:
        """One SOAP call: `deploy` or `checkDeployStatus`."""
        if len(request.body) > MOST_BYTES:
            return fault("LIMIT_EXCEEDED", "the call is too large")
        try:
            envelope = parsed(request.body)
        except BadArchive as problem:
            return fault("UNKNOWN_EXCEPTION", str(problem))
        session = envelope.findtext(f"{SOAP}Header/{META}SessionHeader/{META}sessionId") or ""
        kept = self.table("sessions").get(session)
        if not kept or datetime.fromisoformat(kept["ends_at"]) <= self.clock.now():
            return fault("INVALID_SESSION_ID", "INVALID_SESSION_ID: Invalid Session ID found in SessionHeader")
        if self.rule("may_deploy", True) is False:
            return fault("INSUFFICIENT_ACCESS", NO_RIGHT)
        asked = envelope.find(f"{SOAP}Body/*")
        name = "" if asked is None else asked.tag.removeprefix(META)
        if asked is not None and name == "deploy":
            return self.deploy(asked)
        if asked is not None and name == "checkDeployStatus":
            return self.check_status(asked.findtext(f"{META}asyncProcessId") or "")
        return fault("UNKNOWN_EXCEPTION", "the sandbox plays deploy and checkDeployStatus")

    def deploy(self, asked: ElementTree.Element) -> Reply:
        """Take the archive; what comes of it is told to whoever asks."""
        options = {
            one.tag.removeprefix(META): (one.text or "").strip().lower()  # as the library writes them: True
            for one in asked.findall(f"{META}DeployOptions/*")
        }
        wrong = [name for name, value in options.items() if name != "testLevel" and value not in BOOLEANS]
        if wrong:
            return fault("UNKNOWN_EXCEPTION", f"'{options[wrong[0]]}' is not a valid value for xsd:boolean")
        problems, package = self.looked_through((asked.findtext(f"{META}ZipFile") or "").strip())
        check_only = BOOLEANS[options.get("checkOnly", "false")]
        if package and not problems and not check_only:
            self.take_over(package)
        number = self.table("deployments").next_id()
        id = record_id("0Af", number)
        row = {
            "check_only": check_only, "asked": 0, "components": len(package.components) if package else 0,
            "problems": [list(problem) for problem in problems],
        }  # fmt: skip
        self.table("deployments").insert(row, id=id)
        self.journal("deployment validated" if check_only else "deployment", id=id, refused=len(problems))
        queued = f"<done>false</done><id>{id}</id><state>Queued</state>"
        return answer(f"<deployResponse><result>{queued}</result></deployResponse>")

    def looked_through(self, encoded: str) -> tuple[list[Problem], Package | None]:
        """What stands against an archive."""
        try:
            package = Package(unpacked(b64decode(encoded, validate=True)))
            return package.problems(self.known()), package
        except (BadArchive, NotBase64) as problem:
            return [Problem("", "", f"The archive cannot be read: {problem}")], None

    # What there is.

    def known(self) -> dict[str, dict[str, Field]]:
        """The fields of every object that there is."""
        return {name: self.fields(thing) for name, thing in THINGS.items() if self.thing(name)}

    def fields(self, thing: Thing) -> dict[str, Field]:
        """With those that were deployed, unless a rule says otherwise of one."""
        fields, deployed = super().fields(thing), self.table("deployed").get(thing.name)
        if not deployed:
            return fields
        differing = {**(self.rule("fields_of", {}).get(thing.name) or {})}
        differing |= self.rule("fields", {}) if thing.name == "Lead" else {}
        return fields | {name: field_of(told) for name, told in deployed["fields"].items() if name not in differing}

    def take_over(self, package: Package) -> None:
        """The organisation has all of it from here on, however it differed before."""
        rules: dict[str, Any] = {"fields_of": {}, "fields": {}} | (self.table("org").get("rules") or {})
        for name, fields in package.fields.items():
            self.put("deployed", name, fields={field: made._asdict() for field, made in fields.items()})
            rules["fields_of"] = rules["fields_of"] | {name: without(rules["fields_of"].get(name), fields)}
        rules["fields"] = without(rules["fields"], package.fields.get("Lead", {}))
        self.put("org", "rules", **rules)
        sets = self.table("permission_sets")
        for name, description in package.permission_sets.items():
            known = next(iter(sets.where(Name=name)), None)
            id = known["Id"] if known else record_id("0PS", sets.next_id())
            self.put("permission_sets", id, Id=id, Name=name, Label=name, Description=description)
        for name in package.components:
            self.put("metadata", name, Name=name)

    def put(self, table: str, id: str, /, **row: Any) -> None:
        """One row in place of the one that is there."""
        self.table(table).delete(id)
        self.table(table).insert(row, id=id)

    def check_status(self, id: str) -> Reply:
        """How far a deployment is; each question brings it further."""
        job = self.table("deployments").get(id)
        if not job:
            return fault("INVALID_ID_FIELD", "INVALID_ID_FIELD: invalid id")
        self.table("deployments").update(id, asked=job["asked"] + 1)
        of, problems = job["components"], [Problem(*each) for each in job["problems"]]
        if job["asked"] < self.rule("deploy_checks", 1):
            return status_of(id, "InProgress", job["check_only"], done=of // 2, of=of)
        state = "Failed" if problems else "Succeeded"
        return status_of(id, state, job["check_only"], done=0 if problems else of, of=of, problems=problems)

    # What there is for administrators.

    @route("GET", "/services/data/{version}")
    @route("GET", "/services/data/{version}/")
    def resources(self, request: Request, version: str) -> Reply:
        """Where things are, and who we are."""
        base = f"/services/data/{version}"
        named = {name: f"{base}/{name}" for name in ("composite", "jobs", "limits", "query", "queryAll", "sobjects")}
        return Reply.json(named | {"identity": f"https://login.salesforce.com/id/00D5e000000SANDEAA/{ME}"})


def field_of(told: dict[str, Any]) -> Field:
    """A field as it was kept."""
    facts: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in told.items()}
    return Field(**facts)


def without(changes: dict[str, Any] | None, fields: dict[str, Field]) -> dict[str, Any]:
    """These differences without those of some fields."""
    return {name: change for name, change in (changes or {}).items() if name not in fields}


def status_of(
    id: str, state: str, check_only: bool, *, done: int, of: int, problems: list[Problem] | None = None
) -> Reply:
    """The answer to `checkDeployStatus`."""
    failures = "".join(
        f"<componentFailures><changed>false</changed><componentType>{escape(one.kind)}</componentType>"
        f"<fileName>{escape(one.file)}</fileName><problem>{escape(one.words)}</problem><problemType>Error</problemType>"
        "<success>false</success></componentFailures>"
        for one in problems or ()
    )
    over = state != "InProgress"
    told = (
        f"<checkOnly>{str(check_only).lower()}</checkOnly><details>{failures}</details><done>{str(over).lower()}</done>"
        f"<id>{id}</id><numberComponentErrors>{len(problems or ())}</numberComponentErrors>"
        f"<numberComponentsDeployed>{done}</numberComponentsDeployed><numberComponentsTotal>{of}</numberComponentsTotal>"
        "<numberTestErrors>0</numberTestErrors><numberTestsCompleted>0</numberTestsCompleted>"
        f"<numberTestsTotal>0</numberTestsTotal><status>{state}</status><success>{str(state == 'Succeeded').lower()}"
        "</success>"
    )
    return answer(f"<checkDeployStatusResponse><result>{told}</result></checkDeployStatusResponse>")


def answer(body: str) -> Reply:
    """One good answer."""
    return Reply.text(ANSWER.format(body), content_type=XML)


def fault(code: str, words: str) -> Reply:
    """One refusal, which SOAP says with a 500."""
    return Reply.text(FAULT.format(code, escape(words)), status=500, content_type=XML)
