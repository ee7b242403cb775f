"""The pages, in the order in which people look for them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """One entry of the navigation."""

    name: str  # by which a page says that it is here
    title: str
    path: str
    filtered: bool = True  # what was chosen on one page stays chosen on the next
    outside: bool = False  # of the command centre's own pages


PAGES = (
    Place("overview", "Overview", "/"),
    Place("listening", "Listening", "/listening"),
    Place("crises", "Crises", "/crises"),
    Place("work", "Leads and cases", "/work"),
    Place("people", "People", "/people"),
    Place("sources", "Sources", "/sources"),
    Place("quality", "Quality", "/quality"),
    Place("maturity", "Maturity", "/maturity"),
    Place("reports", "Reports", "/reports"),
    Place("kpis", "KPIs", "/kpis"),
    Place("quarantine", "Quarantine", "/quarantine", filtered=False),
    Place("airflow", "Airflow", "/dags", filtered=False, outside=True),
)
