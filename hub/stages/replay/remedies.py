"""The next step for each reason, in the words of the person who must take it.

What a destination's codes ask for stands in its manifest, since only a connector knows what its system means. Here
stands what our own gates ask for. A code that nobody knows leads to the sentence beside it, and to the owner.
"""

from collections.abc import Mapping

from hub.domain import Manifest, Remedy

KEEPER = "{owner}, keeper of mappings/{network}.yaml"
OPERATOR = "an operator of the hub"
AGAIN = "then preview and replay."

_FIELD = "Look at the record: correct the path to {field} in mappings/{network}.yaml if the network moved it, " + AGAIN
_EDIT = "Repair the record if you know what it should say, else discard it; if many are so, report it to the network."

OURS = {
    "bad_id": Remedy(who=KEEPER, do=_FIELD.replace("{field}", "`native_id`")),
    "no_author": Remedy(who=KEEPER, do=_FIELD.replace("{field}", "`author`")),
    "bad_time": Remedy(who=KEEPER, do=_FIELD.replace("{field}", "`published_at`")),
    "bad_type": Remedy(who=KEEPER, do=_FIELD.replace("{field}", "the field that the detail names")),
    "empty_text": Remedy(
        who=KEEPER, do="If its words stand in another field, add it to `text` in mappings/{network}.yaml, " + AGAIN
        + " A record that really says nothing may be discarded, or left out by the mapping's `keep`.",
    ),
    "too_long": Remedy(who=OPERATOR, do="No post is so long: shorten the record if it is one, else discard it."),
    "duplicate_key": Remedy(
        who=OPERATOR, do="The network wrote one field twice, and which is meant nobody knows: repair the record.",
    ),
    "bad_line": Remedy(who=OPERATOR, do="The line is broken: have the file exported again, and discard this item."),
    "wrong_type": Remedy(who=KEEPER, do="A function got what it cannot work on: guard it in the mapping, " + AGAIN),
    "mapping_failed": Remedy(who=KEEPER, do="Correct the expression that the detail names, " + AGAIN),
    "identity_missing": Remedy(who=KEEPER, do="Correct `identity` of the mapping that the detail names, " + AGAIN),
    "landed_file_damaged": Remedy(
        who=OPERATOR, do="Nothing, if its next run is good: the watch went back, and reads these records once more. "
        "Find out who changed the file.",
    ),
    "route_cannot_decide": Remedy(
        who="{owner}, keeper of the routes",
        do="Correct the rule that the detail names, in hub.yaml or mappings/_routes.yaml, " + AGAIN,
    ),
    "classifier_hung": Remedy(
        who=OPERATOR, do="Mend the engine's rules, or let another engine run (`hub train`), " + AGAIN,
    ),
    "classifier_failed": Remedy(
        who=OPERATOR, do="Mend the engine's rules, or let another engine run (`hub train`), " + AGAIN,
    ),
    "parent_missing": Remedy(
        who=OPERATOR, do="What it hangs below is not there: see to that item first, then replay both.",
    ),
    "no_ticket": Remedy(who=OPERATOR, do="Its ticket is not there: see to the ticket's own item first, then replay."),
    "no_thread": Remedy(
        who=OPERATOR, do="The message to reply to is not there: see to its own item first, then replay.",
    ),
}  # fmt: skip
FIELD = Remedy(who=KEEPER, do=_FIELD.replace("{field}", "`{part}`"))
EXPECTATION = Remedy(
    who="{owner}, keeper of mappings/_expectations.json",
    do="The post breaks what batches must be like: correct the mapping or the expectation, " + AGAIN + " " + _EDIT,
)
SPOILT = Remedy(who=OPERATOR, do="It could not be read as it lay. " + _EDIT)
MAPPING = Remedy(
    who="{owner}, keeper of the destination's mapping", do="Correct the mapping that the detail names, " + AGAIN
)
THERE = Remedy(
    who="whoever looks after {title}", do="Read the detail; mend it there or in mappings/{network}.yaml, " + AGAIN,
)  # fmt: skip


def remedy_of(stage: str, reason: str, network: str, manifests: Mapping[str, Manifest]) -> Remedy:
    """Who must do what; `network` is the destination for what it refused."""
    manifest = manifests.get(network)
    chosen = manifest.remedies.get(reason) if manifest else None
    if chosen is None:
        chosen = OURS.get(reason) or _by_stage(stage, reason)
    facts = {
        "network": network,
        "owner": manifest.owner if manifest else "the owners",
        "title": manifest.title if manifest else network,
        "part": reason.removeprefix("field_"),
    }
    return Remedy(who=chosen.who.format(**facts), do=chosen.do.format(**facts))


def _by_stage(stage: str, reason: str) -> Remedy:
    if stage == "deliver":
        return THERE
    if stage == "render":
        return MAPPING
    if reason.startswith("field_"):
        return FIELD
    return EXPECTATION if reason.startswith("expect_") else SPOILT
