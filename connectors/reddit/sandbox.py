"""The other side of Reddit: tokens at www.reddit.com, the Data API at oauth.reddit.com.

Listings start at the newest and lead back by full names. What was deleted leaves listings, and stays as a shell for
those who ask for it by name. A client that does not present itself as asked is throttled.
"""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from connectors.reddit.sandbox_shapes import (
    COMMUNITIES,
    DEEPEST,
    account_of,
    below,
    community_of,
    depth_of,
    id_of,
    listing,
    name_of,
    permalink,
    post_in,
    thing_of,
    title_of,
)
from sandbox.kit import Person, Reply, Request, Shelves, System, Window, WorldPost, route

US = "acme"
CLIENT = "sandbox-reddit-app:sandbox-reddit-secret"
SEED = "sandbox-reddit-refresh"
LASTS = timedelta(days=1)
CALLS, WINDOW_SECONDS = 1000, 600
PRESENTED = re.compile(r"\S+:\S+:\S+ \(by /?u/\S+\)")
NOTED = (
    "name", "id", "author", "author_fullname", "body", "body_html", "created", "created_utc", "parent_id", "score",
    "subreddit", "subreddit_name_prefixed", "distinguished", "likes", "link_title",
)  # fmt: skip
"""What a note in the inbox shows of a comment."""
FOR_ACCOUNTS = ("/api/v1/me", "/message/inbox")
Wanted = Callable[[WorldPost], bool]


class Reddit(System):
    """Both hosts."""

    hosts = ("oauth.reddit.com", "www.reddit.com")
    _window: Window

    def start(self) -> None:
        """Nothing was asked yet."""
        self._shelves = Shelves(self.world, "reddit", _placed)
        self._tokens = self.table("tokens")

    def admit(self, request: Request) -> Reply | None:
        """Only with a token, presented as asked, and not too often; some things are for accounts alone."""
        self._window = self.take("all", limit=CALLS, seconds=WINDOW_SECONDS)
        if self._window.exceeded or not PRESENTED.fullmatch(request.headers.get("user-agent", "")):
            return _refusal(429, "Too Many Requests")
        if request.host == "www.reddit.com":
            return None
        row = self._tokens.get(request.bearer or "")
        if row is None or row["until"] <= self.clock.now().timestamp():
            reply = _refusal(401, "Unauthorized")
            reply.headers["www-authenticate"] = 'Bearer realm="reddit", error="invalid_token"'
            return reply
        if request.path.rstrip("/") in FOR_ACCOUNTS and not row["account"]:
            told = {"reason": "USER_REQUIRED", "explanation": "Please log in to do that."}
            return _refusal(403, "Forbidden", **told)
        return None

    def seal(self, request: Request, reply: Reply) -> None:
        """Every answer names its window: what is left as a float, its end in seconds from now."""
        reply.headers |= {
            "x-ratelimit-used": str(CALLS - self._window.remaining),
            "x-ratelimit-remaining": f"{self._window.remaining}.0",
            "x-ratelimit-reset": str(self._window.seconds_left(self.clock.now())),
        }  # fmt: skip

    def not_found(self, request: Request) -> Reply:
        """Reddit's words."""
        return _refusal(404, "Not Found")

    def address_of(self, post: WorldPost) -> str:
        """Where people read it."""
        return f"https://www.reddit.com{permalink(post)}"

    @route("POST", "/api/v1/access_token", host="www.reddit.com")
    def token(self, request: Request) -> Reply:
        """A token for the application, or for the account whose refresh token is shown."""
        proof = base64.b64encode(CLIENT.encode()).decode()
        if request.headers.get("authorization") != f"Basic {proof}":
            return _refusal(401, "Unauthorized")
        form = request.form()
        account = form.get("grant_type") == "refresh_token"
        if account and form.get("refresh_token") != SEED:
            return Reply.json({"error": "invalid_grant"}, status=400)
        if not account and form.get("grant_type") != "client_credentials":
            return Reply.json({"error": "unsupported_grant_type"})
        value = f"sandbox-reddit-{self._tokens.next_id()}"
        self._tokens.insert({"account": account, "until": (self.clock.now() + LASTS).timestamp()}, value)
        told = {"access_token": value, "token_type": "bearer", "expires_in": int(LASTS.total_seconds())}
        return Reply.json(told | {"scope": "history identity privatemessages read" if account else "*"})

    @route("GET", "/api/v1/me")
    @route("GET", "/api/v1/me/")
    def me(self, request: Request) -> Reply:
        """Whose token this is."""
        person = self.world.by_handle(US) or self.world.people[0]
        return Reply.json(_profile(person))

    @route("GET", "/user/{name}/about")
    def about_account(self, request: Request, name: str) -> Reply:
        """An account's numbers."""
        person = self.world.by_handle(name)
        return Reply.json({"kind": "t2", "data": _profile(person)}) if person else self.not_found(request)

    @route("GET", "/r/{community}/about")
    def about_community(self, request: Request, community: str) -> Reply:
        """A community's numbers."""
        if community.lower() not in COMMUNITIES:
            return self._nowhere(community)
        facts = {"name": f"t5_{community}", "display_name": community, "subscribers": 12_000, "accounts_active": 40}
        return Reply.json({"kind": "t5", "data": facts})

    @route("GET", "/search")
    def search(self, request: Request) -> Reply:
        """Posts that hold the words; OR stands between alternatives."""
        question = request.param("q")
        ways = [re.findall(r'"([^"]*)"|(\S+)', way.lower()) for way in question.split(" OR ")]

        def wanted(post: WorldPost) -> bool:
            text = f"{title_of(post)} {post.text}".lower()
            return not post.in_reply_to and any(all((a or b) in text for a, b in way) for way in ways if way)

        return self._listing(request, ("search", question), wanted)

    @route("GET", "/r/{community}/new")
    def new(self, request: Request, community: str) -> Reply:
        """The posts of a community."""
        return self._of(request, community, lambda post: not post.in_reply_to, "new")

    @route("GET", "/r/{community}/comments")
    def comments(self, request: Request, community: str) -> Reply:
        """The comments of a community."""
        return self._of(request, community, lambda post: bool(post.in_reply_to), "comments")

    @route("GET", "/user/{name}/overview")
    def overview(self, request: Request, name: str) -> Reply:
        """What an account has posted and commented."""
        person = self.world.by_handle(name)
        if person is None:
            return self.not_found(request)
        return self._listing(request, ("overview", person.id), lambda post: post.author.id == person.id)

    @route("GET", "/message/inbox")
    def inbox(self, request: Request) -> Reply:
        """Who answered us or named us."""
        return self._listing(request, "inbox", lambda post: bool(self._told(post)), self._note)

    @route("GET", "/comments/{id}")
    def tree(self, request: Request, id: str) -> Reply:
        """A post and the tree below it; deep branches are left out, and named."""
        post = self.world.get(post_in(id))
        if post is None or post.in_reply_to:
            return self.not_found(request)
        children = [self._branch(reply) for reply in reversed(self.world.replies(post.id))]
        return Reply.json([listing([self._thing(post)]), listing(children)])

    @route("GET", "/api/morechildren")
    def more(self, request: Request) -> Reply:
        """Comments that a tree has left out, side by side."""
        ids = request.param("children").split(",")[:100]
        found = [post for id in ids if (post := self.world.get(post_in(id)))]
        things = [self._thing(each) for post in found for each in (post, *below(post, self.world))]
        return Reply.json({"json": {"errors": [], "data": {"things": things}}})

    @route("GET", "/api/info")
    def info(self, request: Request) -> Reply:
        """Things by their full names, as shells where they were deleted."""
        names = [name for name in request.param("id").split(",") if name][:100]
        posts = [(name, self.world.get(post_in(name)) or self.world.trace(post_in(name))) for name in names]
        there = [post for name, post in posts if post and post.network == "reddit" and name_of(post) == name]
        return Reply.json(listing([self._thing(post) for post in there]))

    # What stands behind the answers.

    def _of(self, request: Request, community: str, kind: Wanted, name: str) -> Reply:
        if community.lower() not in (*COMMUNITIES, "popular"):
            return self._nowhere(community)
        everywhere = community.lower() == "popular"

        def wanted(post: WorldPost) -> bool:
            return kind(post) and (everywhere or community_of(post) == community.lower())

        return self._listing(request, (name, community.lower()), wanted)

    def _listing(
        self, request: Request, question: object, wanted: Wanted,
        shown: Callable[[WorldPost], dict[str, Any]] | None = None,
    ) -> Reply:  # fmt: skip
        text = request.param("limit")
        size = min(int(text), 100) if text.isdigit() and int(text) else 25
        anchor = self.world.trace(post_in(request.param("after"))) if request.param("after") else None
        below_it = _placed(anchor) if anchor else None
        found = list(islice(self._shelves.newest(question, wanted, below=below_it), size + 1))
        after = name_of(found[size - 1]) if len(found) > size else None
        return Reply.json(listing([(shown or self._thing)(post) for post in found[:size]], after))

    def _thing(self, post: WorldPost) -> dict[str, Any]:
        return thing_of(post, self.world, self.clock.now())

    def _branch(self, post: WorldPost) -> dict[str, Any]:
        thing, replies = self._thing(post), list(reversed(self.world.replies(post.id)))
        if not replies:
            return thing
        if depth_of(post, self.world) + 1 < DEEPEST:
            children = [self._branch(reply) for reply in replies]
        else:
            ids = [id_of(reply) for reply in replies]
            told = {
                "count": len(ids),
                "id": ids[0],
                "name": f"t1_{ids[0]}",
                "parent_id": name_of(post),
                "children": ids,
            }
            children = [{"kind": "more", "data": told}]
        thing["data"]["replies"] = listing(children)
        return thing

    def _told(self, post: WorldPost) -> str:
        parent = self.world.trace(post.in_reply_to or 0)
        if parent is None or post.author.handle == US:
            return ""
        if parent.author.handle == US:
            return "comment_reply" if parent.in_reply_to else "post_reply"
        return "username_mention" if US in {name.lower() for name in post.mentions} else ""

    def _note(self, post: WorldPost) -> dict[str, Any]:
        data = self._thing(post)["data"]
        kind = self._told(post)
        facts = {
            "context": f"{permalink(post)}?context=3", "type": kind, "subject": kind.replace("_", " "), "new": True,
            "was_comment": True, "dest": US, "replies": "", "first_message": None, "first_message_name": None,
            "num_comments": 1, "associated_awarding_id": None,
        }  # fmt: skip
        return {"kind": "t1", "data": {name: data[name] for name in NOTED if name in data} | facts}

    def _nowhere(self, community: str) -> Reply:
        return Reply.empty(302, {"Location": f"https://www.reddit.com/subreddits/search?q={community}"})


def _placed(post: WorldPost) -> int:
    return (post.published_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) << 12 | post.id % 4096


def _profile(person: Person) -> dict[str, Any]:
    name = f"u_{person.handle}"
    return {
        "name": person.handle, "id": account_of(person).removeprefix("t2_"), "created_utc": person.joined.timestamp(),
        "link_karma": person.followers // 3, "comment_karma": person.followers // 2, "has_verified_email": True,
        "total_karma": person.followers // 3 + person.followers // 2, "is_employee": False, "verified": person.verified,
        "subreddit": {"name": f"t5_{person.id}", "display_name": name, "subscribers": person.followers},
    }  # fmt: skip


def _refusal(status: int, message: str, **more: str) -> Reply:
    return Reply.json({**more, "message": message, "error": status}, status=status)
