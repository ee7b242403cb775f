"""Reports: the figures of a day or a week for one department, made once, shown as Slack message, e-mail, PDF and HTML.

kept = keep(store, files, config, plan, period)  # frozen: the same figures and pictures wherever it is shown
send(store, config, kept, plan.to, link_base=...)  # one message, one letter for each addressee, whatever repeats
"""

from hub.stages.report.periods import called, last_of, period_of
from hub.stages.report.plans import plan_named, plans
from hub.stages.report.sending import Kept, compose, destinations_of, file_name, keep, put, read, send
from hub.stages.report.showing import in_words, quoted, shown

__all__ = [
    "Kept", "called", "compose", "destinations_of", "file_name", "in_words", "keep", "last_of", "period_of",
    "plan_named", "plans", "put", "quoted", "read", "send", "shown",
]  # fmt: skip
