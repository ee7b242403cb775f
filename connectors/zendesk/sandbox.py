"""Zendesk, played: tickets, comments, audits, end users, background jobs, idempotency keys and tokens that end.

True to what was observed: a key is kept two hours by the sandbox's clock and belongs to one body; a PUT has no key;
`external_id` is not unique; lists are exact while search lags a minute; a closed ticket takes no change but
may be followed up; `safe_update` answers 409 when the ticket is newer than the stamp; `/users/me` knows nobody
without credentials and says so with a 200; a job's rows are made one by one, in an order of its own; `{{...}}` in a
text is expanded, and noted, so that injection shows.

Agents use the same API with the account's legacy token. Its owner works below `/sandbox/`: `jobs?queue_seconds=&
rows_per_second=`, `jobs/kill`, `jobs/forget`, `bulk_users?allowed=0`, `slow_creates?seconds=` and
`tickets/<id>/comments?earlier=4999`.
"""

from dataclasses import replace

from connectors.zendesk.sandbox_jobs import Jobs
from sandbox.kit import Reply, Request, route


class Zendesk(Jobs):
    """One account with one bot, which is also the agents' stand-in."""

    hosts = ("*.zendesk.com",)

    def handle(self, request: Request) -> Reply:
        """Paths mean the same with and without `.json`; work whose time has come is done first."""
        self.finish()
        self.work_off()
        return super().handle(replace(request, path=request.path.removesuffix(".json")))

    @route("POST", "/sandbox/bulk_users")
    def allow_bulk_users(self, request: Request) -> Reply:
        """Whether many end users may be saved at once; Zendesk opens that on request only."""
        self.set("bulk_users", request.param("allowed"))
        return Reply.empty()

    @route("POST", "/sandbox/slow_creates")
    def slow_down(self, request: Request) -> Reply:
        """How long a single ticket with a key takes to be made; the gateway gives up at once."""
        self.set("create_seconds", request.param("seconds"))
        return Reply.empty()

    @route("POST", "/sandbox/tickets/{id}/comments")
    def count_more_comments(self, request: Request, id: str) -> Reply:
        """Let a ticket have so many comments more that nobody has to write."""
        self.table("tickets").update(int(id), earlier_comments=int(request.param("earlier")))
        return Reply.empty()
