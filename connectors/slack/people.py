"""Who pressed, as Slack vouches for it, and whether they may."""

from collections.abc import Iterator
from typing import Any

from connectors.slack.answers import word_of
from connectors.slack.workspace import PAGE_SIZE, Workspace
from hub.domain.config import Buttons
from hub.domain.presses import Press
from hub.errors import RecordRefused, Unavailable

REMEMBERED_SECONDS = 60.0  # for which a channel's or group's members are not asked for again
MOST_PAGES = 50
NOT_ALLOWED = "You may not press this: hub.yaml, `buttons`, names who may."
OUTSIDERS = ("is_restricted", "is_ultra_restricted", "is_stranger")


class People:
    """The workspace's people, asked one by one and believed for a minute."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def name_of(self, press: Press, buttons: Buttons) -> str:
        """The name of who pressed; RecordRefused, with a sentence for them, where they may not."""
        user = self._user(press.user)
        if not buttons.users and not buttons.groups and not buttons.channels:
            if press.user not in self._members(press.channel):
                raise RecordRefused("Only members of this channel may press here; join it first.", reason="no_member")
        elif not self._named(press.user, buttons):
            raise RecordRefused(NOT_ALLOWED, reason="not_named")
        profile = user.get("profile") if isinstance(user.get("profile"), dict) else {}
        names = (profile or {}).get("display_name"), user.get("real_name"), user.get("name")
        return next((name for name in names if isinstance(name, str) and name.strip()), press.user)

    def _user(self, id: str) -> dict[str, Any]:
        """A person of this workspace: no bot, no guest, nobody of another organisation."""
        answer = self._workspace.call("users_info", user=id)
        user = answer.get("user")
        if not answer.get("ok") or not isinstance(user, dict):
            if word_of(answer) in ("user_not_found", "user_not_visible"):
                raise RecordRefused("The hub cannot see who you are, so nothing was done.", reason="unknown_user")
            raise Unavailable(f"Slack does not say who pressed ({word_of(answer) or 'unreadable answer'}).")
        if user.get("is_bot") or user.get("deleted") or id == "USLACKBOT":
            raise RecordRefused("Only people may press here.", reason="no_person")
        if any(user.get(mark) for mark in OUTSIDERS) or not self._is_ours(user):
            raise RecordRefused("Guests and people of other organisations may not press here.", reason="outsider")
        return user

    def _is_ours(self, user: dict[str, Any]) -> bool:
        team = self._workspace.team()
        enterprise = user.get("enterprise_user")
        teams = enterprise.get("teams") if isinstance(enterprise, dict) else None
        return user.get("team_id") == team or (isinstance(teams, list) and team in teams)

    def _named(self, user: str, buttons: Buttons) -> bool:
        return (
            user in buttons.users
            or any(user in self._group(group) for group in buttons.groups)
            or any(user in self._members(channel) for channel in buttons.channels)
        )

    def _group(self, group: str) -> list[str]:
        known = self._workspace.known(f"group:{group}")
        if known is None:
            answer = self._workspace.call("usergroups_users_list", usergroup=group)
            known = self._listed(answer, "users", f"user group {group}")
            self._workspace.remember(f"group:{group}", known, keep_seconds=REMEMBERED_SECONDS)
        return list(known)

    def _members(self, channel: str) -> list[str]:
        known = self._workspace.known(f"members:{channel}")
        if known is None:
            known = list(self._asked(channel))
            self._workspace.remember(f"members:{channel}", known, keep_seconds=REMEMBERED_SECONDS)
        return list(known)

    def _asked(self, channel: str) -> Iterator[str]:
        cursor = ""
        for _ in range(MOST_PAGES):
            page = {"cursor": cursor} if cursor else {}
            answer = self._workspace.call("conversations_members", channel=channel, limit=PAGE_SIZE, **page)
            yield from self._listed(answer, "members", f"channel {channel}")
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _listed(self, answer: dict[str, Any], name: str, what: str) -> list[str]:
        found = answer.get(name)
        if not answer.get("ok") or not isinstance(found, list):
            raise RecordRefused(
                f"The hub cannot see the members of the {what} ({word_of(answer) or 'unreadable answer'}), so nobody "
                "may press; correct `buttons` in hub.yaml, or invite the bot.", reason="no_list",
            )  # fmt: skip
        return [one for one in found if isinstance(one, str)]
