"""A real Redis server of this machine for the crawler's tests."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

PROGRAM = shutil.which("redis-server")


class RedisProgram:
    """A server on a port of its own, with its append-only file in a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._folder, self._options = folder, options
        self.start()

    def start(self) -> None:
        assert PROGRAM is not None
        place = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder), "--save", "")
        appending = ("--appendonly", "yes", "--appendfsync", "everysec")
        self._process = subprocess.Popen([PROGRAM, *place, *appending, *self._options], stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.02)

    def stop(self, signum: int = signal.SIGTERM) -> None:
        self._process.send_signal(signum)
        self._process.wait()

    def client(self) -> Redis:
        return Redis(port=self.port)

    def crawl(self, name: str) -> str:
        """The address of a crawl."""
        return f"redis://127.0.0.1:{self.port}/0?crawl={name}"


@contextmanager
def running_redis(folder: Path, *options: str) -> Iterator[RedisProgram]:
    """A server for as long as the context lasts."""
    if PROGRAM is None and not os.environ.get("CI"):
        pytest.skip("redis-server is not installed")
    server = RedisProgram(folder, *options)
    yield server
    server.stop()
