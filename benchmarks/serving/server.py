"""The process that serves: says in one line where, which routes there are, and by which tokens to come in."""

import json
import os
import socket
import sys
from contextlib import redirect_stdout
from typing import Any


def main() -> None:
    """Serve until told to end."""
    import uvicorn

    with redirect_stdout(sys.stderr):
        app = made()
    listening = socket.create_server(("127.0.0.1", 0))
    told = {"address": f"http://127.0.0.1:{listening.getsockname()[1]}", "routes": routes(app), "tokens": tokens()}
    print(json.dumps(told), flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nobody reads on: what Airflow logs would fill the pipe
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    server.run(sockets=[listening])


def made() -> Any:
    """Airflow's application with an empty database behind it, our plugin in it."""
    from airflow.api_fastapi.app import create_app
    from airflow.utils import db

    db.initdb()
    return create_app(apps="core")


def routes(app: Any) -> list[tuple[str, str]]:
    """Method and path of every route of the command centre."""
    from command_centre import PREFIX

    ours = next(route.app for route in app.routes if getattr(route, "path", "") == PREFIX)
    found = ((route, method) for route in ours.routes for method in getattr(route, "methods", ()))
    return sorted({(method, f"{PREFIX}{route.path}") for route, method in found})


def tokens() -> dict[str, str]:
    """A log-in for each kind of person, made as Airflow makes them."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    people = {role: SimpleAuthManagerUser(username=f"a-{role}", role=role) for role in ("viewer", "op")}
    return {role: get_auth_manager().generate_jwt(person) for role, person in people.items()}


if __name__ == "__main__":
    main()
