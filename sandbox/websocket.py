"""WebSockets as played systems need them: text both ways on a connection that a request has opened.

    return Reply.socket(request, talk)  # `talk(socket)` runs on the connection's own thread, until either side ends it

The protocol itself is the library websockets', without its input and output. One thread reads and writes, since a TLS
connection may not be used by two; what others say waits for it in a queue, for some hundredths of a second.
"""

import select
import socket
import ssl
from collections.abc import Callable
from queue import Empty, SimpleQueue

from websockets.datastructures import Headers
from websockets.frames import Opcode
from websockets.http11 import Request as Opening
from websockets.protocol import State
from websockets.server import ServerProtocol

from sandbox.messages import Request

BREATH = 0.02  # seconds between two looks at what is to be said
GONE_AWAY = 1001
MOST_BYTES = 1_000_000  # of one message


class WebSocket:
    """The server's end of one WebSocket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._protocol = ServerProtocol(state=State.OPEN, max_size=MOST_BYTES)
        self._sayings: SimpleQueue[str | None] = SimpleQueue()

    def say(self, text: str) -> None:
        """Send a text; from any thread."""
        self._sayings.put(text)

    def close(self) -> None:
        """Say goodbye, after what was said before; from any thread."""
        self._sayings.put(None)

    def hang_up(self) -> None:
        """End it without a word, as a broken network does."""
        self._connection.shutdown(socket.SHUT_RDWR)

    def run(self, heard: Callable[[str], None]) -> None:
        """Talk until either side ends it."""
        connection, protocol = self._connection, self._protocol
        while protocol.state is not State.CLOSED:
            self._utter()
            for data in protocol.data_to_send():
                if data:
                    connection.sendall(data)
            if not _readable(connection):
                continue
            received = connection.recv(65_536)
            if not received:
                return
            protocol.receive_data(received)
            for event in protocol.events_received():
                if getattr(event, "opcode", None) is Opcode.TEXT:
                    heard(bytes(event.data).decode())  # type: ignore[union-attr]  # a frame, by its opcode
            if protocol.close_expected():
                for data in protocol.data_to_send():
                    connection.sendall(data)
                return

    def _utter(self) -> None:
        try:
            while True:
                text = self._sayings.get_nowait()
                if text is None:
                    self._protocol.send_close(GONE_AWAY)
                else:
                    self._protocol.send_text(text.encode())
        except Empty:
            pass  # all was said


def handshake(request: Request) -> tuple[int, dict[str, str]]:
    """The status and headers that answer a request to open a WebSocket."""
    opening = Opening(request.path, Headers(**{name: request.headers[name] for name in request.headers}))
    answer = ServerProtocol().accept(opening)
    return answer.status_code, {name: value for name, value in answer.headers.raw_items() if name != "Connection"}


def _readable(connection: socket.socket) -> bool:
    if isinstance(connection, ssl.SSLSocket) and connection.pending():
        return True
    return bool(select.select([connection], [], [], BREATH)[0])
