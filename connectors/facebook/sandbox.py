"""The other side of Facebook: the Page of Acme on graph.facebook.com, over the invented world's posts.

What Acme posts stands in the feed of its Page, and so does what people post there; who names @acme in a post of their
own is found among the tagged. Answers are comments: below a post, or below a comment, and no deeper. Reviews are posts
that carry a `recommendation`. The insights know the metrics that are alive; a dead one fails its call.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from connectors.facebook.sandbox_shapes import (
    METRICS,
    PAGE,
    attachments_of,
    comment_id,
    from_of,
    insight,
    metric_names,
    number_of,
    page_fields,
    page_id,
    post_id,
    reactions,
    review_fields,
    tags_of,
)
from sandbox.graph import US, GraphSystem, Node, Wanted, gone, listed, moment, order_of
from sandbox.kit import WorldPost


class Facebook(GraphSystem):
    """graph.facebook.com, as far as Pages go."""

    hosts = ("graph.facebook.com",)
    token = "sandbox-facebook-token"
    app_secret = "sandbox-facebook-secret"
    usage = ("pages", 80001)

    def allowance(self) -> int:
        """By the number of people who have to do with the Page."""
        return 4_800 * max(1, len({post.author.id for post in self.world.posts("facebook")}))

    def account(self) -> str:
        """The Page."""
        return page_id(self._page)

    def address_of(self, post: WorldPost) -> str:
        """Where people read it."""
        root = self.world.trace(post.thread) or post
        query = f"?comment_id={number_of(post)}" if post.in_reply_to else ""
        return f"https://www.facebook.com/{self._owner(root)}/posts/{number_of(root)}{query}"

    def node(self, id: str) -> Node:
        """The Page, by `me`, its id or its name; a post; a comment."""
        if id in ("me", self.account(), self._page.handle):
            return self._page_node()
        last = id.partition("_")[2]
        post = self.world.get(number_of(last)) if last.isdigit() else None
        if post is None or post.network != "facebook":
            raise gone(id)
        root = self.world.get(post.thread)
        if root is None or id != (self._comment_id(post) if post.in_reply_to else self._post_id(post)):
            raise gone(id)
        return self._comment(post) if post.in_reply_to else self._post(post)

    @property
    def _page(self) -> Any:
        return self.world.by_handle(US) or self.world.people[0]

    def _owner(self, root: WorldPost) -> str:
        """On whose wall it stands: Acme's, but for people who only name us."""
        return page_id(root.author) if _only_names_us(root) else self.account()

    def _post_id(self, post: WorldPost) -> str:
        return post_id(self._owner(post), post)

    def _comment_id(self, post: WorldPost) -> str:
        return comment_id(post.thread, post)

    def _page_node(self) -> Node:
        return Node(
            PAGE,
            page_fields(self._page, len(self.world.posts("facebook"))),
            ("id", "name"),
            {
                "feed": self.newest("feed", _on_the_page, self._post),
                "tagged": self.newest("tagged", lambda post: _on_a_wall(post) and _only_names_us(post), self._post),
                "ratings": self.newest("ratings", lambda post: "recommendation" in post.extra, self._review),
                "insights": self._insights,
            },
        )

    def _post(self, post: WorldPost) -> Node:
        now = self.clock.now()
        below = self.below(post)
        shared = self.world.trace(post.shared) if post.shared else None
        fields = {
            "id": self._post_id(post), "message": post.text or None, "created_time": moment(post.published_at),
            "updated_time": moment(max([post.edited_at or post.published_at, *(one.published_at for one in below)])),
            "permalink_url": self.address_of(post), "from": from_of(post), "is_hidden": False, "is_published": True,
            "status_type": "shared_story" if shared else "mobile_status_update", "message_tags": tags_of(post),
            "parent_id": self._post_id(shared) if shared else None,
            "shares": {"count": shares} if (shares := post.counters(now).shares) else None,
            "attachments": attachments_of(post),
        }  # fmt: skip
        edges = {"comments": self._comments(post), "reactions": reactions(post, now)}
        return Node("PagePost", fields, ("created_time", "message", "id"), edges)

    def _comment(self, post: WorldPost) -> Node:
        root, top = self.world.trace(post.thread) or post, self.top(post)
        answers = len([each for each in self.below(root) if each.id != post.id and self.top(each).id == post.id])
        fields = {
            "id": self._comment_id(post), "message": post.text, "created_time": moment(post.published_at),
            "permalink_url": self.address_of(post), "like_count": post.counters(self.clock.now()).likes,
            "comment_count": answers, "is_hidden": False, "from": from_of(post), "object": {"id": self._post_id(root)},
            "is_private": post.extra.get("visibility", "public") not in ("public", "unlisted"),
            "parent": {"id": self._comment_id(top)} if top.id != post.id else None, "message_tags": tags_of(post),
            "attachment": None,
        }  # fmt: skip
        return Node("Comment", fields, ("created_time", "from", "message", "id"))

    def _review(self, post: WorldPost) -> Node:
        return Node("Recommendation", review_fields(post), ("created_time", "recommendation_type", "review_text"))

    def _comments(self, post: WorldPost) -> Any:
        def edge(asked: Wanted) -> dict[str, Any]:
            found = self.below(post)
            if asked.params.get("filter") != "stream":
                found = [each for each in found if self.top(each).id == each.id]
            newest_first = asked.params.get("order") == "reverse_chronological"
            found = found[::-1] if newest_first else found

            def beyond(place: int | None) -> Iterator[WorldPost]:
                for each in found:
                    if place is None or (order_of(each) < place if newest_first else order_of(each) > place):
                        yield each

            return listed(beyond, asked, node=self._comment, total=len(found))

        return edge

    def _insights(self, asked: Wanted) -> dict[str, Any]:
        now, mine = self.clock.now(), [post for post in self.world.posts("facebook") if post.author.own]
        ends = [(now - timedelta(days=back)).replace(hour=8, minute=0, second=0, microsecond=0) for back in (1, 0)]
        names = metric_names(asked.params.get("metric", ""))
        data = [insight(name, self.account(), [(end, METRICS[name](mine, end)) for end in ends]) for name in names]
        return {"data": data}


def _on_a_wall(post: WorldPost) -> bool:
    return post.in_reply_to is None and "recommendation" not in post.extra and (post.author.own or not post.shared)


def _only_names_us(post: WorldPost) -> bool:
    return not post.author.own and US in {name.lower() for name in post.mentions}


def _on_the_page(post: WorldPost) -> bool:
    return _on_a_wall(post) and not _only_names_us(post)
