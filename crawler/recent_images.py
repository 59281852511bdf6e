"""The last few images, for rows that name one that was just fetched."""

from typing import Final

from scrapy.http import Response

RECENT_BYTES: Final = 32 * 2**20  # a few hundred photos


class RecentImages:
    """Responses by the address that was asked for, the latest ones up to `RECENT_BYTES` of bodies."""

    def __init__(self, limit: int = RECENT_BYTES) -> None:
        self._limit = limit
        self._responses: dict[str, Response] = {}
        self._bytes = 0

    def get(self, url: str) -> Response | None:
        """The response to that address, if it is one of the last."""
        return self._responses.get(url)

    def put(self, url: str, response: Response) -> None:
        """Keep a response, and let go of the oldest ones."""
        self._bytes += len(response.body)
        if (before := self._responses.pop(url, None)) is not None:
            self._bytes -= len(before.body)
        self._responses[url] = response
        while self._bytes > self._limit:
            oldest = next(iter(self._responses))
            self._bytes -= len(self._responses.pop(oldest).body)
