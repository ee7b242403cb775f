"""The other side of Instagram: Acme's professional account on graph.facebook.com, over the invented world's posts.

What Acme posts is its media, answers to them are comments; who names @acme is found among the tags, and a hashtag shows
the last day of everybody, without authors, in no order, and with one cursor for all pages. Other firms can be
discovered by name. What is not Acme's own cannot be asked for by its id. Thirty hashtags in seven days, no more.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from connectors.instagram.sandbox_shapes import (
    ACCOUNT,
    ALWAYS,
    DAY,
    HASHTAGS,
    PAGE_BASE,
    WEEK,
    account_fields,
    account_id,
    comment_fields,
    comment_id,
    hashtag_id,
    insight,
    media_fields,
    media_id,
    metric_names,
    mixed,
    number_in,
    permalink,
)
from sandbox.graph import US, GraphSystem, Node, Refused, Wanted, gone, listed, order_of, shown
from sandbox.kit import Person, Reply, Request, WorldPost, route

PAGE = 50  # the most that a list gives


class Instagram(GraphSystem):
    """graph.facebook.com, as far as Instagram goes."""

    hosts = ("graph.facebook.com",)
    token = "sandbox-instagram-token"
    app_secret = "sandbox-instagram-secret"
    usage = ("instagram", 80002)

    def account(self) -> str:
        """Acme's."""
        return account_id(self._us)

    def address_of(self, post: WorldPost) -> str:
        """Where people see it."""
        return permalink(self.world.trace(post.thread) or post)

    @route("GET", "/v25.0/ig_hashtag_search")
    def search(self, request: Request) -> Reply:
        """A hashtag's id; the thirty-first of seven days is refused."""
        tag, searched, now = request.param("q").lower(), self.table("searched"), self.clock.now()
        if request.param("user_id") != self.account() or not tag:
            return Refused(100, "The account or the hashtag is missing.").reply()
        known = {row["id"]: row for row in searched.all() if now - datetime.fromisoformat(row["at"]) < WEEK}
        if tag not in known:
            if len(known) >= HASHTAGS:
                return Refused(18, "Too many different hashtags in seven days.").reply()
            if searched.get(tag):
                searched.update(tag, at=now.isoformat())
            else:
                searched.insert({"id": tag, "at": now.isoformat()})
        return Reply.json({"data": [{"id": hashtag_id(tag)}]})

    def node(self, id: str) -> Node:
        """The token's holder, by `me`; Acme's account; what is its own, and what is below."""
        if id == "me":
            return Node("Page", {"id": str(PAGE_BASE + self._us.id), "name": self._us.name}, ("id", "name"), {
                "accounts": self._accounts,
            })  # fmt: skip
        if id == self.account():
            return self._account_node(self._us)
        for row in self.table("searched").all():
            if id == hashtag_id(row["id"]):
                return Node(
                    "ShadowIGHashtag", {"id": id, "name": row["id"]}, ("id",), {"recent_media": self._recent(row["id"])}
                )
        post = self.world.get(number_in(id))
        root = self.world.get(post.thread) if post and post.network == "instagram" else None
        if post is None or root is None or not root.author.own:
            raise gone(id)
        if id not in (media_id(post), comment_id(post)) or (id == comment_id(post)) != bool(post.in_reply_to):
            raise gone(id)
        return self._comment(post) if post.in_reply_to else self._media(post)

    @property
    def _us(self) -> Person:
        return self.world.by_handle(US) or self.world.people[0]

    def _accounts(self, asked: Wanted) -> dict[str, Any]:
        fields = {
            "id": str(PAGE_BASE + self._us.id),
            "name": self._us.name,
            "instagram_business_account": self._account_node(self._us),
        }
        return {"data": [shown(Node("Page", fields, ("id", "name")), asked.fields)]}

    def _account_node(self, person: Person) -> Node:
        media = self.newest(
            ("media", person.id), lambda post: post.in_reply_to is None and post.author.id == person.id, self._media,
            most=PAGE,
        )  # fmt: skip
        fields = account_fields(person, len(self._posts_of(person)))
        if person.id != self._us.id:
            return Node(ACCOUNT, fields, ("id",), {"media": media})
        return Node(ACCOUNT, fields, ("id",), {
            "media": media,
            "tags": self.newest(
                "tags", lambda post: _names_us(post) and post.in_reply_to is None, self._tagged, most=PAGE
            ),
            "insights": self._insights,
            "business_discovery": self._discovered,
            "mentioned_media": self._mentioned_media,
            "mentioned_comment": self._mentioned_comment,
            "recently_searched_hashtags": self._searched,
        })  # fmt: skip

    def _posts_of(self, person: Person) -> list[WorldPost]:
        mine = (post for post in self.world.posts("instagram") if post.author.id == person.id)
        return [post for post in mine if post.in_reply_to is None]

    def _media(self, post: WorldPost, *, stranger: bool = False) -> Node:
        below = self.below(post)
        fields = media_fields(post, len(below), self.clock.now(), named=not stranger, owner=post.author.own)
        return Node("IGMedia", fields, ("id",), {} if stranger else {"comments": self._comments(post, top=True)})

    def _tagged(self, post: WorldPost) -> Node:
        return Node("IGMedia", media_fields(post, len(self.below(post)), self.clock.now(), named=True, owner=False))

    def _comment(self, post: WorldPost) -> Node:
        root, top = self.world.trace(post.thread) or post, self.top(post)
        fields = comment_fields(post, root, None if top.id == post.id else top, self.clock.now())
        edges = {"replies": self._comments(post, top=False)} if top.id == post.id else {}
        return Node("IGComment", fields, ("id", "text", "timestamp"), edges)

    def _comments(self, post: WorldPost, *, top: bool) -> Any:
        def edge(asked: Wanted) -> dict[str, Any]:
            found = [each for each in reversed(self.below(post)) if not top or self.top(each).id == each.id]

            def beyond(place: int | None) -> Iterator[WorldPost]:
                return (each for each in found if place is None or order_of(each) < place)

            return listed(beyond, asked, node=self._comment, most=PAGE)

        return edge

    def _discovered(self, asked: Wanted) -> dict[str, Any]:
        person = self.world.by_handle(asked.params.get("username", ""))
        if person is None or person.id > 100:
            raise Refused(110, "There is no such professional account.", subcode=2207013)
        body = shown(self._account_node(person), asked.fields)
        if "media" in body:
            more = "next" in body["media"].get("paging", {})
            after = body["media"].pop("paging", {}).get("cursors", {}).get("after")
            body["media"] |= {"paging": {"cursors": {"after": after}}} if more else {}
        return body

    def _mentioned_media(self, asked: Wanted) -> dict[str, Any]:
        post = self.world.get(number_in(asked.params.get("media_id", "")))
        if post is None or post.in_reply_to or not _names_us(post) or media_id(post) != asked.params["media_id"]:
            raise gone(asked.params.get("media_id", ""))
        return shown(self._tagged(post), asked.fields)

    def _mentioned_comment(self, asked: Wanted) -> dict[str, Any]:
        post = self.world.get(number_in(asked.params.get("comment_id", "")))
        if post is None or not post.in_reply_to or not _names_us(post):
            raise gone(asked.params.get("comment_id", ""))
        return shown(self._comment(post), asked.fields)

    def _searched(self, asked: Wanted) -> dict[str, Any]:
        now = self.clock.now()
        fresh = [row["id"] for row in self.table("searched").all() if now - datetime.fromisoformat(row["at"]) < WEEK]
        return {"data": [{"id": hashtag_id(tag)} for tag in fresh[: int(asked.params.get("limit", "25"))]]}

    def _recent(self, tag: str) -> Any:
        """What carries a hashtag since yesterday; the cursor is always the same, and leads on from where one was."""

        def edge(asked: Wanted) -> dict[str, Any]:
            if asked.params.get("user_id") != self.account():
                raise Refused(100, "On whose behalf?")
            found = mixed(
                post for post in self.world.posts("instagram", since=self.clock.now() - DAY)
                if post.in_reply_to is None and tag in {each.lower() for each in post.tags}
            )  # fmt: skip
            places = self.table("places")
            row = places.get(tag)
            start = row["place"] if row and asked.params.get("after") == ALWAYS else 0
            size = min(int(asked.params.get("limit", "25")), PAGE)
            if row:
                places.update(tag, place=start + size)
            else:
                places.insert({"id": tag, "place": start + size})
            data = [shown(self._media(post, stranger=True), asked.fields) for post in found[start : start + size]]
            paging = {"cursors": {"after": ALWAYS}} | ({"next": ""} if len(found) > start + size else {})
            return {"data": data} | ({"paging": paging} if data else {})

        return edge

    def _insights(self, asked: Wanted) -> dict[str, Any]:
        now, mine = self.clock.now(), self._posts_of(self._us)
        total = asked.params.get("metric_type") == "total_value"
        ends = [(now - timedelta(days=back)).replace(hour=8, minute=0, second=0, microsecond=0) for back in (1, 0)]
        names = metric_names(asked.params.get("metric", ""), total=total)
        return {"data": [insight(name, self.account(), mine, ends, total=total) for name in names]}


def _names_us(post: WorldPost) -> bool:
    return not post.author.own and US in {name.lower() for name in post.mentions}
