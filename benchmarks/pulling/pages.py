"""Pages as X's API v2 gives them, made from a seed, and a server that costs next to nothing.

    python -m benchmarks.pulling.pages SEED

100 posts a page and about 880 bytes a post, of which 2 % are duplicates (half of a post on the same page, half of
one on the page before) and 1 % is malformed. The bytes of some pages are made once; what is sent differs from them
only in the page's number, which is part of every id and, in letters, of every text: so no text is met twice but where
its post is. The `query` asked says how many pages there are. Single posts that are asked for are not there.
"""

import json
import random
import re
import socketserver
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

POSTS_A_PAGE = 100
BAD_A_PAGE, REPEATED_A_PAGE = 1, 2
TEMPLATES = 50  # so many pages differ in more than ids
AUTHORS = 20_000
LAST = 999_999  # pages are numbered from here downwards, as ids of older posts are smaller
HERE, BEFORE = "@@HERE", "@BEFOR"  # six characters each, as a page's number has
WORD_HERE, WORD_BEFORE = "@@WORD", "@WORDB"  # the same in letters
LETTERS = str.maketrans("0123456789", "bdfklmnprt")
NEXT = re.compile(rb"(?:next|pagination)_token=(\d+)")
NOTHING = b'{"errors":[]}'
COUNT = re.compile(rb"query=pages(?:%3A|:)(\d+)")

OPENINGS = (
    "Morning all,",
    "Ok so",
    "Honestly",
    "Not sponsored, but",
    "Quick note:",
    "Friends,",
    "Update:",
    "Late to this:",
)
MIDDLES = (
    "the Acme Brew One is on my counter since spring",
    "tried the Acme Brew Pro next to a Kaffa and a Brewster",
    "my parents got an Acme Brew One and it is fine",
    "there is a new firmware for Acme Home",
    "I keep reading about Acme, the café has two now",
)
ENDINGS = (
    ("", 0.88),
    ("where can I buy one in Lisbon? What is the price", 0.02),
    ("it is broken again and I want a refund", 0.02),
    ("please help me, it does not work since the update", 0.03),
    ("love it, would recommend it to anyone", 0.05),
)
FILLERS = "beans grind water crema milk steam filter cup descale tray office weekend tamper scale kettle".split()  # noqa: SIM905
BAD = (
    {"text": 7, "entities": {}},
    {"created_at": "yesterday"},
    {"author_id": None},
    {"created_at": None},
    {"text": "\u200b \u200b"},
)


def make(seed: int, now: datetime) -> list[bytes]:
    """The bytes of all templates, each written from one stream of chance."""
    dice = random.Random(seed)
    last: list[dict[str, Any]] = []
    pages = []
    for number in range(TEMPLATES):
        posts = [_post(dice, number, place, now) for place in range(POSTS_A_PAGE - REPEATED_A_PAGE)]
        posts[37] |= BAD[number % len(BAD)]
        repeated = [posts[11], *([_of_page_before(last[23])] if last else [_post(dice, number, 99, now)])]
        whole = [*posts[:60], *repeated, *posts[60:]]
        users = {post["author_id"]: _user(int(post["author_id"])) for post in whole if post["author_id"]}
        body = {"data": whole, "includes": {"users": list(users.values())}, "meta": {"result_count": len(whole)}}
        pages.append(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())
        last = posts
    return pages


def expected(pages: int) -> dict[str, int]:
    """How many posts of each sort so many pages hold; a template that follows none repeats none of the page before."""
    repeated = pages + sum(1 for page in range(pages) if page % TEMPLATES)
    return {"fetched": pages * POSTS_A_PAGE, "bad": pages * BAD_A_PAGE, "known": repeated}


def _post(dice: random.Random, page: int, place: int, now: datetime) -> dict[str, Any]:
    id = f"1{HERE}{page:02d}{place:03d}0000000"
    said = now - timedelta(seconds=dice.randrange(60, 20 * 3600))
    post: dict[str, Any] = {
        "id": id,
        "text": _text(dice),
        "edit_history_tweet_ids": [id],
        "author_id": str(1_000_000_000 + dice.randrange(AUTHORS)),
        "conversation_id": id,
        "created_at": said.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "lang": "en",
        "public_metrics": {
            "retweet_count": dice.randrange(50), "reply_count": dice.randrange(20), "like_count": dice.randrange(900),
            "quote_count": dice.randrange(9), "bookmark_count": dice.randrange(9),
            "impression_count": dice.randrange(90_000),
        },
        "entities": _entities(dice),
    }  # fmt: skip
    if dice.random() < 0.25:
        answered = str(1_900_000_000_000_000_000 + dice.randrange(10**15))
        post |= {"conversation_id": answered, "referenced_tweets": [{"type": "replied_to", "id": answered}]}
    return post


def _entities(dice: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {
        "hashtags": [{"start": 90, "end": 97, "tag": "coffee"}],
        "annotations": [
            {"start": 20, "end": 28, "probability": 0.93, "type": "Product", "normalized_text": "Acme Brew"}
        ],
    }
    if dice.random() < 0.5:
        found["mentions"] = [{"start": 0, "end": 5, "username": "acme", "id": "1000001"}]
    if dice.random() < 0.25:
        link = f"https://blog.example/{dice.randrange(10**6)}"
        found["urls"] = [
            {"start": 60, "end": 83, "url": "https://t.co/abcdefghij", "expanded_url": link, "display_url": link[8:]}
        ]
    return found


def _text(dice: random.Random) -> str:
    ending = dice.choices([words for words, _ in ENDINGS], [weight for _, weight in ENDINGS])[0]
    filling = " ".join(dice.choices(FILLERS, k=1 if ending else 4))
    return f"{dice.choice(OPENINGS)} {dice.choice(MIDDLES)}; {ending} {filling} {WORD_HERE} #coffee"


def _of_page_before(post: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(json.dumps(post).replace(HERE, BEFORE).replace(WORD_HERE, WORD_BEFORE))
    return written


def _user(id: int) -> dict[str, Any]:
    return {
        "id": str(id), "name": f"Person Number {id % 9973}", "username": f"person_{id}", "verified": id % 9 == 0,
        "verified_type": "none",
        "public_metrics": {
            "followers_count": id % 7001, "following_count": id % 701, "tweet_count": id % 30011,
            "listed_count": id % 31,
        },
    }  # fmt: skip


class Server(socketserver.ThreadingTCPServer):
    """Serves pages over kept connections."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, pages: list[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages = pages

    def page(self, number: int, count: int) -> bytes:
        """The bytes of one page of so many."""
        here, before = str(LAST - number), str(LAST - number + 1)
        following = f',"next_token":"{number + 1}"' if number + 1 < count else ""
        body = self.pages[number % TEMPLATES]
        for marker, word, written in ((HERE, WORD_HERE, here), (BEFORE, WORD_BEFORE, before)):
            body = body.replace(marker.encode(), written.encode())
            body = body.replace(word.encode(), written.translate(LETTERS).encode())
        return body[:-2] + f',"newest_id":"1{here}990000000000"{following}}}}}'.encode()


class Handler(socketserver.StreamRequestHandler):
    """Answers question after question of one client."""

    server: Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Until the client hangs up."""
        for head in self._heads():
            asked, count = NEXT.search(head), COUNT.search(head)
            body = self.server.page(int(asked[1]) if asked else 0, int(count[1])) if count else NOTHING
            lines = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self.wfile.write(lines.encode() + body)

    def _heads(self) -> Iterator[bytes]:
        while first := self.rfile.readline():
            yield first
            while self.rfile.readline() not in (b"\r\n", b""):
                pass


def main() -> None:
    """Say the port, then serve until stopped."""
    pages = make(int(sys.argv[1]), datetime.now(UTC))
    with Server(pages) as server:
        size = sum(map(len, pages)) / TEMPLATES / POSTS_A_PAGE
        print(json.dumps({"port": server.server_address[1], "bytes_a_post": round(size)}), flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
