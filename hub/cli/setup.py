"""Commands for setting up: init, setup, doctor."""

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say

if TYPE_CHECKING:
    from hub.kit import Step


@app.command()
def init(
    name: Annotated[str | None, typer.Option(help="The brand people talk about.")] = None,
    products: Annotated[str | None, typer.Option(help="Its products, separated by commas.")] = None,
    competitors: Annotated[str | None, typer.Option(help="Its competitors, separated by commas.")] = None,
    feeds: Annotated[str | None, typer.Option(help="Addresses of RSS or Atom feeds, separated by commas.")] = None,
    hashtags: Annotated[str | None, typer.Option(help="Hashtags, separated by commas.")] = None,
    forums: Annotated[str | None, typer.Option(help="Forums that run on Discourse, separated by commas.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the hub.yaml that is there.")] = False,
) -> None:
    """Ask for the brand, its products and competitors, and write hub.yaml.

    What it watches needs no account: Mastodon, Bluesky, Hacker News, Stack Exchange, feeds, and forums that are named.
    """
    from hub.cli.organisation import first_config, write_config
    from hub.errors import SetupError
    from hub.settings import read_settings

    path = read_settings().own_config_path
    if path.exists() and not force:
        raise SetupError(f"{path.name} is there already; edit it, or replace it with `hub init --force`.")
    name = name or typer.prompt("Which brand do people talk about?")
    tag = "".join(char for char in name if char.isalnum())
    lists = [
        _list(given, question, default)
        for given, question, default in (
            (products, "Its products (comma between them)", ""),
            (competitors, "Its competitors", ""),
            (feeds, "Feeds to read (addresses of RSS or Atom)", ""),
            (hashtags, "Hashtags to follow", tag),
            (forums, "Forums that run on Discourse (forum.example.org)", ""),
        )
    ]
    write_config(path, first_config(name, *lists))
    say(f"Wrote {path}. Next: `hub doctor` says what is missing, `hub run` goes once through everything.")


def _agreed(steps: "list[Step]", *, json: bool) -> bool:
    """Whether a person who sits before it wants what is missing to be made."""
    if json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    for step in steps:
        if step.state == "missing":
            say(f"  missing  {step.what}")
    return typer.confirm("Make what is missing?", default=False, err=True)


def _list(given: str | None, question: str, default: str) -> list[str]:
    text = typer.prompt(question, default=default, show_default=bool(default)) if given is None else given
    return [part.strip() for part in text.split(",") if part.strip()]


@app.command()
def setup(
    name: Annotated[str, typer.Argument(help="The destination: salesforce, zendesk, slack.")],
    apply: Annotated[bool, typer.Option("--apply", help="Make what is missing, without asking first.")] = False,
    json: Json = False,
) -> None:
    """Show what the hub needs at a destination, and make what is missing with --apply or after asking.

    What is there is left as it is; a second run makes nothing. At last the mapping is compared with what the
    destination takes now, before any delivery meets it.
    """
    import connectors
    from hub.cli import preparing, world
    from hub.cli.exits import DONE
    from hub.errors import SetupError
    from hub.settings import read_settings
    from hub.stages import deliver
    from hub.wiring import promises_of

    manifest = connectors.manifest(name)
    if manifest.kind != "destination":
        raise SetupError(f"{name} is a network, where nothing is made; `hub doctor {name}` says what it needs.")
    preparing.introduce(name, tell=say)
    world.enter(read_settings())
    with opened_hub() as hub, hub.open_destination(name) as destination:
        destination.tell = say
        with suppress(SetupError):  # without a hub.yaml, what needs none is prepared all the same
            destination.addresses = hub.config.channels()
        steps = preparing.prepare(destination, apply=apply, tell=say)
        if not apply and any(step.state == "missing" for step in steps) and _agreed(steps, json=json):
            steps = preparing.prepare(destination, apply=True, tell=say)
        findings = list(destination.preflight(promises_of(manifest)))
        code = preparing.code_of(steps, findings)
        if code == DONE and (waited := deliver.mended(name, store=hub.store)):
            say(f"{waited} that waited for this go now")
    if json:
        answer_json({"steps": [step.plain() for step in steps], "findings": [one.plain() for one in findings]})
    else:
        answer_table(
            f"Set-up of {manifest.title}", ["What", "State", "What it is for, what to do"],
            preparing.rows_of(steps, findings), empty=f"{manifest.title} needs nothing to be made.",
        )  # fmt: skip
    raise typer.Exit(code)


@app.command()
def doctor(
    name: Annotated[str | None, typer.Argument(help="One connector, or email; all that are in use without it.")] = None,
    json: Json = False,
) -> None:
    """Prove what a run needs: configuration, store, disk, each connector's access, and the mail server's."""
    from hub.cli import world
    from hub.cli.examination import examine
    from hub.cli.exits import gravest
    from hub.settings import read_settings

    world.enter(read_settings())
    with opened_hub() as hub:
        findings = examine(hub, name)
    if json:
        answer_json([finding.plain() for finding in findings])
    else:
        rows = [(finding.what, "ok" if finding.ok else "WRONG", finding.said) for finding in findings]
        answer_table("Doctor", ["What", "State", "What was found, what to do"], rows)
    raise typer.Exit(gravest({finding.code for finding in findings}))
