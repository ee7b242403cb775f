"""What a connector is made of: networks and destinations, auth, pages, waiting, limits and recordings."""

from hub.kit.answers import SPOILT, Answer, read_json
from hub.kit.auth import BasicAuth, BearerToken, ClientCredentials, HeaderKeys, NoAuth, RefreshToken
from hub.kit.connection import Connection, NotConnected
from hub.kit.destination import Claim, Destination, running
from hub.kit.http import Http, Rejected, Sent
from hub.kit.network import LookUp, Network, Page, Proofs, Record
from hub.kit.pages import LinkHeader, NextToken, OnePage
from hub.kit.services import Budgets, Clock, Files, Limits, Memory, Services, Token, Tokens
from hub.kit.waits import ResetAt, RetryAfter, epoch_seconds, iso8601, seconds_left

__all__ = [
    "SPOILT", "Answer", "BasicAuth", "BearerToken", "Budgets", "Claim", "ClientCredentials", "Clock", "Connection",
    "Destination", "Files", "HeaderKeys", "Http", "Limits", "LinkHeader", "LookUp", "Memory", "Network",
    "NextToken", "NoAuth", "NotConnected", "OnePage", "Page", "Proofs", "Record", "RefreshToken", "Rejected",
    "ResetAt", "RetryAfter", "Sent", "Services", "Token", "Tokens", "epoch_seconds", "iso8601", "read_json",
    "running", "seconds_left",
]  # fmt: skip
