"""A web site of this machine for the crawler's tests to crawl, and the crawl as a user starts it."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
STORY = (
    "The harbour was quiet when the fishermen came back with their boats full of herring and cod. They had been out "
    "since midnight, and the wind had turned twice before the first nets were hauled on board. "
)


def photo(shade: int, side: int = 400) -> bytes:
    file = BytesIO()
    Image.new("RGB", (side, side * 3 // 4), (shade, 90, 120)).save(file, "JPEG")
    return file.getvalue()


def page(image: str, head: str = "", text: str = STORY * 4) -> bytes:
    figure = f'<figure><img src="{image}" width="800" height="600" alt="Boats at the pier"></figure>' if image else ""
    return (
        f"<html><head><title>Boats</title>{head}</head><body><h1>Boats</h1>{figure}<p>{text}</p></body></html>".encode()
    )


@dataclass
class Web:
    """A small web site: what it answers, and what it was asked."""

    url: str = ""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)  # paths, once the whole answer is sent
    silent: set[str] = field(default_factory=set)
    delay: float = 0.0  # seconds before each answer
    headers: list[dict[str, str]] = field(default_factory=list)  # of the requests
    times: list[float] = field(default_factory=list)  # when they came, on the monotonic clock

    def add(
        self, path: str, body: bytes, kind: str = "text/html; charset=utf-8", status: int = 200, **headers: str
    ) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (status, {"Content-Type": kind, **named}, body)

    def paths(self) -> list[str]:
        """What was asked for, the file aside in which a site may reserve its rights: every site is asked for that."""
        return [path for path, _ in self.asked if path != "/.well-known/tdmrep.json"]


@contextmanager
def serving(address: str = "127.0.0.1") -> Iterator[Web]:
    """A site on a port of its own, for as long as the context lasts."""
    site = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, self.headers.get("User-Agent", "")))
            site.headers.append(dict(self.headers))
            site.times.append(time.monotonic())
            time.sleep(site.delay)
            if self.path in site.silent:
                self.connection.close()
                return
            status, headers, body = site.answers.get(self.path, (404, {"Content-Type": "text/plain"}, b"no"))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            site.answered.append(self.path)

        def log_message(self, *args: object) -> None:
            """Keep the test's output clean."""

        def finish(self) -> None:
            if getattr(self, "path", "") not in site.silent:
                super().finish()

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Keep the test's output clean when a crawl is killed."""

    server = Server((address, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    yield site
    server.shutdown()
    server.server_close()


def command(*arguments: str) -> list[str]:
    quick = [
        f"-s{setting}=0" for setting in ("DOWNLOAD_DELAY", "AUTOTHROTTLE_ENABLED", "RETRY_ENABLED", "LAIT_BACK_OFF")
    ]
    quick += ["-sNETGUARD_ALLOW=127.0.0.0/8"]
    return [sys.executable, "-m", "scrapy", "crawl", "webpages", *quick, *arguments]


def crawl(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
