"""The other side of LinkedIn: Acme's page on api.linkedin.com, over the invented world's posts.

What Acme posts stands on its page. Nobody else has a page that could be read here: what other people say is played as
comments, below the post of Acme that they answer, else below the newest that was there before them. A first post says
hello at the beginning of the day, so that there is always one. URNs of comments are made with the activity, whose
number is one less than that of the share.
"""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from sandbox.kit import Reply, Request, System, Window, WorldPost, route

TOKEN = "sandbox-linkedin-token"
ORGANIZATION = "5117"
URN = f"urn:li:organization:{ORGANIZATION}"
VERSIONS = re.compile(r"20(2[5-9]|3\d)(0[1-9]|1[0-2])")
US, BASE, HELLO = "acme", 7_300_000_000_000_000_000, 1
DAILY = 10_000
NUMBER = re.compile(r"\d+")


class LinkedIn(System):
    """api.linkedin.com, as far as one page goes."""

    hosts = ("api.linkedin.com",)
    _window: Window

    def admit(self, request: Request) -> Reply | None:
        """Only with the token, a living version, and below the day's calls."""
        self._window = self.take("day", limit=DAILY, seconds=86_400)
        if self._window.exceeded:
            return refusal(429, "TOO_MANY_REQUESTS", "Resource level throttle limit reached")
        if request.bearer != TOKEN:
            return refusal(401, "INVALID_ACCESS_TOKEN", "Invalid access token")
        version = request.headers.get("Linkedin-Version")
        if not version:
            return refusal(400, "VERSION_MISSING", "A version must be present")
        if not VERSIONS.fullmatch(version):
            return refusal(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active")
        return None

    def not_found(self, request: Request) -> Reply:
        """LinkedIn's words."""
        return refusal(404, "RESOURCE_NOT_FOUND", f"No virtual resource found for {request.path}")

    def address_of(self, post: WorldPost) -> str:
        """Where people read it."""
        root = post if post.author.own else self._below_which(post)
        return f"https://www.linkedin.com/feed/update/{share_of(root)}/"

    @route("GET", "/rest/organizationAcls")
    def roles(self, request: Request) -> Reply:
        """Which pages the token's account administers."""
        role = {"role": "ADMINISTRATOR", "state": "APPROVED", "organization": URN, "roleAssignee": "urn:li:person:us"}
        return listed([role], request)

    @route("GET", "/rest/organizations")
    def organizations(self, request: Request) -> Reply:
        """By the name in the address."""
        found = [{"id": int(ORGANIZATION), "vanityName": US, "localizedName": "Acme"}]
        return listed(found if request.param("vanityName") == US else [], request)

    @route("GET", "/rest/posts")
    def posts(self, request: Request) -> Reply:
        """What the page has posted, the newest first."""
        if request.param("author") != URN:
            return refusal(403, "ACCESS_DENIED", "Not enough permissions to access: posts")
        return listed([self._post(one) for one in reversed(self._own())], request)

    @route("GET", "/rest/posts/{urn}")
    def post(self, request: Request, urn: str) -> Reply:
        """One post."""
        found = next((one for one in self._own() if share_of(one) == urn), None)
        return Reply.json(self._post(found)) if found else refusal(404, "NOT_FOUND", f"Could not find entity {urn}")

    @route("GET", "/rest/socialMetadata")
    def metadata(self, request: Request) -> Reply:
        """How often posts were reacted to and commented on."""
        wanted = [unquote(urn) for urn in request.param("ids").removeprefix("List(").removesuffix(")").split(",")]
        own = {share_of(one): one for one in self._own()}
        results = {urn: self._counts(own[urn]) for urn in wanted if urn in own}
        errors = {urn: {"status": 404} for urn in wanted if urn not in own}
        return Reply.json({"results": results, "statuses": {}, "errors": errors})

    @route("GET", "/rest/socialActions/{urn}/comments")
    def comments(self, request: Request, urn: str) -> Reply:
        """Comments below a post, or answers below a comment, the oldest first."""
        numbers = NUMBER.findall(urn)
        if urn.startswith("urn:li:comment:"):
            parent = self.world.get(int(numbers[-1]) - BASE)
            found = self.world.replies(parent.id) if parent else []
        else:
            root = next((one for one in self._own() if share_of(one) == urn), None)
            if root is None:
                return refusal(404, "NOT_FOUND", f"Could not find entity {urn}")
            found = self._comments(root)
        return listed([self._comment(one) for one in found], request)

    @route("GET", "/rest/socialActions/{urn}/comments/{id}")
    def comment(self, request: Request, urn: str, id: str) -> Reply:
        """One comment."""
        found = self.world.get(int(id) - BASE) if id.isdigit() else None
        if found is None or found.network != self.name or found.author.own:
            return refusal(404, "NOT_FOUND", f"Could not find entity {id}")
        return Reply.json(self._comment(found))

    @route("GET", "/rest/networkSizes/{urn}")
    def followers(self, request: Request, urn: str) -> Reply:
        """How many members follow the page."""
        us = self.world.by_handle(US)
        return Reply.json({"firstDegreeSize": us.followers if us else 0})

    @route("GET", "/rest/organizationalEntityShareStatistics")
    def statistics(self, request: Request) -> Reply:
        """By the day; days on which nothing happened are left out."""
        bounds = re.findall(r"(?:start|end):(\d{13})", request.param("timeIntervals"))
        if len(bounds) != 2:
            return refusal(400, "ILLEGAL_ARGUMENT", "timeIntervals needs a timeRange with start and end")
        start, end = map(int, bounds)
        days: dict[int, list[WorldPost]] = {}
        for one in self.world.posts(self.name):
            moment = milliseconds(one.published_at)
            if start <= moment < end:
                days.setdefault(moment - moment % 86_400_000, []).append(one)
        return listed([self._statistics(day, posts) for day, posts in sorted(days.items())], request)

    def _own(self) -> list[WorldPost]:
        """Acme's posts, oldest first; one at the least."""
        posts = [one for one in self.world.posts(self.name) if one.author.own and not one.in_reply_to]
        return [self._hello(), *posts]

    def _hello(self) -> WorldPost:
        timeline = self.world.timeline(self.name)
        us = self.world.by_handle(US) or self.world.people[0]
        first = min([one.published_at for one in timeline], default=self.clock.now())
        return WorldPost(
            id=HELLO, network=self.name, author=us, text="Good morning from the roastery. What are you brewing?",
            lang="en", published_at=first.replace(microsecond=0) - timedelta(minutes=5), thread=HELLO,
        )  # fmt: skip

    def _below_which(self, post: WorldPost) -> WorldPost:
        """The post of Acme that a comment stands below."""
        own = self._own()
        root = next((one for one in own if one.id == post.thread), None)
        return root or [one for one in own if one.published_at <= post.published_at][-1]

    def _comments(self, root: WorldPost) -> list[WorldPost]:
        others = (one for one in self.world.posts(self.name) if not one.author.own and not self._answered(one))
        return [one for one in others if self._below_which(one).id == root.id]

    def _answered(self, post: WorldPost) -> WorldPost | None:
        """The comment that this one is an answer to."""
        parent = self.world.get(post.in_reply_to) if post.in_reply_to else None
        return parent if parent and not parent.author.own else None

    def _post(self, post: WorldPost) -> dict[str, Any]:
        moment = milliseconds(post.published_at)
        link = {"article": {"source": post.links[0], "title": "Read on"}} if post.links else None
        made = {
            "id": share_of(post), "author": URN, "commentary": post.text, "visibility": "PUBLIC",
            "lifecycleState": "PUBLISHED", "createdAt": moment, "publishedAt": moment,
            "lastModifiedAt": milliseconds(post.edited_at or post.published_at), "isReshareDisabledByAuthor": False,
            "distribution": {"feedDistribution": "MAIN_FEED", "thirdPartyDistributionChannels": []},
        }  # fmt: skip
        return made | ({"content": link} if link else {})

    def _comment(self, post: WorldPost) -> dict[str, Any]:
        activity = f"urn:li:activity:{BASE + self._below_which(post).id - 1}"
        urn, actor = f"urn:li:comment:({activity},{BASE + post.id})", f"urn:li:person:m{post.author.id}"
        parent, answers = self._answered(post), len(self.world.replies(post.id))
        stamp = {"actor": actor, "time": milliseconds(post.published_at)}
        likes = post.counters(self.clock.now()).likes
        made = {
            "actor": actor, "id": str(BASE + post.id), "$URN": urn, "commentUrn": urn, "object": activity,
            "created": stamp, "lastModified": {**stamp, "time": milliseconds(post.edited_at or post.published_at)},
            "message": {"attributes": [], "text": post.text},
            "likesSummary": {"totalLikes": likes, "aggregatedTotalLikes": likes, "likedByCurrentUser": False},
            "commentsSummary": {"totalFirstLevelComments": answers, "aggregatedTotalComments": answers},
        }  # fmt: skip
        answered = {"parentComment": f"urn:li:comment:({activity},{BASE + parent.id})"} if parent else {}
        return made | answered

    def _counts(self, post: WorldPost) -> dict[str, Any]:
        below = self._comments(post)
        answers = sum(len(self.world.replies(one.id)) for one in below)
        likes = post.counters(self.clock.now()).likes
        return {
            "entity": share_of(post), "commentsState": "OPEN",
            "reactionSummaries": {"LIKE": {"reactionType": "LIKE", "count": likes}},
            "commentSummary": {"count": len(below) + answers, "topLevelCount": len(below)},
        }  # fmt: skip

    def _statistics(self, day: int, posts: list[WorldPost]) -> dict[str, Any]:
        seen = sum(one.appeal for one in posts) * 40
        counts = {
            "impressionCount": seen, "uniqueImpressionsCount": seen * 2 // 3, "clickCount": seen // 25,
            "likeCount": seen // 30, "commentCount": len(posts), "shareCount": seen // 200, "engagement": 0.04,
        }  # fmt: skip
        return {
            "organizationalEntity": URN, "totalShareStatistics": counts,
            "timeRange": {"start": day, "end": day + 86_400_000},
        }  # fmt: skip


def listed(found: list[dict[str, Any]], request: Request) -> Reply:
    """One page of a list."""
    start, count = (int(request.param(name) or default) for name, default in (("start", 0), ("count", 10)))
    paging = {"start": start, "count": count, "total": len(found), "links": []}
    return Reply.json({"paging": paging, "elements": found[start : start + count]})


def refusal(status: int, code: str, message: str) -> Reply:
    """An error in LinkedIn's form."""
    headers = {"x-restli-error-response": "true"}
    return Reply.json({"status": status, "code": code, "message": message}, status=status, headers=headers)


def share_of(post: WorldPost) -> str:
    """The URN of a post."""
    return f"urn:li:share:{BASE + post.id}"


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return int(moment.timestamp() * 1000)
