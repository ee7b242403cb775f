"""A trained model's report as tables."""

from typing import Any

from hub.cli.app import answer_table


def show_report(report: dict[str, Any]) -> None:
    """Each field: how it did beside the running engine, who was taken for what, and how sure is how right."""
    show_figures(report)
    for field in report["fields"]:
        for confusion in field["confusion"]:
            _confusion(field["field"], confusion)
        bins = [(f"{one['said']:.0%}", f"{one['right']:.0%}", one["posts"]) for one in field["calibration"]]
        answer_table(f"{field['field']}: said and right", ["Said to be sure", "Was right", "Posts"], bins)
        if field["against"]:
            changes = list(field["against"]["changes"].items())
            answer_table(f"{field['field']}: what would change", ["Now → then", "Posts"], changes)
        if field["dropped"]:
            answer_table(f"{field['field']}: too few examples", ["Label", "Examples"], list(field["dropped"].items()))


def show_figures(report: dict[str, Any]) -> None:
    """Each field's figures beside those of the engine that ran when the model was made."""
    answer_table(
        f"Model {report['version']}, on posts that it had not learned from",
        ["Field", "Posts", "Accuracy", "Macro-F1", "Now", "Macro-F1 now", "Mended", "Broken", "Off by"],
        [_figures(field) for field in report["fields"]],
    )


def _figures(field: dict[str, Any]) -> tuple[Any, ...]:
    whole, against = field["confusion"][0], field["against"] or {}
    return (
        field["field"], field["posts"], f"{whole['accuracy']:.3f}", f"{whole['macro_f1']:.3f}",
        against.get("running", ""), f"{against['macro_f1_now']:.3f}" if against else "",
        against.get("mended", ""), against.get("broken", ""), f"{field['calibration_error']:.3f}",
    )  # fmt: skip


def _confusion(field: str, confusion: dict[str, Any]) -> None:
    table = confusion["table"]
    labels = sorted({label for row in table.values() for label in row} | set(table))
    rows = [(is_, *(table.get(is_, {}).get(taken_for, 0) for taken_for in labels)) for is_ in labels]
    title = f"{field}, {confusion['group']}: {confusion['posts']} posts, macro-F1 {confusion['macro_f1']:.3f}"
    answer_table(title, ["Is, taken for", *labels], rows)
