"""Commands that teach: correct what an engine found, train a model on labelled posts, let it run or take it back."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say
from hub.errors import SetupError

if TYPE_CHECKING:
    from hub.classify.examples import Example
    from hub.classify.training import Sees
    from hub.wiring import Hub

MODELS = ["Version", "State", "Made", "Fields", "Since"]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit log.")]


@app.command()
def correct(
    post: Annotated[str | None, typer.Argument(help="The post's key.")] = None,
    field: Annotated[str | None, typer.Argument(help="lang, sentiment, intent, relevant, or an intent's name.")] = None,
    label: Annotated[str | None, typer.Argument(help="What it really is; yes or no for an intent by name.")] = None,
    file: Annotated[Path | None, typer.Option(help="JSON lines or CSV: `post` and a column for each field.")] = None,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Say what a post really is: its signal changes at once, and `hub train` learns from it."""
    from hub.classify.examples import read_rows
    from hub.stages.correct import Answer, answers_in
    from hub.stages.correct import correct as keep

    if file is not None:
        answers = answers_in(read_rows(file))
    elif post and field and label:
        answers = [Answer(post=post, field=field, label=label)]
    else:
        raise SetupError("Name the post, the field and the label, or give --file.")
    with opened_hub() as hub, hub.store.begin() as tx:
        done = keep(tx, answers, who=getpass.getuser(), source="file" if file else "command", why=reason)
    if json:
        answer_json({"changed": done.changed, "same": done.same, "unknown": done.unknown})
    else:
        say(f"{done.changed} changed, {done.same} were so already.")
        for key in done.unknown:
            say(f"  We hold no post {key}.")
    raise typer.Exit(1 if done.unknown else 0)


@app.command()
def train(
    files: Annotated[list[Path] | None, typer.Argument(help="Labelled posts, JSON lines or CSV.")] = None,
    corrections: Annotated[
        bool, typer.Option("--corrections/--no-corrections", help="Learn from corrected posts too.")
    ] = True,
    apply: Annotated[str | None, typer.Option(help="Let the model of this version run from now on.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Bring back what ran before.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="The models that were trained here.")] = False,
    show: Annotated[str | None, typer.Option(help="The report of the model of this version.")] = None,
    engine: Annotated[
        str, typer.Option(help="What the model sees of a post: words, meaning (an extra, for English), or both.")
    ] = "words",
    save: Annotated[Path | None, typer.Option(help="Write the model that was trained to this file, too.")] = None,
    reason: Reason = "",
    train: Annotated[Path | None, typer.Option(help="Learn one question from this file: `text` and `label`.")] = None,
    dev: Annotated[Path | None, typer.Option(help="With --train: labelled posts that decide between settings.")] = None,
    input: Annotated[Path | None, typer.Option(help="With --train: posts to answer, `id` and `text`.")] = None,
    output: Annotated[Path | None, typer.Option(help="With --train: where the answers go.")] = None,
    json: Json = False,
) -> None:
    """Train a model on labelled posts and on corrections; what it would change is shown before --apply lets it run.

    Columns: `text`, and any of `sentiment`, `intent`, `relevant` or an intent by name with yes or no; `network`,
    `lang` and `parent` are used where given. With --train, --input and --output one question of any kind is learned
    from a file and answered for another, and nothing is kept.
    """
    if train is not None or input is not None or output is not None:
        if train is None or input is None or output is None:
            raise SetupError("Give --train, --input and --output together, and --dev if there is one.")
        _task(train, dev, input, output, save, engine)
        return
    with opened_hub() as hub:
        if listed:
            _list(hub, json=json)
        elif apply is not None or undo:
            _replace(hub, apply, reason, json=json)
        elif show is not None:
            with hub.store.read() as view:
                _show(view.models.get(show).report, json=json)
        else:
            _train(hub, files or [], save, engine, corrections=corrections, json=json)


def _sees(engine: str) -> "Sees":
    from hub.classify.training import Sees

    if engine not in set(Sees):
        raise SetupError(f"No model is made of {engine!r}; --engine is one of {', '.join(Sees)}.")
    return Sees(engine)


def _task(train: Path, dev: Path | None, input: Path, output: Path, save: Path | None, engine: str) -> None:
    from hub.classify.task import Task
    from hub.store import utc_now

    sees = _sees(engine)
    say(f"Learning from {train}")
    task = Task(train, dev, now=utc_now(), sees=sees)
    if save is not None:
        save.write_bytes(task.trained.model.save())
    (head,) = task.trained.model.about.heads
    say(f"Held out: {head.measured}; {task.write_answers(input, output)} answers written to {output}")


def _train(hub: "Hub", files: list[Path], save: Path | None, engine: str, *, corrections: bool, json: bool) -> None:
    from hub.classify import load_engine
    from hub.classify.examples import read_examples
    from hub.stages.learn import candidate
    from hub.wiring import engine_of

    sees = _sees(engine)
    given: list[Example] = [example for file in files for example in read_examples(file)]
    base = load_engine("rules", hub.config.subjects, hub.config.topics)
    made = candidate(
        hub.store, given, base=base, running=engine_of(hub), who=getpass.getuser(), corrections=corrections, sees=sees
    )
    if save is not None:
        with hub.store.read() as view:
            save.write_bytes(view.models.file(made.version))
    _show(made.report.plain(), json=json)
    say(f"Nothing has changed yet. `hub train --apply {made.version}` lets it run.")


def _replace(hub: "Hub", version: str | None, reason: str, *, json: bool) -> None:
    who = getpass.getuser()
    if version is not None and not json:
        from hub.cli.reports import show_figures

        with hub.store.read() as view:
            show_figures(view.models.get(version).report)
    with hub.store.begin() as tx:
        if version is None:
            before, now = tx.models.running(), tx.models.undo(who=who, reason=reason)
        else:
            before, now = tx.models.run(version, who=who, reason=reason), version
    if json:
        answer_json({"ran": before, "runs": now})
    else:
        say(f"{now or 'The engine without training'} runs in place of {before or 'the engine without training'}.")


def _list(hub: "Hub", *, json: bool) -> None:
    with hub.store.read() as view:
        models = view.models.listing()
    if json:
        answer_json([model.plain() for model in models])
        return
    rows = [(model.version, model.state, model.made_at, _fields(model.report), model.changed_at) for model in models]
    answer_table("Models", MODELS, rows, empty="No model was trained here; `hub train FILE` trains one.")


def _fields(report: dict[str, Any]) -> str:
    return ", ".join(field["field"] for field in report["fields"])


def _show(report: dict[str, Any], *, json: bool) -> None:
    """A report for people: each field's figures, then its tables, then what would change."""
    if json:
        answer_json(report)
        return
    from hub.cli.reports import show_report

    show_report(report)
