"""One process of a crawl on Redis: its numbered operations, and the identity of its output folder.

The numbers tell the server an operation that is sent a second time after a broken connection, and tell the process that
it was taken for dead, or that the server has forgotten what it was told.
"""

import socket
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from redis.exceptions import ResponseError

from crawler.frontier import FrontierError
from crawler.redis_rows import Argument
from crawler.redis_server import RedisServer

SCRIPT: Final = "\n".join(
    (files("crawler") / "lua" / f"{part}.lua").read_text("utf-8") for part in ("rows", "work", "ends")
)
IDENTITY: Final = ".crawl.id"  # in the output folder: what the server knows it by, wherever it is moved


class RedisProcess:
    """Does the operations of `crawler/lua` in this process's name.

    Attributes:
        folder: the identity of the output folder.
    """

    def __init__(self, server: RedisServer, out: Path, lease_seconds: float) -> None:
        """Join the crawl.

        Raises:
            FrontierError: the folder is another process's, or the server cannot be used.
        """
        self.folder = identity_of(out)
        self._server, self._lease = server, lease_seconds
        self._owner, self._number = uuid4().hex, 0
        self.do("open", self.folder, f"{socket.gethostname()}:{out.resolve()}")

    def key(self, name: str) -> str:
        """The full name of one of the crawl's keys."""
        return f"lait:{self._server.address.crawl}:{name}"

    def do(self, operation: str, *arguments: Argument) -> Any:
        """The answer to an operation.

        Raises:
            FrontierError: there is none.
        """
        self._number += 1
        about: list[Argument] = [operation, self._owner, self._number, self._lease]
        try:
            return self._server.run_script(SCRIPT, [self.key("")], [*about, *map(clean, arguments)])
        except ResponseError as error:
            raise FrontierError(self._why(str(error))) from error
        except FrontierError:
            self._number -= 1  # refused, or not answered: the next one is this one again as far as the server can tell
            raise

    def _why(self, said: str) -> str:
        shown = self._server.address.shown
        if said.startswith("FOLDER"):
            where = said.removeprefix("FOLDER ")
            return (
                f"another process has the same folder, as {where}: give another with -a out=DIR, or wait for it to end"
            )
        return (
            f"the Redis server at {shown} no longer knows this process: it was not heard of for {self._lease:g} seconds, "
            "and its pages are others' now, or the server has forgotten it; run the same command again to go on"
        )


def identity_of(out: Path) -> str:
    """What a folder is known by.

    Raises:
        FrontierError: it cannot be read or written.
    """
    path = out / IDENTITY
    try:
        if not path.exists():
            path.write_text(uuid4().hex)
        return path.read_text().strip()
    except OSError as error:
        raise FrontierError(f"cannot write to {path} ({error.strerror}): give another with -a out=DIR") from error


def clean(argument: Argument) -> Argument:
    """An argument that the server can be sent: text from the web may hold lone surrogates."""
    return argument.encode("utf-8", "replace") if isinstance(argument, str) else argument
