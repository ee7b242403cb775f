"""The command that says how far the organisation has come with what it hears."""

from hub.cli.app import Json, answer_json, answer_table, app, opened_hub, say


@app.command()
def maturity(json: Json = False) -> None:
    """How far each dimension and department has come, by what the hub is set up for and did in the last thirty days.

    Nothing is asked: each step is a check, with the figures it stands on, and the next step in one sentence.
    """
    from hub.measure.maturity import TITLES, assess

    with opened_hub() as hub, hub.store.read() as view:
        found = assess(view, hub.config)
    if json:
        answer_json(found.plain())
        return
    for title, reaches in (("Dimensions", found.dimensions), ("Departments", found.departments)):
        rows = [
            (reach.name, TITLES[reach.stage], reach.word, reach.next.next if reach.next else "Nothing is missing.")
            for reach in reaches
        ]
        answer_table(title, ["", "Stage", "So far", "Next step"], rows)
    say(f"As a whole: {TITLES[found.stage]}. The page Maturity of the command centre shows the figures behind it.")
