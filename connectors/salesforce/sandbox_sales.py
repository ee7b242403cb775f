"""What salespeople and administrators of the played organisation do, below `/sandbox/`.

A salesperson works on one lead: `convert` (into a new contact, or into the `contact` that is named), `delete`,
`undelete`, `merge` (into another one), `clone`, `edit` or `hold` (keeps it locked for so many tries); an opportunity
they `close`; and on any other record: `edit`, `delete`, `merge`. An administrator sets the organisation's rules; see
`sandbox_records`.
"""

from connectors.salesforce.sandbox_bulk import Bulk
from connectors.salesforce.sandbox_fields import ACCOUNT, CONTACT, KEY_FIELD, LEAD, OPPORTUNITY, THINGS
from connectors.salesforce.sandbox_org import single
from connectors.salesforce.sandbox_rest import body_of
from sandbox.kit import Reply, Request, route

LEADS = "/sandbox/leads/{id}"


class Sales(Bulk):
    """People at work in the organisation."""

    @route("POST", "/sandbox/org")
    def set_rules(self, request: Request) -> Reply:
        rules = {**(self.table("org").get("rules") or {}), **request.json()}
        self.table("org").delete("rules")
        self.table("org").insert(rules, id="rules")
        return Reply.json(rules)

    @route("POST", "/sandbox/contacts")
    def known_contact(self, request: Request) -> Reply:
        """Somebody whom sales know already."""
        return single(self.create(CONTACT, request.json()), status=201)

    @route("POST", "/sandbox/leads")
    def known_lead(self, request: Request) -> Reply:
        """A lead that did not come from the hub."""
        return single(self.create(LEAD, request.json(), allow_save=True), status=201)

    @route("POST", f"{LEADS}/convert")
    def convert(self, request: Request, id: str) -> Reply:
        """The lead becomes a contact of an account, and if told an opportunity; it is closed for good."""
        lead = self.table("leads").get(id)
        if not lead:
            return single({"success": False, "errors": [self.missing(LEAD, id)]})
        known = self.table("contacts").get(str((body_of(request) or {}).get("contact")))
        account = known["AccountId"] if known else self.create(ACCOUNT, {"Name": lead["Company"]})["id"]
        person = {name: lead[name] for name in ("LastName", "FirstName", "Email", "Phone") if lead.get(name)}
        contact = known["Id"] if known else self.create(CONTACT, {**person, "AccountId": account})["id"]
        self.journal("lead converted", id=id, contact=contact)
        made = {"ConvertedAccountId": account, "ConvertedContactId": contact}
        today = f"{self.clock.now():%Y-%m-%d}"
        if request.body and request.json().get("opportunity"):
            deal = {"Name": lead["Company"], "StageName": "Prospecting", "CloseDate": today, "AccountId": account}
            made["ConvertedOpportunityId"] = self.create(OPPORTUNITY, deal)["id"]
        changes = {"IsConverted": True, "Status": "Closed - Converted", "ConvertedDate": today, **made}
        return Reply.json(self.table("leads").update(id, **changes))

    @route("POST", "/sandbox/opportunities/{id}/close")
    def close(self, request: Request, id: str) -> Reply:
        """The deal is done, or it is lost."""
        won = bool(request.json()["won"])
        changes = {"IsClosed": True, "IsWon": won, "StageName": "Closed Won" if won else "Closed Lost"}
        return Reply.json(self.table("opportunities").update(id, **changes))

    @route("POST", f"{LEADS}/delete")
    def bin(self, request: Request, id: str) -> Reply:
        return Reply.json(self.delete(LEAD, id))

    @route("POST", f"{LEADS}/undelete")
    def unbin(self, request: Request, id: str) -> Reply:
        """Out of the recycle bin again, under its external id."""
        row = self.table("recycle_bin").get(id)
        if not row:
            return single({"success": False, "errors": [self.missing(LEAD, id)]})
        self.table("recycle_bin").delete(id)
        kept = {name: value for name, value in row.items() if name != "kind"} | {"IsDeleted": False}
        self.table("leads").insert(kept, id=id)
        self.remember(LEAD, row.get(KEY_FIELD), id)
        self.journal("lead restored", id=id, external_id=row.get(KEY_FIELD))
        return Reply.json(kept)

    @route("POST", f"{LEADS}/merge")
    def merge(self, request: Request, id: str) -> Reply:
        """The other lead is the one that stays."""
        return Reply.json(self.delete(LEAD, id, MasterRecordId=str(request.json()["into"])))

    @route("POST", f"{LEADS}/clone")
    def clone(self, request: Request, id: str) -> Reply:
        """A second lead with all the fields of the first, its external id too where the field is not unique."""
        row = self.table("leads").get(id) or {}
        fields = {name: value for name, value in row.items() if LEAD.fields[name].createable and value is not None}
        return single(self.create(LEAD, fields, allow_save=True), status=201)

    @route("POST", f"{LEADS}/edit")
    def edit(self, request: Request, id: str) -> Reply:
        return Reply.json(self.update(LEAD, id, request.json()))

    @route("POST", f"{LEADS}/hold")
    def hold(self, request: Request, id: str) -> Reply:
        """Somebody's long transaction keeps the lead locked for so many tries."""
        self.table("locks").delete(id)
        self.table("locks").insert({"times": int(request.json()["times"])}, id=id)
        return Reply.empty()

    @route("POST", "/sandbox/records/{name}/{id}/edit")
    def edit_any(self, request: Request, name: str, id: str) -> Reply:
        return Reply.json(self.update(THINGS[name], id, request.json()))

    @route("POST", "/sandbox/records/{name}/{id}/delete")
    def bin_any(self, request: Request, name: str, id: str) -> Reply:
        return Reply.json(self.delete(THINGS[name], id))

    @route("POST", "/sandbox/records/{name}/{id}/merge")
    def merge_any(self, request: Request, name: str, id: str) -> Reply:
        """The other record is the one that stays."""
        return Reply.json(self.delete(THINGS[name], id, MasterRecordId=str(request.json()["into"])))
