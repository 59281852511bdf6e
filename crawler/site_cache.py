"""What is known about sites, kept within a budget of memory until it expires."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from time import monotonic
from typing import Final, Generic, TypeVar

ENTRY: Final = 256  # bytes that an entry takes besides its value, about

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class RecentlyUsed(Generic[Key, Value]):
    """Values by key, up to a weight in all; those not asked for longest go first."""

    def __init__(self, budget: int) -> None:
        self._budget = budget  # bytes
        self._weight = 0
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Value | None:
        """The value of a key; None when there is none."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key: Key, value: Value, weight: int) -> None:
        """Keep a value of a weight in bytes, in place of the key's last one."""
        if key in self._kept:
            self._weight -= self._kept.pop(key)[1]
        self._kept[key] = value, ENTRY + weight
        self._weight += ENTRY + weight
        while self._weight > self._budget and len(self._kept) > 1:
            self._weight -= self._kept.popitem(last=False)[1][1]


@dataclass(frozen=True, slots=True)
class Found(Generic[Value]):
    """What was found out about a site.

    Attributes:
        value: the thing itself.
        seconds: how long it holds; 0.0 to have it found out anew by the next who asks.
        weight: bytes that it takes, about.
    """

    value: Value
    seconds: float
    weight: int = 0


class SiteCache(Generic[Value]):
    """What was found out about each site. However many ask for it at once, it is found out once, for all of them."""

    def __init__(self, budget: int) -> None:
        self._kept: RecentlyUsed[str, tuple[float, Value]] = RecentlyUsed(budget)
        self._asking: dict[str, asyncio.Task[Value]] = {}

    async def get(self, site: str, ask: Callable[[Value | None], Awaitable[Found[Value]]]) -> Value:
        """What holds for a site.

        Args:
            site: its key.
            ask: finds it out, when nothing is kept that still holds; given what held before, or None.
        """
        expires, value = self._kept.get(site) or (0.0, None)
        if value is not None and monotonic() < expires:
            return value
        if site not in self._asking:
            self._asking[site] = asyncio.ensure_future(self._find_out(site, ask(value)))
        return await asyncio.shield(self._asking[site])

    async def _find_out(self, site: str, asking: Awaitable[Found[Value]]) -> Value:
        try:
            found = await asking
        finally:
            del self._asking[site]
        self._kept.put(site, (monotonic() + found.seconds, found.value), found.weight)
        return found.value
