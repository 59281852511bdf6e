"""Downloads that keep to the pace which the processes of a crawl agree on."""

from scrapy.http import Request, Response

from crawler.netguard import GuardedHandler
from crawler.pacing import pacing_of


class PacedHandler(GuardedHandler):
    """The guarded handler, where each request awaits its turn just before its connection.

    The downloader's own delays are over by then, so that the host is asked at the very moment that was agreed on.
    """

    async def download_request(self, request: Request) -> Response:
        """See `GuardedHandler`.

        Raises:
            SentBackError: it is not the request's turn for long.
        """
        await pacing_of(self._crawler).turn(request)
        return await super().download_request(request)
