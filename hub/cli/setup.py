"""Commands for setting up: init, doctor."""

from typing import Annotated

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say


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


def _list(given: str | None, question: str, default: str) -> list[str]:
    text = typer.prompt(question, default=default, show_default=bool(default)) if given is None else given
    return [part.strip() for part in text.split(",") if part.strip()]


@app.command()
def doctor(
    name: Annotated[str | None, typer.Argument(help="One connector; all that are in use without it.")] = None,
    json: Json = False,
) -> None:
    """Prove what a run needs: configuration, store, disk, and each connector's access."""
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
