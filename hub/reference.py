"""Writes docs/reference, the table in connectors/README.md and the schema of a fresh store from what the code says.

`make docs` runs it; a test fails while any page is out of date. No fact stands in two places.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import connectors
from hub import errors, settings
from hub.domain import Definition, config, manifest
from hub.domain.figures import Group
from hub.mapping import FUNCTIONS
from hub.measure import catalogue
from hub.store import migrate

HOME = settings.HOME
KPIS = """# KPIs

Every figure on a page, in a report, in a CRM field or in an export is one of these, computed in one place and followed
by its name and version: `hub kpi NAME` tells it of any period. A change of what one means is a new version.

- Periods are half open and made of the hours that begin in them; days and weeks begin at midnight in the organisation's
  time zone, in zones that are off by half an hour at the hour after it.
- A ratio of a period is the ratio of its sums. Nothing to divide by is no value, never zero.
- Each figure says how much of the sources' time was observed. Below 95 per cent, before the period is over, or when a
  watch began inside it, it is partial: such a figure is compared with no other period.
- Counts of reactions are the last that were read. What a post came to stays in the sums when its content is let go of.
- Sentiment comes with the interval that holds the true value in 95 of 100 cases, taking what was collected as a sample.
- A post counts by what its author is to us when it is judged; a new class of an account reaches ninety days back."""
NOTE = "<!-- Written by `make docs`; change the code it comes from, not this page. -->\n\n"
MARKS = ("<!-- connectors: begin -->", "<!-- connectors: end -->")


def pages() -> dict[Path, str]:
    """Every generated page, by its place below the checkout."""
    folder = Path("docs/reference")
    made = {
        folder / "README.md": _index(),
        folder / "connectors.md": f"# Connectors\n\n{_connectors_table('../../connectors/')}",
        folder / "settings.md": _settings(),
        folder / "configuration.md": _configuration(),
        folder / "manifest.md": _manifest(),
        folder / "commands.md": _commands(),
        folder / "mapping-functions.md": _functions(),
        folder / "errors.md": _errors(),
        folder / "kpis.md": _kpis(),
        folder / "data.md": _data(),
    }
    return {path: NOTE + text.rstrip() + "\n" for path, text in made.items()} | _connectors_readme() | _fresh()


def _fresh() -> dict[Path, str]:
    return {migrate.FRESH.relative_to(HOME): migrate.written_out()}


def outdated() -> list[Path]:
    """Pages on disk that differ from what would be written."""
    return [path for path, text in pages().items() if not (HOME / path).is_file() or _read(path) != text]


def write() -> list[Path]:
    """Bring every page up to date; returns those that changed."""
    changed = outdated()
    for path in changed:
        (HOME / path).parent.mkdir(parents=True, exist_ok=True)
        (HOME / path).write_text(pages()[path], encoding="utf-8")
    return changed


def _read(path: Path) -> str:
    return (HOME / path).read_text(encoding="utf-8")


def _index() -> str:
    return (
        "# Reference\n\n"
        "- [Connectors](connectors.md): every system the hub talks to\n"
        "- [Recorded answers](recorded.md): what real servers said, and what we make of it\n"
        "- [Commands](commands.md): the `hub` command\n"
        "- [Configuration](configuration.md): everything `hub.yaml` can hold\n"
        "- [Settings](settings.md): everything a process can be told by its environment\n"
        "- [Manifest](manifest.md): what a connector says of its system\n"
        "- [Mapping functions](mapping-functions.md): what expressions can call\n"
        "- [Errors](errors.md): what each error asks of you\n"
        "- [KPIs](kpis.md): what every figure means, and where its definition comes from\n"
        "- [Data for analysts](data.md): every dataset and column of the export\n"
    )


def _connectors_table(root: str) -> str:
    rows = ["| Connector | Kind | Maturity | Watches or takes | Every | API |", "| --- | --- | --- | --- | --- | --- |"]
    for each in connectors.manifests():
        does = ", ".join(each.watches or each.handoffs)
        every = f"{each.every_seconds} s" if each.kind == "network" else "as work arrives"
        api = f"{each.api.reference} ({each.api.version})"
        title = f"[{each.title}]({root}{each.name}/README.md)"
        rows.append(f"| {title} | {each.kind} | {each.maturity} | {does} | {every} | {api} |")
    return "\n".join(rows)


def _connectors_readme() -> dict[Path, str]:
    path = Path("connectors/README.md")
    if not (HOME / path).is_file():
        return {}
    begin, end = MARKS
    head, _, rest = _read(path).partition(begin)
    tail = rest.partition(end)[2]
    return {path: f"{head}{begin}\n{_connectors_table('')}\n{end}{tail}"}


def _settings() -> str:
    rows = ["| Variable | Default | Meaning |", "| --- | --- | --- |"]
    for name, default, meaning in _documented_fields(settings.Settings):
        rows.append(f"| `{settings.variable(name)}` | `{default}` | {meaning} |")
    head = "# Settings\n\nWhat a process is told by its environment; `hub.yaml` holds what an organisation decides.\n\n"
    return head + "\n".join(rows)


def _documented_fields(model: type) -> Iterator[tuple[str, str, str]]:
    """Name, default and the text below each field of a class."""
    body = ast.parse(inspect.getsource(model)).body[0].body  # type: ignore[attr-defined]
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            shown = repr(getattr(model(), ast.unparse(field.target)))
            if ast.unparse(field.target) == "home":
                shown = "the checkout"
            yield ast.unparse(field.target), shown, " ".join(str(text.value.value).split())


def _configuration() -> str:
    head = (
        "# Configuration\n\n`hub.yaml` at the root of the checkout; `hub init` writes one, "
        "[hub.example.yaml](../../hub.example.yaml) shows all of it.\n\n"
    )
    order = (
        "Config", "Organisation", "Subject", "Topic", "Watch", "Team", "Triage", "Listed", "LeadScoring", "FitPoints",
        "BehaviourPoints", "Detection", "Campaign", "Reach", "BusinessHours", "Route",
    )  # fmt: skip
    models = [getattr(config, name) for name in order]
    return head + "\n\n".join(_model(each) for each in models)


def _manifest() -> str:
    order = ("Manifest", "Api", "AuthFacts", "Budget", "Expectations", "Policy", "Remedy")
    return "# Manifest\n\n`connectors/<name>/manifest.yaml`.\n\n" + "\n\n".join(
        _model(getattr(manifest, name)) for name in order
    )


def _model(model: type) -> str:
    rows = [
        f"## {model.__name__}",
        "",
        _first_line(model),
        "",
        "| Key | Type | Default | Meaning |",
        "| --- | --- | --- | --- |",
    ]
    for line in inspect.getsource(model).splitlines():
        match = re.match(r"    (\w+): ([^=#]+?)(?: = ([^#]+?))?(?:  # (.*))?$", line)
        if match:
            name, kind, default, meaning = match.groups()
            kind = kind.replace("|", "\\|")
            rows.append(f"| `{name}` | `{kind}` | {f'`{default}`' if default else 'required'} | {meaning or ''} |")
    return "\n".join(rows)


def _commands() -> str:
    import typer.main

    from hub.cli.app import app
    from hub.cli.commands import register

    register()
    root: Any = typer.main.get_command(app)
    codes = "0 done, 1 something was quarantined or refused, 2 wrong use or set-up, 3 the other side is down"
    parts = [f"# Commands\n\nEvery command knows `--help`. Exit codes: {codes}."]
    for name, command in sorted(_flat(root, "hub")):
        parts.append(_command(name, command))
    return "\n\n".join(parts)


def _flat(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield f"{prefix} {name}", command
            yield from _flat(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def _command(name: str, command: Any) -> str:
    lines = [f"## `{name}`", "", " ".join((command.help or "").split())]
    params = [param for param in command.params if param.name != "help"]
    if params:
        lines += ["", "| Option | Default | Meaning |", "| --- | --- | --- |"]
    for param in params:
        shown = (
            ", ".join([*param.opts, *param.secondary_opts]) if param.param_type_name == "option" else param.name.upper()
        )
        default = "" if param.default in (None, ()) or callable(param.default) else f"`{param.default}`"
        lines.append(f"| `{shown}` | {default} | {' '.join((getattr(param, 'help', '') or '').split())} |")
    return "\n".join(lines)


def _functions() -> str:
    rows = ["| Function | Gives | Example |", "| --- | --- | --- |"]
    for function in sorted(FUNCTIONS.values(), key=lambda each: (each.standard, each.signature)):
        example = f"`{_cell(function.example)}` → `{_cell(str(function.gives))}`" if function.example else ""
        rows.append(f"| `{_cell(function.signature)}` | {_cell(function.about)} | {example} |")
    return "# Mapping functions\n\nBeside JMESPath's own; null in gives null out.\n\n" + "\n".join(rows)


def _errors() -> str:
    text = inspect.getdoc(errors) or ""
    tree = text.partition("\n\n")[2].rpartition("\n\n")[0]
    classes = [each for each in vars(errors).values() if inspect.isclass(each) and each.__module__ == errors.__name__]
    rows = [f"| `{each.__name__}` | {_first_line(each)} |" for each in classes]
    head = f"# Errors\n\n```text\n{inspect.cleandoc(tree)}\n```\n\n| Error | Meaning |\n| --- | --- |\n"
    return head + "\n".join(rows)


def _kpis() -> str:
    parts = [KPIS]
    for group in get_args(Group):
        some = [one for one in catalogue.definitions() if one.group == group]
        if some:
            parts += [f"## {group.capitalize()}", *map(_kpi, some)]
    return "\n\n".join(parts)


def _kpi(meant: Definition) -> str:
    rows = {
        "Formula": f"`{meant.formula}`, in {meant.unit}",
        "Numerator": meant.numerator,
        "Denominator": meant.denominator,
        "Clock": f"`{meant.clock}`" if meant.clock.isidentifier() else meant.clock,
        "Left out": meant.exclusions,
        "Narrowed to": ", ".join(meant.narrows) or "nothing",
        "Shown by": ", ".join(meant.splits) or "nothing",
        "Good when": {"more": "it rises", "less": "it falls", "neither": ""}[meant.better],
        "Elsewhere": meant.variants,
        "Sources": ", ".join(meant.sources),
        "No data until there is": meant.needs,
    }
    told = [f"| {name} | {_cell(text)} |" for name, text in rows.items() if text]
    return "\n".join([f"### {meant.title}", "", f"`{meant.id}`. {meant.meaning}", "", "| | |", "| --- | --- |", *told])


def _data() -> str:
    from hub.stages.export import as_text

    head = (
        "# Data for analysts\n\nWhat `hub export` writes and `hub sql` asks; the "
        "[guide](../guides/analysts.md) says how to use it. `dictionary.json` beside the data says the same.\n\n"
    )
    return head + as_text()


def _first_line(documented: object) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "\\n")


def main() -> None:
    """Write the pages and say which changed."""
    changed = write()
    print("\n".join(f"wrote {path}" for path in changed) or "All pages are up to date.")


if __name__ == "__main__":
    main()
