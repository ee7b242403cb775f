"""Puts the command centre into Airflow's menu, home page and run pages. Registration only."""

from airflow.plugins_manager import AirflowPlugin

from command_centre import PREFIX
from command_centre.links import WhatItMade

STATIC = f"{PREFIX}/static"
FRAMED = {"icon": f"{STATIC}/icon.svg", "icon_dark_mode": f"{STATIC}/icon-dark.svg"}
NAV = FRAMED | {
    "name": "Hub",  # Airflow's menu cuts longer names
    "href": f"{PREFIX}/",
    "destination": "nav",
    "url_route": "command-centre",
    "nav_top_level": True,
}
RUN_TAB = FRAMED | {
    "name": "What it made",
    "href": f"{PREFIX}/runs/{{DAG_ID}}/{{RUN_ID}}",
    "destination": "dag_run",
    "url_route": "what-it-made",
}
TILE = {
    "name": "HubTile",
    "bundle_url": f"{STATIC}/tile.js",
    "destination": "dashboard",
    "url_route": "hub-tile",
}


class CommandCentrePlugin(AirflowPlugin):
    name = "command_centre"
    external_views = [NAV, RUN_TAB]
    react_apps = [TILE]
    global_operator_extra_links = [WhatItMade()]

    @property
    def fastapi_apps(self):  # every part of Airflow loads plugins; only the API server asks for this
        from command_centre.app import build

        return [{"name": "Command centre", "app": build(), "url_prefix": PREFIX}]
