"""How each system spells "later"."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from hub.kit import MinutesLeft, ResetAt, RetryAfter, epoch_seconds, iso8601, seconds_left
from hub.kit.waits import UNREADABLE_SECONDS, Wait


def named(value: object) -> str:
    """A name that is the same in every process."""
    return getattr(value, "header", None) or (value if isinstance(value, str) else type(value).__name__)


NOW = datetime(2025, 3, 5, 12, tzinfo=UTC)
X = ResetAt(header="x-rate-limit-reset", read=epoch_seconds)
MASTODON = ResetAt(header="X-RateLimit-Reset", read=iso8601)
REDDIT = ResetAt(header="x-ratelimit-reset", read=seconds_left)
GRAPH = MinutesLeft(header="X-Usage", field="minutes")


@pytest.mark.parametrize(
    ("wait", "headers", "seconds"),
    [
        (RetryAfter(), {"Retry-After": "7"}, 7),
        (RetryAfter(), {"retry-after": "0"}, 0),
        (RetryAfter(), {"Retry-After": "1.5"}, 1.5),
        (RetryAfter(), {"Retry-After": "Wed, 05 Mar 2025 12:01:30 GMT"}, 90),
        (RetryAfter(), {"Retry-After": "Wed, 05 Mar 2025 13:01:30 +0100"}, 90),
        (RetryAfter(), {}, None),
        (X, {"x-rate-limit-reset": str(int(NOW.timestamp()) + 30)}, 30),
        (X, {}, None),
        (MASTODON, {"X-RateLimit-Reset": "2025-03-05T12:00:10.500000Z"}, 10.5),
        (MASTODON, {"X-RateLimit-Reset": "2025-03-05T14:00:10+02:00"}, 10),
        (MASTODON, {"X-RateLimit-Reset": "2025-03-05T12:00:10"}, 10),
        (REDDIT, {"x-ratelimit-reset": "42"}, 42),
        (GRAPH, {"x-usage": '{"1": [{"type": "pages", "minutes": 0}, {"minutes": 18}], "minutes": 2}'}, 18 * 60),
        (GRAPH, {"x-usage": '{"1": [{"type": "pages", "minutes": 0}]}'}, None),
        (GRAPH, {"x-usage": '{"1": [{"minutes": "soon"}]}'}, None),
        (GRAPH, {"x-usage": "[" * 100_000}, None),
        (GRAPH, {}, None),
        (X, {"Retry-After": "3", "x-rate-limit-reset": "4070908800"}, 3),
    ],
)
def test_a_wait_is_read_into_seconds(wait: Wait, headers: dict[str, str], seconds: float | None) -> None:
    assert wait.seconds(CaseInsensitiveDict(headers), NOW) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "NaN", "inf", "1e999", "Wed, 05 Mar 2020 12:00:00 GMT", "9" * 400])
@pytest.mark.parametrize("wait", [RetryAfter(), X, MASTODON, REDDIT], ids=named)
def test_what_nobody_can_read_means_a_minute(wait: Wait, text: str) -> None:
    header = wait.header if isinstance(wait, ResetAt) else "Retry-After"

    assert wait.seconds(CaseInsensitiveDict({header: text}), NOW) == UNREADABLE_SECONDS


@given(st.text(max_size=60), st.sampled_from([RetryAfter(), X, MASTODON, REDDIT]))
def test_no_spelling_breaks_a_wait(text: str, wait: Wait) -> None:
    header = wait.header if isinstance(wait, ResetAt) else "Retry-After"

    seconds = wait.seconds({header: text}, NOW)

    assert seconds is not None
    assert 0 <= seconds < float("inf")
