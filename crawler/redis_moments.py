"""When each host may be asked, agreed on by way of a Redis server."""

from importlib.resources import files
from typing import Final

from crawler.moments import Moment
from crawler.redis_process import clean
from crawler.redis_server import RedisServer

SCRIPT: Final = (files("crawler") / "lua" / "moments.lua").read_text("utf-8")


class RedisMoments:
    """`crawler.moments.Moments` of all processes that give the server the same crawl.

    A `take` that is sent twice, after a broken connection, takes two moments, of which one is lost.
    """

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    def take(self, host: str, delay: float, ticket: bytes = b"") -> Moment:
        """See `Moments`."""
        wait, shown, why = self._do("take", host, delay, ticket)
        return Moment(float(wait), shown, why.decode())

    def put_off(self, host: str, seconds: float, why: str = "") -> None:
        """See `Moments`."""
        self._do("put_off", host, seconds, why)

    def _do(self, operation: str, host: str, *arguments: str | bytes | float) -> list[bytes]:
        prefix = f"lait:{self._server.address.crawl}:"
        found: list[bytes] = self._server.run_script(SCRIPT, [prefix], [operation, clean(host), *map(clean, arguments)])
        return found
