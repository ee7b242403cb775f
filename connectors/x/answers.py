"""What X's answers hold: posts with what stands beside them, and which of those that were asked for are gone.

X speaks two dialects, by what it was asked in: `post.fields` brings `referenced_posts`, `edit_history_post_ids` and
`includes.posts`; the older `tweet.fields` brings the same as `referenced_tweets`, `edit_history_tweet_ids` and
`includes.tweets`. Both are read here, so that nothing else needs to know.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.domain.addresses import leads_inside
from hub.errors import ContractBroken
from hub.kit import SPOILT

Record = dict[str, Any]
REFERRED = ("referenced_posts", "referenced_tweets")
HISTORY = ("edit_history_post_ids", "edit_history_tweet_ids")
GONE = {  # by the last part of a problem's `type`
    "resource-not-found": "deleted",
    "not-authorized-for-resource": "protected",
    "resource-unavailable": "withheld",
    "disallowed-resource": "withheld",
}
REMOVED = ("deleted", "bounced", "protected", "suspended", "deactivated")  # a compliance job's own reasons


def posts_of(body: Any) -> list[Record]:
    """Each post with its author, its pictures, and the posts it refers to, from `includes`.

    JSON lines hold a post each, alone or in an envelope of its own; a spoilt line is handed on as it is.
    """
    lines = body if isinstance(body, list) and all(isinstance(each, dict) for each in body) else []
    if any(SPOILT not in each for each in lines):
        return [post for each in lines for post in ([each] if SPOILT in each else posts_of(_enveloped(each)))]
    if not isinstance(body, dict) or not ("data" in body or "meta" in body or "errors" in body):
        raise ContractBroken("X gave an answer without data, meta or errors.")
    data = body.get("data", [])
    found = data if isinstance(data, list) else [data]
    if not all(isinstance(each, dict) for each in found) or (found and not any(map(_is_post, found))):
        raise ContractBroken("X gave something else where posts were due.")
    includes = body.get("includes")
    beside = includes if isinstance(includes, dict) else {}
    users, posts = _by(beside.get("users"), "id"), _by([*_list(beside, "posts"), *_list(beside, "tweets")], "id")
    media = _by(beside.get("media"), "media_key")
    records = [_joined(post, users, posts, media) for post in found]
    meta = body.get("meta")
    if isinstance(meta, dict) and meta.get("result_count", len(found)) != len(found):
        for record in records:
            record.setdefault("doubts", []).append("count_mismatch")
    return records


def _enveloped(line: Record) -> Record:
    return line if "data" in line or "id" not in line else {"data": [line]}


def read_of(body: Any) -> dict[str, int]:
    """How many posts and accounts an answer holds: each is charged for."""
    if not isinstance(body, dict):
        return {"post": 0, "user": 0}
    data, beside = body.get("data") or [], body.get("includes")
    beside = beside if isinstance(beside, dict) else {}
    posts = {str(each.get("id")) for each in (data if isinstance(data, list) else [data]) if isinstance(each, dict)}
    for name in ("posts", "tweets"):
        posts |= {str(each.get("id")) for each in _list(beside, name) if isinstance(each, dict)}
    return {"post": len(posts), "user": len(_list(beside, "users"))}


def newest_form(post: Record) -> str | None:
    """The id of a post's newest form, where it is another than this one's."""
    newest = next((post[name][-1] for name in HISTORY if isinstance(post.get(name), list) and post[name]), None)
    return newest if isinstance(newest, str) and newest != post.get("id") else None


def gone_of(body: Any, keys: Mapping[str, str]) -> dict[str, str]:
    """Which of the posts asked for are gone and why, by key; an error that says neither is no reason to drop one."""
    found = {}
    for error in _list(body, "errors") if isinstance(body, dict) else ():
        if not isinstance(error, dict):
            continue
        key = keys.get(str(error.get("resource_id") or error.get("value")))
        reason = GONE.get(str(error.get("type", "")).rpartition("/")[2])
        if key and reason:
            found[key] = "suspended" if "suspended" in str(error.get("detail")) else reason
    return found


def removed_of(lines: Iterable[Any], keys: Mapping[str, str]) -> dict[str, str]:
    """The same from the lines of a compliance job; taking a place off a post is none of ours, as we keep no places."""
    found = {}
    for line in lines:
        if not isinstance(line, dict) or not isinstance(line.get("id"), str):
            raise ContractBroken("X gave a compliance job's result in which a line names no post.")
        if line.get("reason") in REMOVED and line["id"] in keys:
            found[keys[line["id"]]] = str(line["reason"])
    return found


def is_account(answer: Any) -> bool:
    """Whether this answer is about an account that there is."""
    found = answer.get("data") if isinstance(answer, dict) else None
    return isinstance(found, dict) and bool(found.get("id"))


def _is_post(found: Record) -> bool:
    """Whether this is a post, and no account, list, count or direct message."""
    return ("text" in found or "author_id" in found) and "event_type" not in found


def _list(holder: Record, name: str) -> list[Any]:
    found = holder.get(name)
    return found if isinstance(found, list) else []


def _by(found: Any, name: str) -> dict[str, Record]:
    """Each by its id; of several copies a spoilt one counts, since nobody knows which of them is true."""
    listed = found if isinstance(found, list) else ()
    known = [each for each in listed if isinstance(each, dict) and isinstance(each.get(name), str)]
    return {each[name]: each for each in sorted(known, key=lambda each: SPOILT in each)}


def _joined(post: Record, users: dict[str, Any], posts: dict[str, Any], media: dict[str, Any]) -> Record:
    post.pop("doubts", None)  # they are ours, whatever X calls so
    if not isinstance(post.get("id"), str):
        post.setdefault(SPOILT, "bad_id")
    elif not isinstance(post.get("text", ""), str):
        post.setdefault(SPOILT, "bad_type")
    author = users.get(str(post.get("author_id")))
    post["author"] = author or {"id": post.get("author_id")}
    if author and SPOILT in author:
        post[SPOILT] = True
    picture = (author or {}).get("profile_image_url")
    if isinstance(picture, str) and leads_inside(picture):  # we fetch none; whoever does must not fetch this one
        post["author"] = {name: value for name, value in post["author"].items() if name != "profile_image_url"}
        post["doubts"] = ["fetch_refused"]
    if not post.keys().isdisjoint(REFERRED):
        _refer(post, posts)
    if media and isinstance(attached := post.get("attachments"), dict):
        keys = _list(attached, "media_keys")
        if shown := [media[key] for key in keys if isinstance(key, str) and key in media]:
            post["media"] = shown
    return post


def _refer(post: Record, posts: dict[str, Any]) -> None:
    """Join to a post what it answers, quotes or passes on."""
    referred = next((post[name] for name in REFERRED if isinstance(post.get(name), list)), None)
    if referred is not None:
        post["referenced"] = [
            {**each, "post": posts[each["id"]]} if each.get("id") in posts else each
            for each in referred
            if isinstance(each, dict)
        ]
