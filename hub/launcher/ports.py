"""Whether a port can be had, and who has it if not."""

import socket
from typing import Any

import psutil

from hub.errors import SetupError

LOOPBACK = "127.0.0.1"


def require_free(port: int, *, purpose: str, flag: str, variable: str) -> None:
    """Raise a SetupError that names the port, who holds it, and what to change."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((LOOPBACK, port))
        except PermissionError:
            raise SetupError(
                f"Port {port} for {purpose} needs more rights than we have; choose one above 1023 by {flag}."
            ) from None
        except OSError:
            raise SetupError(
                f"Port {port} for {purpose} is taken by {holder(port)}; "
                f"stop it, or choose another by {flag} or {variable}."
            ) from None


def holder(port: int) -> str:
    """The process that listens on this port, in words; not its arguments, since they may hold secrets."""
    try:
        listeners = [each for each in psutil.net_connections("tcp") if _listens(each, port)]
    except psutil.AccessDenied:  # macOS tells only root
        listeners = []
    for connection in listeners:
        if connection.pid is not None:
            try:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
            except psutil.NoSuchProcess:
                continue
    return "another process"


def _listens(connection: Any, port: int) -> bool:
    return connection.status == psutil.CONN_LISTEN and bool(connection.laddr) and connection.laddr.port == port
