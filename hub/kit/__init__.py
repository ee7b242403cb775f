"""What a connector is made of: networks and destinations, auth, pages, waiting, limits and recordings."""

from hub.kit.answers import SPOILT, Answer, read_json
from hub.kit.auth import BasicAuth, BearerToken, ClientCredentials, HeaderKeys, NoAuth, RefreshToken
from hub.kit.backward import Backward, Threads
from hub.kit.connection import Connection, NotConnected
from hub.kit.destination import Claim, Destination, Finding, Step, running
from hub.kit.graph import GraphNetwork, GraphRejected
from hub.kit.http import Http, Rejected, Sent
from hub.kit.network import LookUp, Network, Page, Proofs, Record, Removals
from hub.kit.pages import LinkHeader, NextToken, OnePage
from hub.kit.services import Budgets, Clock, Files, Limits, Memory, Services, Token, Tokens
from hub.kit.spans import Span, moment_of, written
from hub.kit.waits import MinutesLeft, ResetAt, RetryAfter, epoch_seconds, iso8601, seconds_left
from hub.logs import get_logger

__all__ = [
    "SPOILT", "Answer", "Backward", "BasicAuth", "BearerToken", "Budgets", "Claim", "ClientCredentials", "Clock",
    "Connection", "Destination", "Files", "Finding", "GraphNetwork", "GraphRejected", "HeaderKeys", "Http", "Limits",
    "LinkHeader", "LookUp", "Memory", "MinutesLeft", "Network", "NextToken", "NoAuth", "NotConnected", "OnePage",
    "Page", "Proofs", "Record", "RefreshToken", "Rejected", "Removals", "ResetAt", "RetryAfter", "Sent", "Services",
    "Span", "Step", "Threads", "Token", "Tokens", "epoch_seconds", "get_logger", "iso8601", "moment_of", "read_json",
    "running", "seconds_left", "written",
]  # fmt: skip
