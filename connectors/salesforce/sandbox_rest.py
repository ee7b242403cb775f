"""The REST ways into the played organisation: describe, queries, one record, and collections of up to 200."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from connectors.salesforce.sandbox_fields import KEY_FIELD, THINGS, Field, Thing, describe
from connectors.salesforce.sandbox_org import alone, error, failed, refuse, single
from connectors.salesforce.sandbox_records import Record, Records
from connectors.salesforce.sandbox_soql import Malformed, Query
from sandbox.kit import Reply, Request, route

CALLS_PER_DAY = 15_000
BATCHES_PER_DAY = 15_000
DAY_SECONDS = 86_400
MOST_RECORDS = 200
PAGE_ROWS = 2_000
FEWEST_ROWS = 200
MOST_URL_BYTES = 16_384
DATA = "/services/data/{version}"
NO_ATTRIBUTES = "Nested object for polymorphic foreign key must have an attributes field before any other fields."


class Rest(Records):
    """Answers below `/services/data`, but for Composite and Bulk."""

    def not_found(self, request: Request) -> Reply:
        return refuse(404, "NOT_FOUND", "The requested resource does not exist")

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
        calls = self.take("calls", limit=CALLS_PER_DAY, seconds=DAY_SECONDS, cost=0)
        batches = self.take("batches", limit=BATCHES_PER_DAY, seconds=DAY_SECONDS, cost=0)
        told = {"DailyApiRequests": calls, "DailyBulkApiBatches": batches}
        return Reply.json({name: {"Max": window.limit, "Remaining": window.remaining} for name, window in told.items()})

    @route("GET", f"{DATA}/sobjects")
    @route("GET", f"{DATA}/sobjects/")
    def sobjects(self, request: Request, version: str) -> Reply:
        known = [
            {"name": thing.name, "keyPrefix": thing.prefix, "custom": thing.name.endswith("__c")}
            for thing in THINGS.values()
            if self.thing(thing.name)
        ]
        return Reply.json({"encoding": "UTF-8", "maxBatchSize": MOST_RECORDS, "sobjects": known})

    @route("GET", f"{DATA}/sobjects/{{name}}/describe")
    @route("GET", f"{DATA}/sobjects/{{name}}/describe/")
    def describe_one(self, request: Request, version: str, name: str) -> Reply:
        thing = self.thing(name)
        return Reply.json(describe(thing, self.fields(thing), request.host)) if thing else self.not_found(request)

    # Queries.

    @route("GET", f"{DATA}/query")
    @route("GET", f"{DATA}/query/")
    def query(self, request: Request, version: str) -> Reply:
        return self.ask(request, version, [])

    @route("GET", f"{DATA}/queryAll")
    @route("GET", f"{DATA}/queryAll/")
    def query_all(self, request: Request, version: str) -> Reply:
        """With what lies in the recycle bin."""
        return self.ask(request, version, self.table("recycle_bin").all())

    def ask(self, request: Request, version: str, deleted: list[Record]) -> Reply:
        """The first page of a query's answer."""
        text = request.param("q")
        if len(quote(text)) > MOST_URL_BYTES:
            return Reply.text("<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>", status=414)
        try:
            query = Query(text, {name: self.fields(thing) for name, thing in THINGS.items() if self.thing(name)})
        except Malformed as problem:
            return refuse(400, problem.code, str(problem))
        thing = THINGS[query.sobject]
        rows = self.table(thing.table).all() + [row for row in deleted if row["kind"] == thing.name]
        found = query.run(rows)
        if query.counts:
            return Reply.json({"totalSize": len(found), "done": True, "records": []})
        url = f"/services/data/{version}/sobjects/{thing.name}/"
        records = [{"attributes": {"type": thing.name, "url": url + id}, **row} for id, row in found]
        return self.page(records, version, 0, page_rows(request))

    @route("GET", f"{DATA}/query/{{locator}}")
    def query_more(self, request: Request, version: str, locator: str) -> Reply:
        name, _, start = locator.partition("-")
        kept = self.table("locators").get(name)
        if not kept or not start.isdigit():
            return refuse(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self.page(kept["records"], version, int(start), kept["rows"], name)

    def page(self, records: list[Record], version: str, start: int, rows: int, name: str = "") -> Reply:
        """One page, and where the next one is."""
        end = start + rows
        answer: Record = {"totalSize": len(records), "done": end >= len(records)}
        if not answer["done"]:
            if not name:
                name = f"0r85e{self.table('locators').next_id():013d}"
                self.table("locators").insert({"records": records, "rows": rows}, id=name)
            answer["nextRecordsUrl"] = f"/services/data/{version}/query/{name}-{end}"
        return Reply.json(answer | {"records": records[start:end]})

    # One record.

    @route("POST", f"{DATA}/sobjects/{{name}}")
    @route("POST", f"{DATA}/sobjects/{{name}}/")
    def create_one(self, request: Request, version: str, name: str) -> Reply:
        saved = saving(request)
        return self.on(name, request, lambda thing, body: single(self.create(thing, body, **saved), status=201))

    @route("GET", f"{DATA}/sobjects/{{name}}/{{id}}")
    def show_one(self, request: Request, version: str, name: str, id: str) -> Reply:
        thing = THINGS.get(name)
        row = self.table(thing.table).get(id) if thing else None
        if not thing or not row:
            return alone(self.missing(thing or THINGS["Lead"], id))
        url = f"/services/data/{version}/sobjects/{name}/{id}"
        return Reply.json({"attributes": {"type": name, "url": url}} | dict.fromkeys(self.fields(thing)) | row)

    @route("PATCH", f"{DATA}/sobjects/{{name}}/{{id}}")
    def update_one(self, request: Request, version: str, name: str, id: str) -> Reply:
        return self.on(name, request, lambda thing, body: single(self.update(thing, id, body)))

    @route("DELETE", f"{DATA}/sobjects/{{name}}/{{id}}")
    def delete_one(self, request: Request, version: str, name: str, id: str) -> Reply:
        thing = THINGS.get(name)
        return single(self.delete(thing, id)) if thing else self.not_found(request)

    @route("PATCH", f"{DATA}/sobjects/{{name}}/{{field}}/{{value}}")
    def upsert_one(self, request: Request, version: str, name: str, field: str, value: str) -> Reply:
        known = self.fields(THINGS[name]).get(field) if name in THINGS else None
        if known is None or not known.external_id:
            return refuse(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {field}")
        rows = self.matches(THINGS[name], value)
        if len(rows) > 1:
            return Reply.json([f"/services/data/{version}/sobjects/{name}/{row['Id']}" for row in rows], status=300)
        if not rows and request.param("updateOnly") == "true":
            return self.not_found(request)
        return self.on(name, request, lambda thing, body: self.upserted(thing, field, value, body, request))

    def upserted(self, thing: Thing, field: str, value: str, body: Record, request: Request) -> Reply:
        """The external id stands in the address, so it must not stand in the record."""
        if field in body:
            return refuse(400, "INVALID_FIELD", f"The {field} field should not be specified in the sobject data.")
        return single(self.upsert(thing, {**body, field: value}, **saving(request)))

    def on(self, name: str, request: Request, act: Callable[[Thing, Record], Reply]) -> Reply:
        """One record's write: of a kind that there is, with a body that is an object."""
        body = body_of(request)
        if self.thing(name) is None:
            return self.not_found(request)
        if not isinstance(body, dict):
            return refuse(400, "JSON_PARSER_ERROR", "Unexpected character at [line:1, column:1]")
        return act(THINGS[name], body)

    # Many records.

    @route("POST", f"{DATA}/composite/sobjects")
    @route("POST", f"{DATA}/composite/sobjects/")
    def create_many(self, request: Request, version: str) -> Reply:
        return self.collection(request, lambda thing, body, dry: self.create(thing, body, dry=dry, **saving(request)))

    @route("PATCH", f"{DATA}/composite/sobjects")
    @route("PATCH", f"{DATA}/composite/sobjects/")
    def update_many(self, request: Request, version: str) -> Reply:
        def update(thing: Thing, record: Record, dry: bool) -> Record:
            id = str(record.get("id") or record.get("Id") or "")
            changes = {name: value for name, value in record.items() if name not in ("id", "Id")}
            return self.update(thing, id, changes, dry=dry)

        return self.collection(request, update)

    @route("PATCH", f"{DATA}/composite/sobjects/{{name}}/{{field}}")
    def upsert_many(self, request: Request, version: str, name: str, field: str) -> Reply:
        if self.thing(name) is None:
            return self.not_found(request)
        if not self.fields(THINGS[name]).get(field, Field()).external_id:
            return refuse(400, "INVALID_FIELD", f"No such column '{field}' on sobject of type {name}")
        records = records_of(body_of(request)) or []
        keys = [str(record.get(KEY_FIELD, "")).lower() for record in records if isinstance(record, dict)]
        twice = {key for key in keys if keys.count(key) > 1} if len(set(keys)) < len(keys) else set()

        def upsert(thing: Thing, record: Record, dry: bool) -> Record:
            key = str(record.get(KEY_FIELD, "")).lower()
            if key in twice:
                words = f"Duplicate external id specified: {record.get(KEY_FIELD)}"
                return failed(error("DUPLICATE_VALUE", words, KEY_FIELD), upsert=True)
            return self.upsert(thing, record, dry=dry, **saving(request))

        return self.collection(request, upsert, upsert=True)

    @route("POST", f"{DATA}/composite/sobjects/{{name}}")
    def retrieve_many(self, request: Request, version: str, name: str) -> Reply:
        wanted = request.json()
        rows = [self.table(THINGS[name].table).get(id) for id in wanted["ids"]]
        return Reply.json([row and {name: row.get(name) for name in wanted["fields"]} for row in rows])

    @route("DELETE", f"{DATA}/composite/sobjects")
    def delete_many(self, request: Request, version: str) -> Reply:
        ids = request.param("ids").split(",")
        kinds = {thing.prefix: thing for thing in THINGS.values()}
        return Reply.json([self.delete(kinds.get(id[:3], THINGS["Lead"]), id) for id in ids])

    def collection(
        self, request: Request, write: Callable[[Thing, Record, bool], Record], *, upsert: bool = False
    ) -> Reply:
        """One result for each record, in order; or one refusal for them all."""
        body = body_of(request)
        records = records_of(body)
        if records is None:
            return refuse(400, "JSON_PARSER_ERROR", "Unexpected character or missing records at [line:1, column:1]")
        if len(records) > MOST_RECORDS:
            words = "record limit reached. cannot submit more than 200 records into this call"
            return refuse(400, "EXCEEDED_ID_LIMIT", words)
        whole = body.get("allOrNone") is True
        results = [self.one(record, write, upsert=upsert, dry=whole) for record in records]
        if whole and all(result["success"] for result in results):
            results = [self.one(record, write, upsert=upsert) for record in records]
        elif whole:
            words = "Record rolled back because not all records were valid and the request was using AllOrNone header"
            back = failed(error("ALL_OR_NONE_OPERATION_ROLLED_BACK", words), upsert=upsert)
            results = [back if result["success"] else result for result in results]
        reply = Reply.json([shown(result) for result in results])
        reply.notes["external_ids"] = [record.get(KEY_FIELD) for record in records if isinstance(record, dict)]
        return reply

    def one(
        self, record: Any, write: Callable[[Thing, Record, bool], Record], *, upsert: bool, dry: bool = False
    ) -> Record:
        """One record of a collection, written or only tried."""
        if unreadable := unreadable_as(record, upsert=upsert):
            return unreadable
        fields = {name: value for name, value in record.items() if name != "attributes"}
        name = record["attributes"]["type"]
        thing = self.thing(name)
        if thing is None:
            return failed(error("INVALID_TYPE", f"sObject type '{name}' is not supported."), upsert=upsert)
        return write(thing, fields, dry)


def body_of(request: Request) -> Any:
    """The body as JSON, or nothing."""
    try:
        return request.json()
    except ValueError:
        return None


def records_of(body: Any) -> list[Any] | None:
    """The records of a collection, or nothing."""
    records = body.get("records") if isinstance(body, dict) else None
    return records if isinstance(records, list) and records else None


def unreadable_as(record: Any, *, upsert: bool) -> Record | None:
    """The result of a record that does not say of which type it is."""
    if not isinstance(record, dict) or not isinstance(record.get("attributes"), dict):
        return failed(error("JSON_PARSER_ERROR", NO_ATTRIBUTES), upsert=upsert)
    kind = record["attributes"].get("type")
    return None if kind in THINGS else failed(error("INVALID_TYPE", f"sObject type '{kind}' is not supported."))


def shown(result: Record) -> Record:
    """A result as a collection tells it, which leaves out what a duplicate rule found."""
    errors = [{name: each[name] for name in ("statusCode", "message", "fields")} for each in result["errors"]]
    return result | {"errors": errors}


def saving(request: Request) -> dict[str, bool]:
    """Whether the caller asks to save in spite of an alert."""
    wish = request.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
    return {"allow_save": "allowsave=true" in wish}


def page_rows(request: Request) -> int:
    """Rows a page, as the caller wishes within Salesforce's bounds."""
    wish = request.headers.get("sforce-query-options", "").replace(" ", "").partition("batchSize=")[2]
    return min(max(int(wish), FEWEST_ROWS), PAGE_ROWS) if wish.isdigit() else PAGE_ROWS
