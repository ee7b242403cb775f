"""What the hub deploys to an organisation: the files below `package/src`, as one archive, and the fields they hold.

The archive is made in memory, in one order and with one date, so the same files give the same bytes: their digest says
which version an organisation has. Tests of the component stay at home.
"""

import io
import zipfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

SRC = Path(__file__).resolve().parent / "package" / "src"
NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment that an archive can say
AT_HOME = ("__tests__", "jsconfig.json", ".eslintrc.json")
COMPONENT = "socialContext"
WRITER, READER = "Hub_Integration", "Hub_Reader"  # permission sets: the hub's own user, and reps
PAGES = ("Hub_Lead_Record_Page", "Hub_Contact_Record_Page", "Hub_Account_Record_Page")
WRITTEN_INTO = ("{package}", "permissionsets/Hub_Integration.permissionset")  # where the digest is told


class Wanted(NamedTuple):
    """One field as the package has it."""

    type: str  # of metadata: Text, LongTextArea, Url, Number, Checkbox, DateTime, Lookup
    label: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    external_id: bool = False
    unique: bool = False
    refers_to: str = ""


@cache
def objects() -> dict[str, dict[str, Wanted]]:
    """The fields that the package brings, by object."""
    return {path.stem: _fields_of(path) for path in sorted((SRC / "objects").glob("*.object"))}


def ours(sobject: str) -> bool:
    """Whether the package brings the object itself, and not only fields for it."""
    return sobject in objects() and sobject.endswith("__c")


@cache
def digest() -> str:
    """Names this version of the package, in 16 hex digits."""
    told = sha256()
    for name, content in _files():
        told.update(f"{name}\0{len(content)}\0".encode() + content)
    return told.hexdigest()[:16]


@cache
def archive() -> bytes:
    """The whole package as the metadata API takes it; the permission set tells the digest in its description."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for name, content in _files():
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            mark, path = WRITTEN_INTO
            told = content.replace(mark.encode(), digest().encode()) if name == path else content
            packed.writestr(entry, told)
    return made.getvalue()


def _files() -> list[tuple[str, bytes]]:
    paths = sorted(path for path in SRC.rglob("*") if path.is_file() and not {*path.parts} & {*AT_HOME})
    return [(path.relative_to(SRC).as_posix(), path.read_bytes()) for path in paths]


def _fields_of(path: Path) -> dict[str, Wanted]:
    """The fields in one of our own files."""
    root = ElementTree.parse(path).getroot()
    return {_said(field, "fullName"): _wanted(field) for field in root.findall(f"{NAMESPACE}fields")}


def _wanted(field: ElementTree.Element) -> Wanted:
    return Wanted(
        type=_said(field, "type"),
        label=_said(field, "label"),
        length=int(_said(field, "length") or 0),
        precision=int(_said(field, "precision") or 0),
        scale=int(_said(field, "scale") or 0),
        external_id=_said(field, "externalId") == "true",
        unique=_said(field, "unique") == "true",
        refers_to=_said(field, "referenceTo"),
    )


def _said(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{NAMESPACE}{name}") or ""
