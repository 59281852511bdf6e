"""The scheduler's queue: requests wait here, not in the downloader, for a host that cannot be asked soon.

The downloader takes on `CONCURRENT_REQUESTS` requests, and counts those that wait. With Scrapy's own queue the requests
of a few hosts that are paused, ask for long delays or do not give their robots.txt take all of these places, and the
hosts that could be asked wait with them.
"""

from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

from scrapy.core.downloader import Downloader
from scrapy.http import Request
from scrapy.pqueues import DownloaderAwarePriorityQueue

# Seconds that a request may wait in the downloader. Scrapy looks into its scheduler every 5 s even when nothing
# happens, so that a host is not overlooked when its time comes.
SOON: Final = 5.0
NO_DELAY: Final = 0.05  # seconds; less than most answers take


class HostQueue(DownloaderAwarePriorityQueue):
    """Scrapy's queue, with the hosts taking turns, and giving no more than can be made soon."""

    def pop(self) -> Request | None:
        """The next request to make; None when there is none that can be made soon."""
        host = self._next_host()
        if host is None:
            return None
        queue = self.pqueues.pop(host)
        request: Request | None = queue.pop()
        if len(queue):
            self.pqueues[host] = queue  # at the end, so that the others come first
        else:
            queue.close()
            if queue.key:  # kept on disk: leave no empty folder there
                with suppress(OSError):
                    Path(queue.key).rmdir()
        return request

    def peek(self) -> Request | None:
        """What `pop` would give."""
        host = self._next_host()
        return None if host is None else self.pqueues[host].peek()

    def _next_host(self) -> str | None:
        assert self.crawler.engine is not None
        downloader = self.crawler.engine.downloader
        inside = Counter(map(downloader.get_slot_key, downloader.active))
        return next((host for host in self.pqueues if can_be_asked(downloader, host, inside[host])), None)


def can_be_asked(downloader: Downloader, host: str, inside: int) -> bool:
    """Whether a further request for a host can be made soon.

    Args:
        downloader: what makes it.
        host: its name for the host's slot.
        inside: how many requests for the host it holds, those included that wait for robots.txt.
    """
    slot = downloader.slots.get(host)
    if slot is None:
        return inside < downloader.domain_concurrency
    # Without a delay to wait for, the next ones have to be at hand when one is done.
    places = slot.concurrency * (2 if slot.delay < NO_DELAY else 1)
    return inside < places and slot.lastseen + slot.delay - monotonic() <= SOON
