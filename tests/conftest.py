from collections.abc import Iterator

import pytest

from tests.crawler_redis import RedisProgram, running_redis


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProgram]:
    """A Redis server for all tests that take a crawl of their own."""
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server
