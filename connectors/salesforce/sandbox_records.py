"""The records of the played organisation, and what its rules make of a write.

`upsert`, `create`, `update` and `delete` answer as one result of a collection; `/sandbox/org` changes the rules:

- `duplicate_rule`: `{"matches": ["LastName"], "action": "block" | "alert", "among": ["Lead", "Contact"]}`: a new lead
  that is like one of these; an alert gives way to a caller that asks.
- `race_seconds`: an upsert of an id that another call created so recently meets it only when it inserts.
- `not_unique`: true for an organisation whose external id field lacks its tick.
- `fields`: fields of Lead as this organisation has them; null hides one. `fields_of`: the same by object; null hides
  the object.
- `demands`: `{field: word}`; a validation rule refuses a Lead whose field lacks the word.
- `bulk_seconds`: how long a job takes.
"""

from datetime import datetime, timedelta
from typing import Any

from connectors.salesforce.sandbox_fields import BY_PREFIX, KEY_FIELD, LEAD, THINGS, Field, Thing, relation_of
from connectors.salesforce.sandbox_org import Problem, error, failed, faults_of, record_id
from sandbox.kit import System

ME = "0055e000000HUBQAA4"
Record = dict[str, Any]


class Records(System):
    """Rows of each object, written by the rules."""

    def rule(self, name: str, default: Any = None) -> Any:
        """One of this organisation's own rules."""
        return (self.table("org").get("rules") or {}).get(name, default)

    def fields(self, thing: Thing) -> dict[str, Field]:
        """The fields as this organisation has them."""
        changes = (self.rule("fields", {}) if thing is LEAD else {}) | (
            self.rule("fields_of", {}).get(thing.name) or {}
        )
        if not changes:
            return thing.fields
        fields = {name: field for name, field in thing.fields.items() if changes.get(name, field) is not None}
        for name, change in changes.items():
            if change is not None:
                known = fields.get(name, Field("string", 255))
                fields[name] = known._replace(**{fact: _fact(value) for fact, value in change.items()})
        return fields

    def thing(self, name: str) -> Thing | None:
        """The object of this name, if this organisation has it."""
        return None if self.rule("fields_of", {}).get(name, {}) is None else THINGS.get(name)

    # Finding.

    def matches(self, thing: Thing, key: str) -> list[Record]:
        """The records with this external id, whatever its case; more than one only where the field is not unique."""
        known = self.table("keys").get(f"{thing.name} {key.lower()}")
        rows = [self.table(thing.table).get(id) for id in known["ids"]] if known else []
        return [row for row in rows if row]

    def missing(self, thing: Thing, id: str) -> Problem:
        """Why there is no record under this id."""
        if id in self.table("recycle_bin"):
            return error("ENTITY_IS_DELETED", "entity is deleted")
        return error("NOT_FOUND", "The requested resource does not exist")

    # Writing.

    def upsert(self, thing: Thing, record: Record, *, allow_save: bool = False, dry: bool = False) -> Record:
        """Find by external id, or create."""
        key = str(record.get(KEY_FIELD) or "")
        if not key:
            return failed(error("MISSING_ARGUMENT", f"{KEY_FIELD} not specified"), upsert=True)
        rows = self.matches(thing, key)
        if len(rows) > 1:
            ids = ", ".join(row["Id"] for row in rows)
            words = f"{KEY_FIELD}: more than one record found for external id field: [{ids}]"
            return failed(error("DUPLICATE_EXTERNAL_ID", words, KEY_FIELD), upsert=True)
        if rows and not self.raced(rows[0]):
            result = self.update(thing, rows[0]["Id"], record, dry=dry)
        else:
            result = self.create(thing, record, allow_save=allow_save, dry=dry)
        return result | {"created": result["success"] and not rows}

    def raced(self, row: Record) -> bool:
        """Whether another call made this record so recently that this one has not seen it."""
        window = timedelta(seconds=self.rule("race_seconds", 0))
        return bool(window) and self.clock.now() - datetime.fromisoformat(row["CreatedDate"]) < window

    def create(self, thing: Thing, record: Record, *, allow_save: bool = False, dry: bool = False) -> Record:
        """One new record, unless a rule stands against it."""
        record, problem = self.resolved(thing, record)
        problem = problem or faults_of(record, self.fields(thing), new=True) or self.dangling(thing, record)
        problem = problem or self.clash(thing, record, None) or self.invalid(thing, record)
        problem = problem or self.duplicate(thing, record, allow_save=allow_save)
        if problem:
            return failed(problem)
        if dry:
            return {"success": True}
        rows, now = self.table(thing.table), self.moment()
        id = record_id(thing.prefix, rows.next_id())
        filled = {name: field.default for name, field in thing.fields.items() if field.default is not None}
        made = {"Id": id, "CreatedDate": now, "LastModifiedDate": now, "SystemModstamp": now}
        rows.insert(filled | {"OwnerId": ME} | record | made | named(record), id=id)
        self.remember(thing, record.get(KEY_FIELD), id)
        self.journal(f"{thing.name.lower()} created", id=id, external_id=record.get(KEY_FIELD))
        return {"id": id, "success": True, "errors": []}

    def update(self, thing: Thing, id: str, record: Record, *, dry: bool = False) -> Record:
        """A change to one record, unless a rule or a person stands against it."""
        row = self.table(thing.table).get(id)
        record, unresolved = self.resolved(thing, record)
        problem = unresolved or (self.missing(thing, id) if row is None else self.refusal(thing, row, record))
        if problem or row is None:
            return failed(problem or self.missing(thing, id))
        if dry:
            return {"success": True}
        if KEY_FIELD in record and record[KEY_FIELD] != row.get(KEY_FIELD):
            self.forget(thing, row)
            self.remember(thing, record[KEY_FIELD], id)
        self.table(thing.table).update(
            id, **record, **named({**row, **record}), LastModifiedDate=self.moment(), SystemModstamp=self.moment()
        )
        self.journal(f"{thing.name.lower()} updated", id=id, external_id=row.get(KEY_FIELD))
        return {"id": id, "success": True, "errors": []}

    def refusal(self, thing: Thing, row: Record, record: Record) -> Problem | None:
        """Why a record that is there cannot be changed so."""
        if row.get("IsConverted"):
            return error("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        if self.locked(row["Id"]):
            words = f"unable to obtain exclusive access to this record or 1 records: {row['Id']}"
            return error("UNABLE_TO_LOCK_ROW", words)
        problem = faults_of(record, self.fields(thing), new=False) or self.dangling(thing, record)
        problem = problem or self.clash(thing, record, row)
        return problem or self.invalid(thing, {**row, **record})

    def delete(self, thing: Thing, id: str, **merged: str) -> Record:
        """Into the recycle bin, where it stays for 15 days."""
        row = self.table(thing.table).get(id)
        if row is None:
            return failed(self.missing(thing, id))
        self.table(thing.table).delete(id)
        self.forget(thing, row)
        self.point_elsewhere(id, merged.get("MasterRecordId"))
        self.table("recycle_bin").insert({**row, **merged, "IsDeleted": True, "kind": thing.name}, id=id)
        self.journal(f"{thing.name.lower()} deleted", id=id, external_id=row.get(KEY_FIELD))
        return {"id": id, "success": True, "errors": []}

    # Links.

    def resolved(self, thing: Thing, record: Record) -> tuple[Record, Problem | None]:
        """The record with ids where it names others by their external id: `{"Lead__r": {"Hub_Key__c": key}}`."""
        named = {name: value for name, value in record.items() if isinstance(value, dict)}
        if not named:
            return record, None
        fields = self.fields(thing)
        by_relation = {relation_of(name): name for name, field in fields.items() if field.refers_to}
        plain = {name: value for name, value in record.items() if name not in named}
        for relation, value in named.items():
            key = str(value.get(KEY_FIELD) or "")
            target = THINGS.get(fields[by_relation[relation]].refers_to[0]) if relation in by_relation else None
            if target is None or len(value) != 1:
                return record, error("INVALID_FIELD", f"No such column '{relation}' on sobject", relation)
            rows = self.matches(target, key)
            if len(rows) != 1:
                words = f"Foreign key external ID: {key} not found for field {KEY_FIELD} in entity {target.name}"
                return record, error("INVALID_FIELD", words)
            plain[by_relation[relation]] = rows[0]["Id"]
        return plain, None

    def dangling(self, thing: Thing, record: Record) -> Problem | None:
        """A link to a record that is not there."""
        for name, value in record.items():
            target = BY_PREFIX.get(str(value or "")[:3]) if thing.fields.get(name, Field()).refers_to else None
            if target and self.table(target.table).get(str(record[name])) is None:
                return error("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", name)
        return None

    def point_elsewhere(self, id: str, master: str | None) -> None:
        """Links to a record that is gone lead to the one it was merged into, or nowhere."""
        for thing in THINGS.values():
            for name in (name for name, field in thing.fields.items() if field.refers_to and field.updateable):
                for row in self.table(thing.table).where(**{name: id}):
                    self.table(thing.table).update(str(row["Id"]), **{name: master})

    # Rules.

    def clash(self, thing: Thing, record: Record, row: Record | None) -> Problem | None:
        """A unique field takes each value once, without regard to case."""
        key = str(record.get(KEY_FIELD) or "")
        other = next((one for one in self.matches(thing, key) if one["Id"] != (row or {}).get("Id")), None)
        if not key or other is None or self.rule("not_unique"):
            return None
        words = f"duplicate value found: {KEY_FIELD} duplicates value on record with id: {other['Id']}"
        return error("DUPLICATE_VALUE", words, KEY_FIELD)

    def invalid(self, thing: Thing, record: Record) -> Problem | None:
        """A validation rule that an administrator wrote."""
        for name, word in self.rule("demands", {}).items():
            if thing is LEAD and word not in str(record.get(name) or ""):
                return error("FIELD_CUSTOM_VALIDATION_EXCEPTION", f"{name} must name {word}", name)
        return None

    def duplicate(self, thing: Thing, record: Record, *, allow_save: bool) -> Problem | None:
        """A duplicate rule; one that only alerts gives way to a caller that says so."""
        rule = self.rule("duplicate_rule")
        if thing is not LEAD or not rule or (allow_save and rule["action"] == "alert"):
            return None
        wanted = {name: record.get(name) for name in rule["matches"]}
        among = [THINGS[name] for name in rule.get("among", ["Lead"])]
        like = [
            (one, str(row["Id"]))
            for one in among
            for row in self.table(one.table).where(**wanted)
            if not row.get("IsConverted")
        ]
        if not like:
            return None
        told = error("DUPLICATES_DETECTED", "Use one of these records?")
        return told | {"duplicateResult": found_by_rule(thing, like, allow_save=rule["action"] == "alert")}

    def locked(self, id: str) -> bool:
        """Whether somebody's long transaction holds this record, counted down by each try."""
        lock = self.table("locks").get(id)
        if not lock:
            return False
        if lock["times"] > 1:
            self.table("locks").update(id, times=lock["times"] - 1)
        else:
            self.table("locks").delete(id)
        return True

    # Bookkeeping.

    def remember(self, thing: Thing, key: Any, id: str) -> None:
        """Note under which external id a record is found."""
        if key:
            name = f"{thing.name} {str(key).lower()}"
            known = self.table("keys").get(name)
            if known:
                self.table("keys").update(name, ids=[*known["ids"], id])
            else:
                self.table("keys").insert({"ids": [id]}, id=name)

    def forget(self, thing: Thing, row: Record) -> None:
        """The record is no longer found under its external id."""
        name = f"{thing.name} {str(row.get(KEY_FIELD) or '').lower()}"
        known = self.table("keys").get(name)
        if known:
            left = [id for id in known["ids"] if id != row["Id"]]
            self.table("keys").delete(name)
            if left:
                self.table("keys").insert({"ids": left}, id=name)

    def moment(self) -> str:
        """Now, as Salesforce writes it."""
        return f"{self.clock.now():%Y-%m-%dT%H:%M:%S}.{self.clock.now().microsecond // 1000:03d}+0000"


def named(record: Record) -> Record:
    """A person's whole name."""
    if "LastName" not in record:
        return {}
    return {"Name": " ".join(filter(None, (record.get("FirstName"), record["LastName"])))}


def found_by_rule(thing: Thing, like: list[tuple[Thing, str]], *, allow_save: bool) -> Record:
    """What a duplicate rule tells about the records that it found, object by object."""
    results = []
    for one in (thing for thing in THINGS.values() if any(found is thing for found, _ in like)):
        ids = [id for found, id in like if found is one]
        url = f"/services/data/v64.0/sobjects/{one.name}/"
        matches = [
            {
                "additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0,
                "record": {"attributes": {"type": one.name, "url": url + id}, "Id": id},
            }
            for id in ids
        ]  # fmt: skip
        results.append({
            "entityType": one.name, "errors": [], "matchEngine": "FuzzyMatchEngine", "matchRecords": matches,
            "rule": f"Standard_{one.name}_Match_Rule_v1_0", "size": len(ids), "success": True,
        })  # fmt: skip
    return {
        "allowSave": allow_save, "duplicateRule": f"Standard_{thing.name}_Duplicate_Rule",
        "duplicateRuleEntityType": thing.name, "errorMessage": "Use one of these records?", "matchResults": results,
    }  # fmt: skip


def _fact(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
