from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.crawler_redis import RedisProgram, running_redis
from tests.polite_web import Host, serving

settings.register_profile("tests", max_examples=150, derandomize=True, database=None, deadline=None)
settings.register_profile("fuzz", max_examples=10_000_000, deadline=None)
settings.load_profile("tests")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProgram]:
    """A Redis server for all tests that take a crawl of their own."""
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def host() -> Iterator[Host]:
    """A host that notes when it is asked for what."""
    with serving() as web:
        yield web


@pytest.fixture
def other() -> Iterator[Host]:
    """Another host."""
    with serving("127.0.0.2") as web:
        yield web
