"""Salesforce, played: log-in, leads by external id, collections, a little SOQL, and the day's allowance.

True to what was observed (see `delivery.md` of the design and Salesforce's own guides): the external id is unique
without regard to case; a collection takes 200 records and answers 200 with a result for each, in order; the
same id twice in one call fails for both; an upsert after a deletion makes a new record; a converted lead takes
no change; sessions end after two hours; every answer tells the day's usage.

A salesperson works below `/sandbox/leads/<id>/`: `convert`, `delete` and `edit`.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from connectors.salesforce.sandbox_login import CONSUMER, LOGIN, consumer_of, soap_answer, soap_fault, soap_login_of
from connectors.salesforce.sandbox_org import (
    KEY_FIELD,
    describe,
    error,
    failed,
    faults_of,
    lead_id,
    oauth_error,
    refuse,
    single,
)  # fmt: skip
from connectors.salesforce.sandbox_soql import Malformed, Query
from sandbox.kit import Reply, Request, System, route

SESSION_SECONDS = 7_200
CALLS_PER_DAY = 15_000
DAY_SECONDS = 86_400
MOST_RECORDS = 200
DATA = "/services/data/{version}"
Record = dict[str, Any]


class Salesforce(System):
    """One organisation, with one integration user and a Lead object that has the hub's fields."""

    hosts = ("login.salesforce.com", "*.my.salesforce.com")

    def admit(self, request: Request) -> Reply | None:
        """Everything below a version needs a session and counts against the day."""
        if not re.match(r"/services/data/v\d+\.\d+/", request.path):
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

    def not_found(self, request: Request) -> Reply:
        return refuse(404, "NOT_FOUND", "The requested resource does not exist")

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

    # What there is.

    @route("GET", "/services/data")
    @route("GET", "/services/data/")
    def versions(self, request: Request) -> Reply:
        numbers = [f"{number}.0" for number in range(49, 68)]
        return Reply.json(
            [{"label": number, "url": f"/services/data/v{number}", "version": number} for number in numbers]
        )

    @route("GET", f"{DATA}/limits")
    @route("GET", f"{DATA}/limits/")
    def limits(self, request: Request, version: str) -> Reply:
        left = self.take("calls", limit=CALLS_PER_DAY, seconds=DAY_SECONDS, cost=0).remaining
        return Reply.json({"DailyApiRequests": {"Max": CALLS_PER_DAY, "Remaining": left}})

    @route("GET", f"{DATA}/sobjects")
    def sobjects(self, request: Request, version: str) -> Reply:
        lead = {"name": "Lead", "keyPrefix": "00Q"}
        return Reply.json({"encoding": "UTF-8", "maxBatchSize": MOST_RECORDS, "sobjects": [lead]})

    @route("GET", f"{DATA}/sobjects/Lead/describe")
    def describe_lead(self, request: Request, version: str) -> Reply:
        return Reply.json(describe())

    @route("GET", f"{DATA}/query")
    @route("GET", f"{DATA}/query/")
    def query(self, request: Request, version: str) -> Reply:
        try:
            query = Query(request.param("q"))
        except Malformed as problem:
            return refuse(400, problem.code, str(problem))
        if query.sobject != "Lead":
            return refuse(400, "INVALID_TYPE", f"sObject type '{query.sobject}' is not supported.")
        rows = query.run(self.table("leads").all())
        url = f"/services/data/{version}/sobjects/Lead/"
        records = [{"attributes": {"type": "Lead", "url": url + str(row.get("Id"))}, **row} for row in rows]
        return Reply.json({"totalSize": len(records), "done": True, "records": records})

    # One record.

    @route("POST", f"{DATA}/sobjects/Lead")
    @route("POST", f"{DATA}/sobjects/Lead/")
    def create_one(self, request: Request, version: str) -> Reply:
        return single(self.create(request.json()), status=201)

    @route("GET", f"{DATA}/sobjects/Lead/{{id}}")
    def show_one(self, request: Request, version: str, id: str) -> Reply:
        row = self.table("leads").get(id)
        return Reply.json(row) if row else self.not_found(request)

    @route("PATCH", f"{DATA}/sobjects/Lead/{{id}}")
    def update_one(self, request: Request, version: str, id: str) -> Reply:
        return single(self.update(id, request.json()))

    @route("DELETE", f"{DATA}/sobjects/Lead/{{id}}")
    def delete_one(self, request: Request, version: str, id: str) -> Reply:
        return single(self.delete(id))

    @route("PATCH", f"{DATA}/sobjects/Lead/{{field}}/{{value}}")
    def upsert_one(self, request: Request, version: str, field: str, value: str) -> Reply:
        if field != KEY_FIELD:
            return refuse(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {field}")
        if field in request.json():
            return refuse(400, "INVALID_FIELD", f"The {field} field should not be specified in the sobject data.")
        return single(self.upsert({**request.json(), field: value}))

    # Many records.

    @route("POST", f"{DATA}/composite/sobjects")
    def create_many(self, request: Request, version: str) -> Reply:
        return self.collection(request, self.create)

    @route("PATCH", f"{DATA}/composite/sobjects")
    def update_many(self, request: Request, version: str) -> Reply:
        return self.collection(request, lambda record: self.update(str(record.pop("Id", record.pop("id", ""))), record))

    @route("PATCH", f"{DATA}/composite/sobjects/Lead/{{field}}")
    def upsert_many(self, request: Request, version: str, field: str) -> Reply:
        if field != KEY_FIELD:
            return refuse(400, "INVALID_FIELD", f"No such column '{field}' on sobject of type Lead")
        keys = [str(record.get(KEY_FIELD, "")).lower() for record in request.json().get("records", [])]
        twice = {key for key in keys if keys.count(key) > 1}

        def upsert(record: Record) -> Record:
            key = str(record.get(KEY_FIELD, "")).lower()
            if key in twice:
                return failed(error("DUPLICATE_VALUE", f"Duplicate external id specified: {key}", KEY_FIELD))
            return self.upsert(record)

        return self.collection(request, upsert)

    @route("POST", f"{DATA}/composite/sobjects/Lead")
    def retrieve_many(self, request: Request, version: str) -> Reply:
        wanted = request.json()
        rows = [self.table("leads").get(id) for id in wanted["ids"]]
        return Reply.json([row and {name: row.get(name) for name in wanted["fields"]} for row in rows])

    @route("DELETE", f"{DATA}/composite/sobjects")
    def delete_many(self, request: Request, version: str) -> Reply:
        return Reply.json([self.delete(id) for id in request.param("ids").split(",")])

    def collection(self, request: Request, write: Callable[[Record], Record]) -> Reply:
        """One result for each record, in order."""
        records = request.json().get("records", [])
        if len(records) > MOST_RECORDS:
            words = "record limit reached. cannot submit more than 200 records into this call"
            return refuse(400, "EXCEEDED_ID_LIMIT", words)
        results = []
        for record in records:
            kind = record.get("attributes", {}).get("type")
            if kind != "Lead":
                results.append(failed(error("INVALID_TYPE", "attributes.type must be Lead")))
            else:
                results.append(write({name: value for name, value in record.items() if name != "attributes"}))
        reply = Reply.json(results)
        reply.notes["external_ids"] = [record.get(KEY_FIELD) for record in records]
        return reply

    # The work.

    def match(self, key: str) -> Record | None:
        """The lead with this external id, whatever its case."""
        known = self.table("keys").get(key.lower())
        return self.table("leads").get(known["lead"]) if known else None

    def upsert(self, record: Record) -> Record:
        key = str(record.get(KEY_FIELD) or "")
        if not key:
            return failed(error("MISSING_ARGUMENT", f"{KEY_FIELD} not specified"))
        row = self.match(key)
        return self.update(row["Id"], record, upsert=True) if row else self.create(record, upsert=True)

    def create(self, record: Record, *, upsert: bool = False) -> Record:
        problem = faults_of(record, new=True)
        if not problem and record.get(KEY_FIELD) and self.match(str(record[KEY_FIELD])):
            words = f"duplicate value found: {KEY_FIELD} duplicates value on record"
            problem = error("DUPLICATE_VALUE", words, KEY_FIELD)
        if problem:
            return failed(problem)
        leads, now = self.table("leads"), f"{self.clock.now():%Y-%m-%dT%H:%M:%S.000+0000}"
        id = lead_id(leads.next_id())
        made = {"Id": id, "IsConverted": False, "IsDeleted": False, "CreatedDate": now, "LastModifiedDate": now}
        leads.insert({"Status": "Open - Not Contacted", **record, **made}, id=id)
        if record.get(KEY_FIELD):
            self.table("keys").insert({"lead": id}, id=str(record[KEY_FIELD]).lower())
        self.journal("lead created", id=id, external_id=record.get(KEY_FIELD))
        return {"id": id, "success": True, "errors": []} | ({"created": True} if upsert else {})

    def update(self, id: str, record: Record, *, upsert: bool = False) -> Record:
        row = self.table("leads").get(id)
        if row is None:
            code = "ENTITY_IS_DELETED" if id in self.table("recycle_bin") else "NOT_FOUND"
            return failed(error(code, "entity is deleted" if code == "ENTITY_IS_DELETED" else "no such record"))
        if row["IsConverted"]:
            return failed(error("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead"))
        problem = faults_of(record, new=False)
        if problem:
            return failed(problem)
        now = f"{self.clock.now():%Y-%m-%dT%H:%M:%S.000+0000}"
        self.table("leads").update(id, **record, LastModifiedDate=now)
        self.journal("lead updated", id=id, external_id=row.get(KEY_FIELD))
        return {"id": id, "success": True, "errors": []} | ({"created": False} if upsert else {})

    def delete(self, id: str) -> Record:
        row = self.table("leads").get(id)
        if row is None:
            return failed(error("ENTITY_IS_DELETED", "entity is deleted"))
        self.table("leads").delete(id)
        self.table("keys").delete(str(row.get(KEY_FIELD, "")).lower())
        self.table("recycle_bin").insert({**row, "IsDeleted": True}, id=id)
        self.journal("lead deleted", id=id, external_id=row.get(KEY_FIELD))
        return {"id": id, "success": True, "errors": []}

    # What a salesperson does.

    @route("POST", "/sandbox/leads/{id}/convert")
    def convert(self, request: Request, id: str) -> Reply:
        self.journal("lead converted", id=id)
        return Reply.json(self.table("leads").update(id, IsConverted=True, Status="Closed - Converted"))

    @route("POST", "/sandbox/leads/{id}/delete")
    def bin(self, request: Request, id: str) -> Reply:
        return Reply.json(self.delete(id))

    @route("POST", "/sandbox/leads/{id}/edit")
    def edit(self, request: Request, id: str) -> Reply:
        return Reply.json(self.update(id, request.json()))
