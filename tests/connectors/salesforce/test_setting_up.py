"""`hub setup salesforce`: a bare organisation gets what the hub needs, in one deployment, once."""

import io
import zipfile
from base64 import b64encode
from typing import Any

import pytest
import requests

from connectors.salesforce.deployable import SRC, archive, digest, objects
from hub.domain import Manifest
from hub.errors import ContractBroken, Unavailable
from hub.kit import Destination, Step
from hub.wiring import promises_of
from tests.connectors.salesforce.org import DATA, ORG, rules
from tests.contract.bench import Bench

BARE: dict[str, Any] = {
    "fields": dict.fromkeys(objects()["Lead"]),
    "fields_of": {
        "SocialPersona__c": None, "SocialPost__c": None, "Contact": dict.fromkeys(objects()["Contact"]),
    },
}  # fmt: skip
MADE = ["made"] * 6


def states(steps: list[Step]) -> list[str]:
    return [step.state for step in steps]


def fields_there(session: requests.Session, name: str) -> dict[str, Any]:
    answer = session.get(f"{DATA}/sobjects/{name}/describe", timeout=10)
    return {field["name"]: field for field in answer.json().get("fields", [])} if answer.status_code == 200 else {}


def deployments(bench: Bench) -> list[str]:
    return [line["event"] for line in bench.journal() if str(line.get("event", "")).startswith("deployment")]


@pytest.fixture
def bare(salesforce: Destination, session: requests.Session) -> Destination:
    """An organisation that has never heard of the hub."""
    rules(session, **BARE)
    return salesforce


def test_a_bare_organisation_is_shown_what_it_lacks_and_left_as_it_is(
    bare: Destination, bench: Bench, session: requests.Session
) -> None:
    steps = list(bare.prepare(apply=False))

    assert states(steps) == ["missing"] * 6
    assert deployments(bench) == ["deployment validated"]
    assert fields_there(session, "SocialPersona__c") == {}
    assert "Hub_Key__c" not in fields_there(session, "Lead")


def test_apply_makes_it_all_and_a_second_run_makes_nothing(
    bare: Destination, bench: Bench, session: requests.Session
) -> None:
    first = list(bare.prepare(apply=True))
    second = list(bare.prepare(apply=True))

    assert (states(first), states(second)) == (MADE, ["there"] * 6)
    assert deployments(bench) == ["deployment"]
    for name, wanted in objects().items():
        assert wanted.keys() <= fields_there(session, name).keys()
    key = fields_there(session, "SocialPost__c")["Hub_Key__c"]
    assert (key["externalId"], key["unique"], key["length"]) == (True, True, 64)


def test_after_it_the_mapping_is_taken_and_leads_go_out(bare: Destination, bench: Bench) -> None:
    assert list(bare.preflight(promises_of(bare.manifest))) != []
    list(bare.prepare(apply=True))

    assert list(bare.preflight(promises_of(bare.manifest))) == []
    assert [receipt.outcome for receipt in bare.send([bench.delivery(7)])] == ["created"]


def test_only_what_is_missing_is_made(salesforce: Destination, session: requests.Session) -> None:
    list(salesforce.prepare(apply=True))
    rules(session, fields={"Hub_Reasons__c": None})

    steps = {step.what: step for step in salesforce.prepare(apply=True)}

    (lead,) = (step for what, step in steps.items() if what.endswith("on Lead"))
    assert lead.state == "made"
    assert [step.state for step in steps.values() if step is not lead] == ["there"] * 5


def test_a_field_that_is_too_short_or_no_key_is_put_right(salesforce: Destination, session: requests.Session) -> None:
    list(salesforce.prepare(apply=True))
    rules(session, fields={"Hub_Handle__c": {"length": 40}, "Hub_Key__c": {"unique": False}})

    before = next(step for step in salesforce.prepare(apply=False) if step.what.endswith("on Lead"))
    after = next(step for step in salesforce.prepare(apply=True) if step.what.endswith("on Lead"))

    assert (before.state, after.state) == ("missing", "made")
    assert "Hub_Handle__c, " in before.detail or "Hub_Key__c, " in before.detail
    assert fields_there(session, "Lead")["Hub_Key__c"]["unique"] is True


def test_another_version_of_the_package_is_replaced(
    salesforce: Destination, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(salesforce.prepare(apply=True))
    for place in ("setting_up", "deployable"):
        monkeypatch.setattr(f"connectors.salesforce.{place}.digest", lambda: "0123456789abcdef")
    archive.cache_clear()
    try:
        steps = list(salesforce.prepare(apply=True))
    finally:
        archive.cache_clear()

    assert [step.state for step in steps if step.what.startswith("package")] == ["made"]


def test_what_the_organisation_refuses_is_told_component_by_component(
    salesforce: Destination, session: requests.Session
) -> None:
    rules(session, fields={"Hub_Followers__c": {"type": "string", "length": 40}})

    steps = list(salesforce.prepare(apply=True))

    refused = [step for step in steps if step.state == "by hand"]
    assert [step.what for step in refused] == ["objects/Lead.object"]
    assert "Hub_Followers__c" in refused[0].detail
    assert "Delete the field in Setup" in refused[0].detail
    assert {step.state for step in steps if step.what.startswith(("package", "permission"))} == {"missing"}


def test_who_may_not_deploy_is_told_who_may(bare: Destination, session: requests.Session) -> None:
    rules(session, may_deploy=False)

    (told,) = (step for step in bare.prepare(apply=True) if step.state == "by hand")

    assert told.what == "right to deploy"
    assert "sf project deploy start" in told.detail


def test_a_session_that_has_ended_is_renewed_on_the_way(bare: Destination, bench: Bench) -> None:
    bench.ask("/clock", {"advance_seconds": 7_201}, "POST")

    assert states(list(bare.prepare(apply=True))) == MADE


def test_progress_is_told(bare: Destination, session: requests.Session) -> None:
    rules(session, deploy_checks=2)
    said: list[str] = []
    bare.tell = said.append

    list(bare.prepare(apply=True))

    assert len(said) == 2
    assert "components" in said[0]


@pytest.mark.parametrize("fault", [{"kind": "garbage"}, {"kind": "status", "status": 503, "body": "busy"}])
def test_no_answer_to_the_deployment_is_no_success(bare: Destination, bench: Bench, fault: dict[str, Any]) -> None:
    rule = {"system": "salesforce", "method": "POST", "path_glob": "*/Soap/m/*", "times": 5}
    bench.ask("/faults", rule | fault, "POST")

    with pytest.raises((Unavailable, ContractBroken)):
        list(bare.prepare(apply=True))


# The package.


def test_the_same_files_make_the_same_archive() -> None:
    first = archive()
    archive.cache_clear()

    assert archive() == first
    assert digest() in zipfile.ZipFile(io.BytesIO(first)).read("permissionsets/Hub_Integration.permissionset").decode()


def test_tests_stay_at_home() -> None:
    names = zipfile.ZipFile(io.BytesIO(archive())).namelist()

    assert "lwc/socialContext/socialContext.html" in names
    assert [name for name in names if "__tests__" in name] == []
    assert names == sorted(names)


# The other side.


def deploy(session: requests.Session, zipped: bytes | str, *, check_only: str = "false") -> str:
    """The answer to a deployment, asked by hand."""
    encoded = zipped if isinstance(zipped, str) else b64encode(zipped).decode()
    token = str(session.headers["Authorization"]).removeprefix("Bearer ")
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:m="http://soap.sforce.com/2006/04/metadata"><e:Header><m:SessionHeader>'
        f"<m:sessionId>{token}</m:sessionId></m:SessionHeader></e:Header><e:Body>{{}}</e:Body></e:Envelope>"
    )
    url, options = f"{ORG}/services/Soap/m/64.0/deployRequest", f"<m:checkOnly>{check_only}</m:checkOnly>"
    asked = f"<m:deploy><m:ZipFile>{encoded}</m:ZipFile><m:DeployOptions>{options}</m:DeployOptions></m:deploy>"
    told = session.post(url, data=body.format(asked), timeout=10).text
    if "<id>" not in told:
        return told
    id = told.partition("<id>")[2].partition("</id>")[0]
    asked = f"<m:checkDeployStatus><m:asyncProcessId>{id}</m:asyncProcessId></m:checkDeployStatus>"
    session.post(url, data=body.format(asked), timeout=10)
    return session.post(url, data=body.format(asked), timeout=10).text


def zipped(**changes: str | None) -> bytes:
    """The package with some of its files changed, or left out."""
    made = io.BytesIO()
    whole = zipfile.ZipFile(io.BytesIO(archive()))
    with zipfile.ZipFile(made, "w") as packed:
        for name in whole.namelist():
            key = name.replace("/", "_").replace(".", "_").replace("-", "_").replace(" ", "_")
            content = changes.get(key, whole.read(name).decode())
            if content is not None:
                packed.writestr(name, content)
        for name, content in changes.items():
            if "." in name and content is not None:
                packed.writestr(name, content)
    return made.getvalue()


def read(name: str) -> str:
    return (SRC / name).read_text()


LEAD, POST = "objects/Lead.object", "objects/SocialPost__c.object"
READER = "permissionsets/Hub_Reader.permissionset"
SPOILT = {
    "a file that is named and missing": ({"flexipages_Hub_Lead_Record_Page_flexipage": None}, "not found in zipped"),
    "no package.xml": ({"package_xml": None}, "No package.xml found"),
    "XML that does not end": ({"objects_Lead_object": "<CustomObject>"}, "Error parsing file"),
    "a document type": ({"objects_Lead_object": '<!DOCTYPE x [<!ENTITY y "z">]><x>&amp;y;</x>'}, "document type"),
    "a text that is too long": (
        {"objects_Lead_object": read(LEAD).replace("<length>255<", "<length>256<")}, "between 1 and 255",
    ),
    "a lookup to nothing": (
        {"objects_SocialPost__c_object": read(POST).replace(">SocialPersona__c<", ">Nobody__c<")}, "does not resolve",
    ),
    "a right on a field that is not there": (
        {"permissionsets_Hub_Reader_permissionset": read(READER).replace("Lead.Hub_Grade__c", "Lead.Hub_Mark__c")},
        "no CustomField named Lead.Hub_Mark__c",
    ),
    "a page with a component of nobody": (
        {"flexipages_Hub_Lead_Record_Page_flexipage": read("flexipages/Hub_Lead_Record_Page.flexipage").replace(
            ">socialContext<", ">socialContexts<")}, "design time component information",
    ),
    "a module that is not the platform's": (
        {"lwc_socialContext_view_js": 'import x from "https://evil.test/x.js";'}, "LWC1011",
    ),
    "a file that is not named": ({"tabs/Other__c.tab": read("tabs/SocialPost__c.tab")}, "not named in package.xml"),
    "an address out of the archive": ({"../../etc/passwd": "x"}, "leads out of the archive"),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILT)
def test_the_played_organisation_refuses(session: requests.Session, case: str) -> None:
    changes, word = SPOILT[case]

    told = deploy(session, zipped(**changes))

    assert "<status>Failed</status>" in told
    assert word in told


@pytest.mark.parametrize("bad", ["", "no base64!", b64encode(b"PK\x03\x04 no archive").decode()])
def test_what_is_no_archive_is_refused(session: requests.Session, bad: str) -> None:
    assert "cannot be read" in deploy(session, bad)


def test_an_archive_that_grows_is_not_unpacked(session: requests.Session) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("package.xml", b" " * 50_000_000)

    assert "larger than 10 MB" in deploy(session, made.getvalue())


def test_the_package_as_it_is_deploys(session: requests.Session) -> None:
    told = deploy(session, archive(), check_only="true")

    assert "<status>Succeeded</status>" in told
    assert "<checkOnly>true</checkOnly>" in told


def test_options_are_those_of_the_schema(session: requests.Session) -> None:
    assert "not a valid value for xsd:boolean" in deploy(session, archive(), check_only="None")


def test_nobody_deploys_without_a_session(led: Any) -> None:
    with requests.Session() as stranger:
        stranger.headers["Authorization"] = "Bearer nobody"
        assert "INVALID_SESSION_ID" in deploy(stranger, archive())


# Package and mapping.


def test_every_field_that_the_mapping_writes_is_in_the_package_and_takes_it(salesforce: Destination) -> None:
    manifest: Manifest = salesforce.manifest
    for one in promises_of(manifest):
        for name, promise in one.fields.items():
            if name.endswith("__c"):
                wanted = objects()[one.object][name]
                room = 255 if wanted.type == "Url" else wanted.length or promise.longest
                assert promise.longest is None or promise.longest <= (room or 0), name
                assert not promise.types or set(promise.types) <= TAKES[wanted.type], name


TAKES = {
    "Text": {"string"}, "LongTextArea": {"string"}, "Url": {"string"}, "DateTime": {"string"}, "Lookup": {"string"},
    "Number": {"number"}, "Checkbox": {"boolean"},
}  # fmt: skip
