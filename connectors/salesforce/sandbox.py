"""Salesforce, played: log-in, leads by external id, collections, Composite, Bulk 2.0, SOQL, and the day's allowance.

True to Salesforce's own guides and to what was recorded of real organisations: the external id is unique without
regard to case; a collection takes 200 records and answers 200 with a result for each, in order; the same id twice in
one call fails for both; an upsert after a deletion makes a new record; a converted lead takes no change; sessions end
after two hours; every answer tells the day's usage. The parts:

- `sandbox_fields` the objects and their describe · `sandbox_org` what is refused, and how it is said
- `sandbox_records` the records and the rules · `sandbox_rest` one record, collections, queries
- `sandbox_composite` many requests in one call · `sandbox_bulk`, `sandbox_jobs`, `sandbox_csv` jobs
- `sandbox_sales` what people do there · `sandbox_soql`, `sandbox_login`
- `sandbox_metadata` deployments · `sandbox_package`, `sandbox_columns` what is in them
"""

import re
from datetime import datetime, timedelta

from connectors.salesforce.sandbox_login import CONSUMER, LOGIN, consumer_of, soap_answer, soap_fault, soap_login_of
from connectors.salesforce.sandbox_metadata import Metadata
from connectors.salesforce.sandbox_org import oauth_error, refuse
from connectors.salesforce.sandbox_rest import CALLS_PER_DAY, DAY_SECONDS
from sandbox.kit import Reply, Request, route

SESSION_SECONDS = 7_200
VERSIONED = re.compile(r"/services/data/v\d+\.\d+/")


class Salesforce(Metadata):
    """One organisation, with one integration user and a Lead object that has the hub's fields."""

    hosts = ("login.salesforce.com", "*.my.salesforce.com")

    def admit(self, request: Request) -> Reply | None:
        """Everything below a version needs a session and counts against the day."""
        self.work_off()
        if not VERSIONED.match(request.path):
            return None
        session = self.table("sessions").get(request.bearer or "")
        if not session or datetime.fromisoformat(session["ends_at"]) <= self.clock.now():
            return refuse(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if self.take("calls", limit=CALLS_PER_DAY, seconds=DAY_SECONDS).exceeded:
            return refuse(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        return None

    def seal(self, request: Request, reply: Reply) -> None:
        """Say how much of the day's allowance is used."""
        if request.path.startswith("/services/data/v") and reply.status != 401:
            left = self.take("calls", limit=CALLS_PER_DAY, seconds=DAY_SECONDS, cost=0).remaining
            reply.headers["Sforce-Limit-Info"] = f"api-usage={CALLS_PER_DAY - left}/{CALLS_PER_DAY}"

    # Log-in.

    @route("POST", "/services/oauth2/token")
    def token(self, request: Request) -> Reply:
        """OAuth client credentials, on My Domain only."""
        if request.form().get("grant_type") != "client_credentials" or request.host == "login.salesforce.com":
            return oauth_error("invalid_grant", "request not supported on this domain")
        key, secret = consumer_of(request)
        if key != CONSUMER[0]:
            return oauth_error("invalid_client_id", "client identifier invalid")
        if secret != CONSUMER[1]:
            return oauth_error("invalid_client", "invalid client credentials", status=401)
        issued_at = str(int(self.clock.now().timestamp() * 1000))
        identity = f"https://{request.host}/id/00D5e000000SANDEAA/0055e000000HUBQAA4"
        return Reply.json(
            {"access_token": self.start_session(), "signature": "c2FuZGJveA==", "instance_url": f"https://{request.host}",
             "id": identity, "token_type": "Bearer", "issued_at": issued_at, "scope": "api"}
        )  # fmt: skip

    @route("POST", "/services/Soap/u/{rest:path}")
    def soap_login(self, request: Request, rest: str) -> Reply:
        """The older log-in with user name, password and security token."""
        if soap_login_of(request) != LOGIN:
            return soap_fault()
        return soap_answer(self.start_session(), rest)

    def start_session(self) -> str:
        """A session that ends in two hours."""
        sessions = self.table("sessions")
        session_id = f"00D5e000000SAND!AQ{sessions.next_id():06d}"
        ends_at = self.clock.now() + timedelta(seconds=SESSION_SECONDS)
        sessions.insert({"ends_at": ends_at.isoformat()}, id=session_id)
        self.journal("logged in")
        return session_id
