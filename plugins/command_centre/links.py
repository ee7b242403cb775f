"""From a task in Airflow to the page of what its run made."""

from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

from command_centre import PREFIX


class WhatItMade(BaseOperatorLink):
    """A button on every task."""

    name = "What it made"

    def get_link(self, operator, *, ti_key) -> str:
        """The command centre's page of the task's run."""
        return f"{PREFIX}/runs/{quote(ti_key.dag_id)}/{quote(ti_key.run_id)}"
