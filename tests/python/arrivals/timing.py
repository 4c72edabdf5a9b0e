"""When something counts as having come (rule 1).

Every time is an integer: microseconds of UTC since 1970. Durations in the configuration are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DATE_ONLY = "date"
"""The time of a source that reports only dates."""


@dataclass(frozen=True)
class Source:
    """Where facts come from: a rail, a processor or a chain.

    `has_readings`: whether we read it (a statement, blocks) or it calls us (a signed hook). `backdating_seconds`: by how
    much its times may be earlier than a reading of ours that did not show them.
    """

    name: str
    has_readings: bool
    backdating_seconds: int
    zone: str = "UTC"

    @property
    def backdating(self) -> int:
        """In microseconds."""
        return self.backdating_seconds * SECOND


def instant(moment: datetime) -> int:
    """The microseconds of a moment that has its zone."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def local_instant(written: datetime, zone: str) -> int:
    """1.1: a moment written without a zone is in the rail's; of an hour that happens twice it is the later one."""
    assert written.tzinfo is None
    return instant(written.replace(tzinfo=ZoneInfo(zone), fold=1))


def counted_time(
    reported: int | str | None, seen: int, created: int, last_reading: int | None, interrupted: bool, source: Source,
) -> int:
    """1.1: the time that counts for a receipt.

    `reported` is the time from the provider: an instant, `DATE_ONLY`, or nothing. `seen` is when we saw it, `created` the order's
    creation, `last_reading` when the last good reading of its source began that did not show it (of a source without
    readings: the last question about this object), `interrupted` whether that reading and the one that shows it have an
    interruption between them.
    """
    if reported is None or reported == DATE_ONLY:
        time = last_reading if interrupted and last_reading is not None else seen
        return bounded(time, created, seen)
    assert isinstance(reported, int)
    time = bounded(reported, created, seen)
    if last_reading is not None and last_reading - time > source.backdating:
        return bounded(last_reading, created, seen)
    return time


def bounded(time: int, created: int, seen: int) -> int:
    """1.1: not before the order, and not after we saw it."""
    return max(created, min(time, seen))


def in_time(time: int, held_until: int) -> bool:
    """1.2: in time is before `held_until`; at it is late."""
    return time < held_until


def final_reading(begun: int, held_until: int, source: Source) -> bool:
    """1.3: whether a good reading that began then shows everything that can still be in time."""
    return begun > held_until + source.backdating


def honoured_until(held_until: int, hold_honours_seconds: int) -> int:
    """1.4: how long an outage costs the customer nothing."""
    return held_until + hold_honours_seconds * SECOND
