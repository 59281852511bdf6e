"""A crawl's Redis server: its address, the connection, and one line on whatever goes wrong with it."""

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ConnectionError,  # noqa: A004
    NoPermissionError,
    OutOfMemoryError,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004
)
from redis.retry import Retry

from crawler.frontier import FrontierError

SCHEMES: Final = ("redis", "rediss", "unix")
DEFAULT_CRAWL: Final = "lait"
NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
OLDEST: Final = (6, 0)
ANSWER_SECONDS: Final = 10.0  # for one operation
PAUSE_SECONDS: Final = 0.5  # between attempts
AWAY: Final = (ConnectionError, TimeoutError, BusyLoadingError)
ON_PURPOSE: Final = ("GONE", "FOLDER")  # what `crawler/lua` answers
EXAMPLE: Final = "redis://HOST:6379/0?crawl=NAME"
LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where a crawl's frontier is.

    Attributes:
        url: of the server and its database, as redis-py reads it.
        crawl: the name that the processes of one crawl share.
        shown: the address without its password.
    """

    url: str
    crawl: str
    shown: str


def read_address(where: str) -> RedisAddress:
    """The address behind `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB][?crawl=NAME]`; `rediss` encrypts.

    Raises:
        FrontierError: it is none.
    """
    without = re.sub(r"//[^/]*@", "//", where)
    wrong = FrontierError(
        f"LAIT_FRONTIER={without} is no address of a Redis server: use {EXAMPLE}, with letters, digits, '.', '_' and '-' "
        "in the name"
    )
    try:
        parts = urlsplit(where)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        crawl = options.pop("crawl", DEFAULT_CRAWL)
        url = urlunsplit(parts._replace(query=urlencode(options)))
        Redis.from_url(url).connection_pool.make_connection()  # which connects to nothing yet
    except (ValueError, TypeError, RedisError) as error:
        raise wrong from error
    if parts.scheme not in SCHEMES or not NAME.fullmatch(crawl):
        raise wrong
    return RedisAddress(url, crawl, urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])))


class RedisServer:
    """A connection to the server.

    A server that goes away is waited for; operations must therefore be such that doing one twice does no harm.
    """

    def __init__(self, address: RedisAddress, patience: float) -> None:
        """Connect, and see whether the server will do.

        Args:
            address: the server's.
            patience: seconds that it is waited for when it goes away later; at the start, it has to be there.

        Raises:
            FrontierError: it will not.
        """
        self.address = address
        self._redis = Redis.from_url(
            address.url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
        )
        self._patience = 0.0  # a server that is not there at the start may be the wrong address
        self._lost: FrontierError | None = None  # once it was waited for in vain
        self._scripts: dict[str, Any] = {}
        info: Mapping[str, Any] = self.run("INFO")
        self._patience = patience
        check(info, address)

    def run(self, *command: str | bytes | float) -> Any:
        """The answer to a command.

        Raises:
            FrontierError: there is none.
        """
        return self._patiently(lambda: self._redis.execute_command(*command))  # type: ignore[no-untyped-call]

    def run_script(self, lua: str, keys: list[str], arguments: list[str | bytes | int | float]) -> Any:
        """The answer of a script; an error that it answers on purpose is a `ResponseError`.

        Raises:
            FrontierError: there is none.
        """
        script = self._scripts.setdefault(lua, self._redis.register_script(lua))
        return self._patiently(lambda: script(keys=keys, args=arguments))

    def close(self) -> None:
        """Let go of the connection."""
        self._redis.close()

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        if self._lost is not None:
            raise self._lost
        began = time.monotonic()
        waited = False
        while True:
            try:
                return ask()
            except ResponseError as error:
                if str(error).startswith(ON_PURPOSE):
                    raise
                raise trouble(self.address, error) from error
            except RedisError as error:
                refused = isinstance(error, AuthenticationError | AuthorizationError)  # which are connection errors too
                if refused or not isinstance(error, AWAY) or time.monotonic() - began >= self._patience:
                    self._lost = trouble(self.address, error)
                    raise self._lost from error
            if not waited:
                LOG.warning("the Redis server at %s does not answer; waiting for it", self.address.shown)
            waited = True
            time.sleep(PAUSE_SECONDS)


def check(info: Mapping[str, Any], address: RedisAddress) -> None:
    """See whether a server will do, by its own account of itself.

    Raises:
        FrontierError: it is too old, or forgets what it has no room for.
    """
    version = str(info.get("redis_version", ""))
    if tuple(int(number) for number in re.findall(r"\d+", version)[:2]) < OLDEST:
        raise FrontierError(
            f"the Redis server at {address.shown} has version {version}: a crawl needs "
            f"{'.'.join(map(str, OLDEST))} or later"
        )
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if info.get("maxmemory") and policy != "noeviction":
        raise FrontierError(
            f"the Redis server at {address.shown} forgets keys when its memory is full (maxmemory-policy {policy}): set it "
            "to noeviction"
        )
    if info.get("aof_enabled") == 0:
        LOG.warning(
            "the Redis server at %s keeps no append-only file, so that a restart may have it forget pages: set "
            "appendonly to yes",
            address.shown,
        )


def trouble(address: RedisAddress, error: RedisError) -> FrontierError:
    """What went wrong with the server, in one line that says what to do."""
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, AuthenticationError | AuthorizationError | NoPermissionError):
        hint = f"give user and password: {EXAMPLE.replace('HOST', 'USER:PASSWORD@HOST')}"
    elif isinstance(error, OutOfMemoryError):
        hint = "its memory is full: give it more (maxmemory), and run the same command again; shards written are whole"
    elif isinstance(error, AWAY):
        hint = (
            "start it, or check the address in LAIT_FRONTIER, and run the same command again; shards written are whole"
        )
    else:
        hint = "put that right, and run the same command again; shards written are whole"
    return FrontierError(f"cannot use the Redis server at {address.shown} ({said}): {hint}")
