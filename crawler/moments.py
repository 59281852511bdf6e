"""When each host may be asked, as the processes that share a crawl agree on it.

Each process keeps its own delay between requests to a host. That is enough while a host is one process's alone; an image
host is not, and a page host changes hands. So before each request a process takes the host's next free moment.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment at which a host may be asked.

    Attributes:
        wait: seconds until then.
        ticket: what shows whose it is; b"" when it is nobody's, since the host is not to be asked until then.
        why: why not; "" when it may be asked.
    """

    wait: float
    ticket: bytes = b""
    why: str = ""


class Moments(Protocol):
    """Hands out each host's moments, each of them once; raises `FrontierError` when it cannot."""

    def take(self, host: str, delay: float, ticket: bytes = b"") -> Moment:
        """Take the next free moment of a host, in the order of asking; or see whether one that was taken still holds.

        Args:
            host: as the downloader names it.
            delay: seconds to leave after the moment before. Should the process that took that have asked for more, then
                that many.
            ticket: of a moment that was taken before. It is void once it is over, or the host is paused; then the
                answer is another moment.
        """

    def put_off(self, host: str, seconds: float, why: str = "") -> None:
        """Have a host asked by nobody for some seconds, or longer if it is paused for longer.

        Args:
            host: as the downloader names it.
            seconds: from now on.
            why: the reason to refuse requests for it until then; "" to make them wait.
        """
