"""An archive that somebody wants to deploy, looked through file by file with Salesforce's own reasons to refuse it."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple
from xml.etree import ElementTree

from connectors.salesforce.sandbox_columns import META, Known, field_problem, fields_in, number, said
from connectors.salesforce.sandbox_fields import Field

MOST_FILES, MOST_UNPACKED, MOST_FILE = 10_000, 400_000_000, 10_000_000  # bytes
NEWEST_API = 67.0
MOTIF = re.compile(r"Custom\d{1,3}: \w[\w ]*")
IMPORTED = re.compile(r"""^\s*(?:import|export)\s(?:[^'"();=]*?\sfrom\s)?\s*['"]([^'"]+)['"]""", re.MULTILINE)
PLATFORM = ("lwc", "lightning/", "@salesforce/", "c/", "./")
STANDARD_COMPONENTS = ("force:", "flexipage:", "runtime_", "lst:", "forceChatter:")
TEMPLATES = ("flexipage:recordHomeTemplateDesktop",)
STANDARD_RELATED = ("NAME",)
FOLDERS = {  # of the archive: the kind of what is in it, and how its files end
    "objects": ("CustomObject", ".object"), "permissionsets": ("PermissionSet", ".permissionset"),
    "flexipages": ("FlexiPage", ".flexipage"), "layouts": ("Layout", ".layout"), "tabs": ("CustomTab", ".tab"),
}  # fmt: skip
BORN_WITH = {"Name": Field("string", 80), "OwnerId": Field("reference", 18), "CreatedDate": Field("datetime")}


class BadArchive(ValueError):
    """It cannot be read, or is not to be read."""


class Problem(NamedTuple):
    """Why one component cannot be deployed."""

    kind: str
    file: str
    words: str


def parsed(written: bytes) -> ElementTree.Element:
    """XML without a document type, which is what entities that grow need."""
    try:
        text = written.decode("utf-8")
    except UnicodeDecodeError:
        raise BadArchive("it is not UTF-8") from None
    if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
        raise BadArchive("a document type is not allowed")
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, RecursionError, ValueError) as problem:
        raise BadArchive(f"it is not well-formed ({type(problem).__name__})") from None


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The files of an archive, in memory and within limits."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
                raise BadArchive("it is larger than 10,000 files or 400 MB")
            return {entry.filename: _read(packed, entry) for entry in entries}
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError) as problem:
        raise BadArchive(f"it is no ZIP archive ({type(problem).__name__})") from None


def _read(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """One file; what it says of its own size is not believed."""
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename:
        raise BadArchive("a file's name leads out of the archive")
    with packed.open(entry) as file:
        content = file.read(MOST_FILE + 1)
    if len(content) > MOST_FILE:
        raise BadArchive("a file of it is larger than 10 MB")
    return content


class Package:
    """One archive, with what it would bring."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.roots: dict[str, ElementTree.Element] = {}
        self.unreadable: list[Problem] = []
        for name, content in files.items():
            if PurePosixPath(name).suffix in (".xml", *(ending for _, ending in FOLDERS.values())):
                try:
                    self.roots[name] = parsed(content)
                except BadArchive as problem:
                    self.unreadable.append(Problem("", name, f"Error parsing file: {problem}"))
        self.objects = self._objects()
        self.fields = {name: dict(fields_in(root)) for name, root in self.objects.items()}

    @property
    def permission_sets(self) -> dict[str, str]:
        """Their descriptions, by name."""
        return {name: said(root, "description") for name, root in self._of("permissionsets")}

    @property
    def components(self) -> list[str]:
        """Everything that it holds, as `Kind:Name`."""
        found = [f"{FOLDERS[folder][0]}:{name}" for folder in FOLDERS for name, _ in self._of(folder)]
        fields = [f"CustomField:{name}.{field}" for name, fields in self.fields.items() for field in fields]
        return sorted({*found, *fields, *(f"LightningComponentBundle:{name}" for name in self._bundles())})

    def problems(self, known: Known) -> list[Problem]:
        """All that stands against it."""
        if "package.xml" not in self.files:
            return [Problem("", "package.xml", "No package.xml found")]
        if self.unreadable:
            return self.unreadable
        after = {
            name: {**BORN_WITH, **known.get(name, {}), **self.fields.get(name, {})} for name in {*known, *self.fields}
        }
        return [
            *self._manifest(), *self._objects_problems(known, after), *self._rights(after), *self._layouts(after),
            *self._pages(after), *self._tabs(after), *self._bundle_problems(),
        ]  # fmt: skip

    # What is in it.

    def _of(self, folder: str) -> Iterator[tuple[str, ElementTree.Element]]:
        ending = FOLDERS[folder][1]
        for path, root in self.roots.items():
            if path.startswith(f"{folder}/") and path.endswith(ending):
                yield PurePosixPath(path).name.removesuffix(ending), root

    def _objects(self) -> dict[str, ElementTree.Element]:
        return dict(self._of("objects"))

    def _bundles(self) -> set[str]:
        return {PurePosixPath(path).parts[1] for path in self.files if path.startswith("lwc/")}

    # What stands against it.

    def _manifest(self) -> Iterator[Problem]:
        """package.xml and the files must tell of the same."""
        root = self.roots["package.xml"]
        named = {
            f"{said(types, 'name')}:{member.text}"
            for types in root.findall(f"{META}types")
            for member in types.findall(f"{META}members")
        }
        if not 7.0 <= number(said(root, "version")) <= NEWEST_API:
            yield Problem("", "package.xml", f"Invalid API version: {said(root, 'version')}")
        there = {*self.components}
        for each in sorted(named - there):
            kind, _, name = each.partition(":")
            words = f"An object '{name}' of type {kind} was named in package.xml, but was not found in zipped directory"
            yield Problem(kind, "package.xml", words)
        own = {f"CustomObject:{name}" for name in self.objects if name.endswith("__c")}
        within = {
            f"CustomField:{name}.{field}"
            for name in self.objects
            if name.endswith("__c")
            for field in self.fields[name]
        }
        standard = {f"CustomObject:{name}" for name in self.objects if not name.endswith("__c")}
        for each in sorted((there | own) - named - within - standard):
            kind, _, name = each.partition(":")
            yield Problem(kind, name, f"{kind} {name} is in the archive and is not named in package.xml")

    def _objects_problems(self, known: Known, after: Known) -> Iterator[Problem]:
        for name, root in self.objects.items():
            file = f"objects/{name}.object"
            if name not in known and not name.endswith("__c"):
                yield Problem("CustomObject", file, f"Entity of type 'CustomObject' named '{name}' cannot be found")
            if name.endswith("__c"):
                lacks = [tag for tag in ("label", "pluralLabel", "nameField", "sharingModel", "deploymentStatus")
                         if root.find(f"{META}{tag}") is None]  # fmt: skip
                for tag in lacks:
                    yield Problem("CustomObject", file, f"Required field is missing: {tag}")
            for field in root.findall(f"{META}fields"):
                words = field_problem(field, known.get(name, {}), after)
                if words:
                    yield Problem("CustomField", file, f"{name}.{said(field, 'fullName')}: {words}")

    def _rights(self, after: Known) -> Iterator[Problem]:
        for name, root in self._of("permissionsets"):
            file = f"permissionsets/{name}.permissionset"
            for right in root.findall(f"{META}fieldPermissions"):
                path = said(right, "field")
                sobject, _, field = path.partition(".")
                found = after.get(sobject, {}).get(field)
                if found is None:
                    yield Problem("PermissionSet", file, f"In field: field - no CustomField named {path} found")
                elif found.required:
                    yield Problem("PermissionSet", file, f"You cannot deploy to a required field: {path}")
            for right in root.findall(f"{META}objectPermissions"):
                if (sobject := said(right, "object")) not in after:
                    yield Problem("PermissionSet", file, f"In field: object - no CustomObject named {sobject} found")
            for right in root.findall(f"{META}tabSettings"):
                if f"tabs/{(tab := said(right, 'tab'))}.tab" not in self.files:
                    yield Problem("PermissionSet", file, f"In field: tab - no CustomTab named {tab} found")

    def _layouts(self, after: Known) -> Iterator[Problem]:
        for name, root in self._of("layouts"):
            file, sobject = f"layouts/{name}.layout", name.partition("-")[0]
            fields = after.get(sobject)
            if fields is None:
                yield Problem("Layout", file, f"Parent entity failed to deploy: {sobject}")
                continue
            placed = [item.text or "" for item in root.iter(f"{META}field")]
            for field in (field for field in placed if field not in fields):
                yield Problem("Layout", file, f"In field: field - no CustomField named {sobject}.{field} found")
            for related in root.findall(f"{META}relatedLists"):
                child, _, link = said(related, "relatedList").partition(".")
                found = after.get(child, {}).get(link)
                if found is None or sobject not in found.refers_to:
                    yield Problem("Layout", file, f"Cannot find related list: {child}.{link}")
                columns = [column.text or "" for column in related.findall(f"{META}fields")]
                for column in columns:
                    if column not in STANDARD_RELATED and column not in after.get(child, {}):
                        yield Problem("Layout", file, f"Invalid field:{column} in related list:{child}.{link}")

    def _pages(self, after: Known) -> Iterator[Problem]:
        for name, root in self._of("flexipages"):
            file = f"flexipages/{name}.flexipage"
            if said(root, "type") == "RecordPage" and said(root, "sobjectType") not in after:
                yield Problem("FlexiPage", file, f"Invalid sobjectType: {said(root, 'sobjectType')}")
            if (template := root.findtext(f"{META}template/{META}name") or "") not in TEMPLATES:
                yield Problem("FlexiPage", file, f"Template {template} does not exist")
            for placed in root.iter(f"{META}componentName"):
                component = (placed.text or "").removeprefix("c:")
                if not component.startswith(STANDARD_COMPONENTS) and component not in self._bundles():
                    words = f"We couldn't retrieve the design time component information for component c:{component}."
                    yield Problem("FlexiPage", file, words)

    def _tabs(self, after: Known) -> Iterator[Problem]:
        for name, root in self._of("tabs"):
            file = f"tabs/{name}.tab"
            if said(root, "customObject") == "true" and name not in after:
                yield Problem("CustomTab", file, f"Cannot find the object {name}")
            if not MOTIF.fullmatch(said(root, "motif")):
                yield Problem("CustomTab", file, f"In field: motif - invalid value {said(root, 'motif')}")

    def _bundle_problems(self) -> Iterator[Problem]:
        for name in sorted(self._bundles()):
            base, kind = f"lwc/{name}/{name}", "LightningComponentBundle"
            for ending in (".js", ".js-meta.xml"):
                if f"{base}{ending}" not in self.files:
                    yield Problem(kind, f"{base}{ending}", f"Cannot find Lightning Component Bundle {name}")
            meta = self.roots.get(f"{base}.js-meta.xml")
            if meta is not None and not 45.0 <= number(said(meta, "apiVersion")) <= NEWEST_API:
                yield Problem(kind, f"{base}.js-meta.xml", f"Invalid apiVersion: {said(meta, 'apiVersion')}")
            for path, content in self.files.items():
                if not path.startswith(f"lwc/{name}/") or not path.endswith(".js"):
                    continue
                for module in IMPORTED.findall(content.decode("utf-8", "replace")):
                    local = f"lwc/{name}/{module[2:]}"
                    missing = module.startswith("./") and not {local, f"{local}.js", f"{local}.html"} & {*self.files}
                    if missing or not module.startswith(PLATFORM):
                        yield Problem(kind, path, f'LWC1011: Failed to resolve entry for module "{module}"')
