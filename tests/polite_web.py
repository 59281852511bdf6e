"""Web servers of this machine that keep a diary, for the tests of the crawler's manners."""

import json
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from tests.crawler_web import crawl, page, photo


class Asked(NamedTuple):
    """A request that came in."""

    at: float  # seconds of the monotonic clock
    path: str
    agent: str


class Answer(NamedTuple):
    """What is answered; status 0 resets the connection."""

    body: bytes = b""
    kind: str = "text/plain"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Host:
    """A web server. Each path's answers are given one after the other, the last one again and again."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    diary: list[Asked] = field(default_factory=list)
    takes: float = 0.0  # seconds for an answer
    at_once: int = 0  # requests being answered
    most_at_once: int = 0

    def says(self, path: str, *answers: Answer) -> None:
        self.answers[path] = list(answers)

    def robots(self, text: str) -> None:
        self.says("/robots.txt", Answer(text.encode()))

    def tdmrep(self, *rules: dict[str, object]) -> None:
        self.says("/.well-known/tdmrep.json", Answer(json.dumps(rules).encode(), "application/json"))

    def stories(self, count: int, image: str = "/photo.jpg") -> list[str]:
        """Addresses of pages that end as candidates; more than a few need an image each, `{}` in its address."""
        paths = [f"/story-{number}" for number in range(count)]
        for number, path in enumerate(paths):
            self.says(path, Answer(page(image.format(number)), "text/html"))
            if "{}" in image:
                self.says(image.format(number), Answer(photo(1), "image/jpeg"))
        self.says("/photo.jpg", Answer(photo(1), "image/jpeg"))
        return [self.url + path for path in paths]

    def paths(self) -> list[str]:
        return [asked.path for asked in self.diary]

    def times(self, path: str = "") -> list[float]:
        return [asked.at for asked in self.diary if path in ("", asked.path)]

    def gaps(self, path: str = "") -> list[float]:
        times = self.times(path)
        return [after - before for before, after in pairwise(times)]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # with the usual 5, connections made in a burst are lost and tried again seconds later


@contextmanager
def serving(address: str = "127.0.0.1") -> Iterator[Host]:
    """A server for as long as the context lasts; each address of 127.0.0.0/8 is a host of its own to the crawler."""
    host = Host()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with lock:
                host.diary.append(Asked(time.monotonic(), self.path, self.headers.get("User-Agent", "")))
                answers = host.answers.get(self.path) or [Answer(b"no such page", status=404)]
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                host.at_once += 1
                host.most_at_once = max(host.most_at_once, host.at_once)
            time.sleep(host.takes)
            with lock:
                host.at_once -= 1
            if answer.status == 0:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            self.send_response(answer.status)
            for name, value in (("Content-Type", answer.kind), *answer.headers):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            try:
                self.wfile.write(answer.body)
            except OSError:  # the crawler has had enough
                self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):  # closed above
                return

        def log_message(self, *args: object) -> None:
            """Keep the test's output clean."""

    server = Server((address, 0), Handler)

    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    host.url = f"http://{address}:{server.server_port}"
    yield host
    server.shutdown()
    server.server_close()


class Books(NamedTuple):
    """What a crawl wrote down."""

    stats: dict[str, Any]
    refused: dict[str, tuple[str, str]]  # reason and detail, by page


def crawled(out: Path, urls: list[str], *settings: str) -> Books:
    """The books of a crawl of some pages, without delays unless the settings, such as `DOWNLOAD_DELAY=1`, say so."""
    seeds = out / "seeds.txt"
    seeds.write_text("\n".join(urls))
    quick = ("LAIT_CONTACT=me", "LAIT_BACK_OFF=0.05", "RETRY_ENABLED=1", *settings)
    done = crawl(f"-aseeds={seeds}", f"-aout={out}", *(f"-s{setting}" for setting in quick))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    rows = [*refusals(out / "refused"), *pq.read_table(out / "failures.parquet").to_pylist()]
    refused = {row["page_url"]: (row["reason"], row["detail"]) for row in rows}
    return Books(json.loads((out / "stats.json").read_text()), refused)


def refusals(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder).to_pylist() if any(folder.glob("*.parquet")) else []
    return found
