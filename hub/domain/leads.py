"""The score of somebody who may buy, fit and behaviour apart with the reasons that made it; and what became of them."""

from typing import Literal

from hub.domain.model import Model, Moment


class Reason(Model, omit_defaults=False):
    """One thing that counted, and what it brought; negative where it speaks against buying."""

    part: Literal["fit", "behaviour"]
    name: str  # a code: full_name, purchase
    points: float


class LeadScore(Model, omit_defaults=False):
    """Who they are and what they did, 0 to 100 each; the chance is known once outcomes have taught it."""

    fit: float
    behaviour: float
    grade: str  # a letter for the fit and a number for the behaviour: `A1` is called today, `D4` is left alone
    reasons: tuple[Reason, ...]  # of each part, the weightiest first
    found_by: str  # rules@version, and the calibration's where there is one
    as_of: Moment  # behaviour fades from here on
    chance: float | None = None  # that such a lead is won, 0 to 1


class Ending(Model):
    """What became of a lead that was handed over, as the destination tells it."""

    lead: str  # its external id there
    end: str  # won, lost, or the destination's own word for how far it is
