"""Work handed out a little at a time, so that memory stays bounded however much is queued."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Final

from crawler.frontier import Frontier, Work

TICK_SECONDS: Final = 0.05  # between looks at the frontier while less than a batch has ended
IDLE_SECONDS: Final = 1.0  # between looks while other processes have all the work
STUCK_TICKS: Final = 60  # that nothing moved, though work is in flight


class HandOut:
    """Draws work from a frontier and knows what is in flight: handed out, and not yet ended.

    Attributes:
        stopped: whether no more is handed out.
    """

    def __init__(self, frontier: Frontier, in_flight: int, per_host: int) -> None:
        """Have at most `in_flight` units in flight, and `per_host` of one host."""
        self.stopped = False
        self._frontier = frontier
        self._limit, self._per_host = in_flight, per_host
        self._batch = max(1, min(32, in_flight // 8))  # a take looks at each host that has its share in flight
        self._flying: dict[bytes, str] = {}  # key -> host
        self._held: Counter[str] = Counter()
        self._room = asyncio.Event()
        self._ended = 0  # since the last take

    @property
    def in_flight(self) -> int:
        """How many units are in flight."""
        return len(self._flying)

    def ended(self, work: Work) -> None:
        """Note that a unit is no longer in flight."""
        host = self._flying.pop(work.key, None)
        if host is None:
            return
        self._held[host] -= 1
        if not self._held[host]:
            del self._held[host]
        self._ended += 1
        if self._ended >= self._batch or not self._flying:
            self._room.set()

    def stop(self) -> None:
        """Hand out no more; what is in flight may end."""
        self.stopped = True
        self._room.set()

    async def works(self, flush: Callable[[], None], is_idle: Callable[[], bool]) -> AsyncIterator[Work]:
        """Units of work until there are none, in no process that shares the frontier; ends early when stopped.

        Args:
            flush: writes the records of what has ended, so that the frontier knows of it.
            is_idle: whether whoever works has nothing to do. Should that stay so while work is in flight, then it was
                lost on the way, and the hand-out ends, so that the books can tell.
        """
        stuck = 0
        while not self.stopped and stuck < STUCK_TICKS:
            self._ended = 0
            self._room.clear()
            batch = self._draw()
            for work in batch:
                yield work
            if not self._flying and not batch:
                flush()
                if not self._frontier.counts().open:
                    return
            if self._ended < self._batch:  # a take with less room than that costs more than it is worth
                await self._wait(TICK_SECONDS if self._flying or batch else IDLE_SECONDS)
            stuck = stuck + 1 if self._flying and not self._ended and is_idle() else 0

    def _draw(self) -> list[Work]:
        room = self._limit - len(self._flying)
        batch = self._frontier.take(room, self._per_host, self._held) if room > 0 else []
        for work in batch:
            self._flying[work.key] = work.host
            self._held[work.host] += 1
        return batch

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._room.wait()
        except TimeoutError:
            pass
