"""When to ask a server again: what it says itself in Retry-After, and otherwise later each time."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

# RFC 9110, section 10.2.3, and RFC 6585, section 4. On a redirect, Retry-After says when to go on, which is no
# complaint about the pace.
BUSY: Final = frozenset((429, 503))


def seconds_asked_for(value: str, now: datetime | None = None) -> float | None:
    """The seconds that a Retry-After header asks to wait; None when it says nothing that can be understood.

    Args:
        value: a number of seconds, or an HTTP date. A moment that has passed is 0.0.
        now: the time; None for the clock's.

    >>> seconds_asked_for("120"), seconds_asked_for("soon")
    (120.0, None)
    >>> seconds_asked_for("Wed, 21 Oct 2026 07:28:00 GMT", datetime(2026, 10, 21, 7, 27, tzinfo=UTC))
    60.0
    """
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]*)?", value):  # fractions are not in the standard, and are sent
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def seconds_to_back_off(first: float, failures: int, longest: float) -> float:
    """The seconds to wait after a number of failures in a row: doubled by each, up to the longest wait.

    >>> [seconds_to_back_off(2.0, failures, 30.0) for failures in (1, 2, 3, 90_000)]
    [2.0, 4.0, 8.0, 30.0]
    """
    return min(longest, first * 2.0 ** min(failures - 1, 60))
