"""The other side of `push.py`: Salesforce's write calls and nothing else, in a process of its own."""

import json
import multiprocessing
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Sink(BaseHTTPRequestHandler):
    """Salesforce's collections and Composite calls, as little of them as a client needs."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits 40 ms for the other side to acknowledge the headers
    wbufsize = -1
    latency = 0.0
    calls = 0

    def do_POST(self) -> None:
        """Everything is created."""
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).calls += 1
        time.sleep(self.latency)
        if "compositeRequest" in given:
            parts = [
                {"referenceId": part["referenceId"], "httpStatusCode": 200, "body": results(part["body"]["records"])}
                for part in given["compositeRequest"]
            ]
            self._answer({"compositeResponse": parts})
        else:
            self._answer(results(given["records"]))

    def do_PATCH(self) -> None:
        """The same, by our key."""
        self.do_POST()

    def do_GET(self) -> None:
        """Our key is unique; nothing is there yet."""
        if "describe" in self.path:
            field = {"name": "Hub_Key__c", "externalId": True, "unique": True, "idLookup": True, "caseSensitive": False}
            self._answer({"fields": [field | {"type": "string", "length": 64}]})
        else:
            self._answer({"totalSize": 0, "done": True, "records": []})

    def _answer(self, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def results(records: list[Any]) -> list[dict[str, Any]]:
    """One for each record."""
    return [{"id": f"00Q{number:015d}", "success": True, "errors": []} for number, _ in enumerate(records)]


def serve(latency: float, ready: Any) -> None:
    """A process of its own."""
    Sink.latency = latency
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    ready.put(server.server_port)
    server.serve_forever()


def sink(latency: float) -> tuple[Any, int]:
    """The other side, running."""
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    process = context.Process(target=serve, args=(latency, ready), daemon=True)
    process.start()
    return process, ready.get(timeout=60)
