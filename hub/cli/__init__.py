"""The `hub` command.

Exit codes: 0 done, 1 something was quarantined or refused, 2 wrong use or set-up, 3 the other side is
down. Every error of ours ends in one sentence with its remedy; a traceback is a defect.
"""

import sys

from hub.cli.app import app, say
from hub.cli.commands import register
from hub.cli.exits import code_of, sentence_of
from hub.errors import HubError


def main() -> None:
    """Run the command line."""
    register()
    try:
        app(prog_name="hub")
    except KeyboardInterrupt:
        sys.exit(130)
    except (HubError, OSError) as problem:
        for line in sentence_of(problem).splitlines():
            say(line)
        sys.exit(code_of(problem))
