"""The command that hears what people press at a destination."""

from threading import Event
from typing import Annotated

import typer

from hub.cli.app import app, opened_hub, say


@app.command()
def listen(name: Annotated[str, typer.Argument(help="The destination, such as slack.")]) -> None:
    """Hear the buttons that people press there until stopped by Ctrl-C; `hub up` starts it where it is set up."""
    import logging
    import signal

    import structlog

    from hub.cli import world
    from hub.settings import read_settings
    from hub.wiring.listening import listen as hear

    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    world.enter(read_settings())
    with opened_hub() as hub:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))  # its output is a log
        say(f"Listening to the buttons of {name}; Ctrl-C stops it.")
        hear(hub, name, stop)
