"""What is peculiar to Google+: archives that strangers made, read without believing them."""

import gzip
import io
import json
import resource
import struct
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import connectors
from connectors.google_plus.connector import PAGE_MEMBERS
from hub.domain import Cursor, Watch
from hub.errors import ContractBroken, HubError
from hub.kit import Connection, Page, Services
from hub.kit.local import SteppedClock
from hub.kit.recordings import STANDS_AT
from hub.mapping import load_mapping
from hub.rehearsal import rehearse, understand

POSTS = "Takeout/Google+ Stream/Posts"
ANA = {"displayName": "Ana", "resourceName": "users/7"}


def post(number: int, **more: Any) -> bytes:
    told = {
        "resourceName": f"users/7/posts/{number}", "creationTime": "2016-05-01 09:25:37+0000", "author": ANA,
        "content": f"post {number}", "postAcl": {"isPublic": True}, "plusOnes": [{"plusOner": ANA}],
    }  # fmt: skip
    return json.dumps(told | more).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo("x")
            info.filename = name  # as it is: the constructor would tidy it
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return body.getvalue()


def tarred(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = b"" if isinstance(content, tarfile.TarInfo) else content
            info.name, info.size = name, len(data)
            archive.addfile(info, io.BytesIO(data))
    return body.getvalue()


def pages(path: Path, cursor: Cursor | None = None) -> Iterator[Page]:
    services = Services.local(clock=SteppedClock(STANDS_AT))
    network = connectors.load("google_plus")(connectors.manifest("google_plus"), Connection(id="g"), services)
    yield from network.pull(Watch(network="google_plus", kind="archive", value=str(path)), cursor or Cursor())


def written(folder: Path, body: bytes) -> Path:
    path = folder / "takeout"
    path.write_bytes(body)
    return path


def records(path: Path) -> list[dict[str, Any]]:
    return [record for page in pages(path) for record in page.records]


MANY = {f"{POSTS}/{number:04d}.json": post(number) for number in range(2 * PAGE_MEMBERS + 5)}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_run_that_stops_after_any_page_goes_on_with_the_next_member(tmp_path: Path, pack: Any) -> None:
    path = written(tmp_path, pack(MANY))
    whole = list(pages(path))

    assert [len(page.records) for page in whole] == [PAGE_MEMBERS, PAGE_MEMBERS, 5]
    for stop, page in enumerate(whole, start=1):
        cursor = Cursor.from_plain(json.loads(json.dumps(page.cursor.plain())))
        assert [later.records for later in pages(path, cursor)] == [later.records for later in whole[stop:]]


def test_an_archive_that_was_replaced_is_read_anew_and_the_same_one_is_not(tmp_path: Path) -> None:
    path = written(tmp_path, zipped({f"{POSTS}/1.json": post(1)}))
    (page,) = pages(path)
    assert list(pages(path, page.cursor)) == []

    path.write_bytes(zipped({f"{POSTS}/1.json": post(1), f"{POSTS}/2.json": post(2)}))
    assert sum(len(each.records) for each in pages(path, page.cursor)) == 2


def test_nobody_who_only_liked_or_passed_on_is_kept_and_no_place(tmp_path: Path) -> None:
    more = {"location": {"latitude": 1}, "poll": {"choices": []}, "reshares": [{"resharer": ANA}] * 3}
    (record,) = records(written(tmp_path, zipped({f"{POSTS}/1.json": post(1, **more)})))

    assert not record.keys() & {"plusOnes", "reshares", "comments", "location", "poll"}
    assert (record["plusOneCount"], record["reshareCount"]) == (1, 3)


def test_one_damaged_member_is_set_aside_as_it_came_and_the_others_land(tmp_path: Path) -> None:
    body = zipped({
        f"{POSTS}/1.json": post(1), f"{POSTS}/2.json": b"{not json", f"{POSTS}/3.json": b'{"a": 1}',
        f"{POSTS}/4.json": b"\xff\xfe", f"{POSTS}/5.json": b'{"a":' * 200 + b"1" + b"}" * 200,
        f"{POSTS}/6.json": post(6),
        "Takeout/Google+ Circles/Friends.json": b'{"name": "friends"}',
    })  # fmt: skip
    spoilt = bytearray(body)
    struct.pack_into("<I", spoilt, body.rfind(b"PK\x01\x02", 0, body.rfind(b"6.json")) + 16, 0xDEADBEEF)
    watch = Watch(network="google_plus", kind="archive", value="t")

    found = records(written(tmp_path, bytes(spoilt)))
    reading = understand("google_plus", watch, found, at=STANDS_AT)

    assert [one.native_id for one in reading.posts] == ["users/7/posts/1"]
    assert [bad.reason for bad in reading.quarantined] == ["bad_json", "no_post", "bad_json", "too_deep", "bad_member"]
    assert reading.quarantined[0].record["text"] == "{not json"
    assert reading.quarantined[2].record["base64"] == "//4="


def link(kind: bytes, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info


GOOD = {f"{POSTS}/1.json": post(1)}
DEEP = zipped({"p.json": b"{}"})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (zipped({**GOOD, "../up": b"x"}), "bad_path"),
        (zipped({**GOOD, "a/../../up": b"x"}), "bad_path"),
        (zipped({**GOOD, "/etc/passwd": b"x"}), "bad_path"),
        (zipped({**GOOD, "C:/x": b"x"}), "bad_path"),
        (zipped({**GOOD, "a\\..\\x": b"x"}), "bad_path"),
        (zipped({**GOOD, "a\nb": b"x"}), "bad_path"),
        (zipped({**GOOD, "a" * 1_001: b"x"}), "bad_path"),
        (zipped({**GOOD, "inner.zip": DEEP}), "nested_archive"),
        (zipped({**GOOD, f"{POSTS}/2.json": b" " * 3_000_000}), "too_big"),
        (zipped({}), "no_posts"),
        (zipped({"Takeout/Drive/a.json": b"{}"}), "no_posts"),
        (zipped(GOOD)[:-30], "bad_archive"),
        (zipped(GOOD)[40:], "bad_archive"),
        (b"PK", "bad_archive"),
        (b"", "bad_archive"),
        (b"GIF89a", "bad_archive"),
        (tarred({**GOOD, "../up": b"x"}), "bad_path"),
        (tarred({**GOOD, "s": link(tarfile.SYMTYPE, "../../x")}), "bad_member"),
        (tarred({**GOOD, "s": link(tarfile.LNKTYPE, f"{POSTS}/1.json")}), "bad_member"),
        (tarred({**GOOD, "s": link(tarfile.CHRTYPE, "")}), "bad_member"),
        (tarred({**GOOD, "s": link(tarfile.FIFOTYPE, "")}), "bad_member"),
        (tarred({**GOOD, "spaces": b" " * 30_000_000}), "too_big"),
        (tarred(GOOD)[:-20], "bad_archive"),
        (b"\x1f\x8b" + b"\x00" * 50, "bad_archive"),
    ],
)  # fmt: skip
def test_an_archive_that_was_made_to_hurt_is_refused_as_a_whole(tmp_path: Path, body: bytes, reason: str) -> None:
    path = written(tmp_path, body)

    with pytest.raises(ContractBroken) as refused:
        list(pages(path))

    assert refused.value.reason == reason
    assert [each.name for each in tmp_path.iterdir()] == ["takeout"]


def test_two_members_of_one_name_and_an_encrypted_one_are_refused(tmp_path: Path) -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr(f"{POSTS}/1.json", post(1))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(f"{POSTS}/1.json", post(2))
    locked = bytearray(zipped(GOOD))
    struct.pack_into("<H", locked, locked.find(b"PK\x01\x02") + 8, 1)

    for content, reason in ((body.getvalue(), "bad_path"), (bytes(locked), "encrypted")):
        with pytest.raises(ContractBroken) as refused:
            list(pages(written(tmp_path, content)))
        assert refused.value.reason == reason


def test_a_table_of_contents_that_claims_millions_is_never_read(tmp_path: Path) -> None:
    body = bytearray(zipped(GOOD))
    struct.pack_into("<I", body, body.rfind(b"PK\x05\x06") + 12, 1 << 30)

    with pytest.raises(ContractBroken, match="more than any honest one"):
        list(pages(written(tmp_path, bytes(body))))


def test_a_header_as_long_as_a_book_is_never_taken_into_memory(tmp_path: Path) -> None:
    head = _header(b"x", 1 << 32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(ContractBroken):
        list(pages(written(tmp_path, gzip.compress(head + b"\0" * 4096))))

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def _header(kind: bytes, size: int) -> bytes:
    """A tar's header with a size that its data does not have."""
    block = bytearray(512)
    block[0:3] = b"pax"
    block[100:108] = b"0000644\0"
    block[124:136] = f"{size:011o}\0".encode()
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def test_many_empty_members_take_no_longer_than_many_others(tmp_path: Path) -> None:
    body = tarred({**GOOD, **{f"empty/{number}": b"" for number in range(20_000)}})
    started = time.process_time()

    assert len(records(written(tmp_path, body))) == 1
    assert time.process_time() - started < 10


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_happens_to_an_archive_on_its_way_ends_in_posts_or_a_named_error(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([zipped(GOOD), tarred(GOOD)]))
    body = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    path = Path("/dev/shm" if Path("/dev/shm").is_dir() else ".") / f"hub-takeout-{id(data)}"
    try:
        path.write_bytes(bytes(body))
        list(pages(path))
    except HubError:
        pass
    finally:
        path.unlink()


def test_a_post_s_file_and_an_archive_can_be_rehearsed(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(post(1, comments=[{"content": "hi", "creationTime": "2016-05-02 09:00:00:-0100",
                                                          "author": ANA, "resourceName": "c1"}]))  # fmt: skip
    (tmp_path / "all.zip").write_bytes(zipped(GOOD))

    told = [outcome["post"]["published_at"] for outcome in rehearse("google_plus", sorted(tmp_path.iterdir()))]

    assert told == ["2016-05-01T09:25:37Z", "2016-05-01T09:25:37Z", "2016-05-02T10:00:00Z"]


@pytest.mark.shared
def test_what_the_mapping_looks_at_are_keys_that_archives_have(shared: Path) -> None:
    known = {
        path.replace("[]", "") for path in json.loads(
            (shared / "contracts" / "googleplus" / "takeout-post-keys.json").read_bytes()
        )["paths"]
    }  # fmt: skip
    text = (connectors.mapping_path("google_plus")).read_text(encoding="utf-8").partition("examples:")[0]
    said = {
        "creationTime", "updateTime", "resourceName", "activityId", "url", "content", "resharedPost.content",
        "resharedPost.resourceName", "resharedPost.url", "link.title", "link.url", "media.contentType", "media.url",
        "media.description", "album.media", "author.resourceName", "author.profilePageUrl", "author.displayName",
        "postAcl.isPublic", "postAcl.visibleToStandardAcl.circles.type", "comments.commentActivityId",
        "comments.postUrl", "comments.updateTime", "plusOnes", "reshares", "comments",
    }  # fmt: skip

    assert said <= known
    assert all(path.rpartition(".")[2] in text for path in said - {"plusOnes", "reshares", "comments"})
    assert load_mapping(connectors.mapping_path("google_plus")).reads == "post"
