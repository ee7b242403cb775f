"""A proxy on a loopback port that answers from a transport: for libraries which open their own connections.

A library that takes a `requests.Session` is handed the transport itself. One that does not, such as slack-sdk, is
pointed here by `Services.proxy`: it speaks true HTTP over a true socket, and still nothing leaves the machine.
"""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, Self

import requests
from requests.adapters import BaseAdapter

from hub.errors import HubError

POLL_SECONDS = 0.02  # how soon it notices that it should close


class Loopback:
    """Open from `with` to its end; one request at a time."""

    def __init__(self, transport: BaseAdapter) -> None:
        self._server = HTTPServer(("127.0.0.1", 0), _answering(transport))
        self._thread = Thread(target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True)

    @property
    def address(self) -> str:
        """What to name as the proxy."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _answering(transport: BaseAdapter) -> type[BaseHTTPRequestHandler]:
    """A handler that asks the transport; where that has no answer, it hangs up."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            self._relay()

        def do_POST(self) -> None:
            self._relay()

        def _relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = requests.Request(self.command, self.path, headers=dict(self.headers), data=body).prepare()
            try:
                answer = transport.send(asked)
            except HubError:  # the transport remembers what it could not answer
                return
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: Any) -> None:
            """Nothing: its lines hold addresses."""

    return Handler
