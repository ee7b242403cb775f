"""A report as PDF, set by Typst: the text of the template is ours alone, all else reaches it as data.

Typst reads one JSON file and the pictures from a folder that holds nothing else; there is no network, and no package
is loaded. Fonts are embedded: those of Typst, and of this machine for writing systems that they lack.
"""

import shutil
import tempfile
from pathlib import Path

import msgspec

from hub.errors import SetupError
from hub.stages.report.showing import Plain, Read, reasons

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"


def pdf(facts: Plain, read: Read) -> bytes:
    """The file; `read` gives a picture's bytes by its digest."""
    import typst  # loads fonts: only who makes a PDF pays for it

    sections = [
        section
        | {"lacks": [{"why": why, "titles": ", ".join(names)} for why, names in reasons(section["lacks"]).items()]}
        for section in facts["sections"]
    ]
    with tempfile.TemporaryDirectory(prefix="hub-report-") as place:
        folder = Path(place)
        shutil.copy(TEMPLATE, folder / "report.typ")
        (folder / "report.json").write_bytes(msgspec.json.encode(facts | {"sections": sections}))
        for section in sections:
            for picture in section["pictures"]:
                (folder / f"{picture['digest']}.png").write_bytes(read(picture["digest"]))
        try:
            made = typst.compile(str(folder / "report.typ"), root=str(folder))
        except (RuntimeError, ValueError) as trouble:
            raise SetupError(
                f"The report could not be set as PDF ({type(trouble).__name__}); the HTML file holds the same, please "
                "report this."
            ) from None
    if not isinstance(made, bytes):
        raise SetupError("Typst gave no file; please report this.")
    return made
