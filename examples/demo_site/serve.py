"""Serves the demo site on this machine: `python examples/demo_site/serve.py --port 0`."""

import argparse
import contextlib
import json
import signal
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a script, only this folder is on the path

from examples.demo_site import website

ADDRESS: Final = "127.0.0.1"


class AccessLog:
    """One JSON line a request, appended to a file that every thread may write to.

    Args:
        path: the file; None writes nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8") if path else None

    def write(self, path: str, status: int, user_agent: str) -> None:
        """Appends one request and flushes, so that a reader sees it at once."""
        if self._file:
            with self._lock:
                self._file.write(json.dumps({"path": path, "status": status, "user_agent": user_agent}) + "\n")
                self._file.flush()


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD from `website.response`."""

    protocol_version = "HTTP/1.1"
    server_version = "demo-site"

    def __init__(self, access_log: AccessLog, *args: Any) -> None:
        self._access_log = access_log
        super().__init__(*args)

    def do_GET(self) -> None:
        """Sends headers and body."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Sends the same headers without the body."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        host, port = self.connection.getsockname()[:2]
        path = unquote(urlsplit(self.path).path)
        answer = website.response(path, f"{host}:{port}")
        self._access_log.write(path, answer.status, self.headers.get("User-Agent", ""))
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            with contextlib.suppress(ConnectionError):  # a client may stop reading when it has seen enough
                self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keeps stderr quiet: `--access-log` is the log."""


class Server(ThreadingHTTPServer):
    """A thread a connection."""

    request_queue_size = 128  # of the default 5, a crawler's burst of connections is dropped and retried after seconds


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Serve the demo site on 127.0.0.1 until told to stop.")
    parser.add_argument("--port", type=int, default=8000, help="0 lets the system choose a free one (default: 8000)")
    parser.add_argument("--access-log", type=Path, metavar="FILE", help="append one JSON line a request")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when standard input ends")
    return parser.parse_args()


def stop_when_stdin_closes(server: ThreadingHTTPServer) -> None:
    """Reads standard input to its end, then stops the server."""
    sys.stdin.buffer.read()
    server.shutdown()


def main() -> int:
    """Serves until SIGTERM, Ctrl-C or, if asked, the end of standard input; returns the exit status."""
    options = arguments()
    try:
        access_log = AccessLog(options.access_log)
        server = Server((ADDRESS, options.port), partial(Handler, access_log))
    except (OSError, OverflowError) as error:
        print(f"cannot serve on port {options.port}: {error}; try --port 0 or another --access-log", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if options.until_stdin_closes:
        threading.Thread(target=stop_when_stdin_closes, args=(server,), daemon=True).start()
    print(f"serving http://{ADDRESS}:{server.server_address[1]}/", flush=True)
    try:
        with server:
            server.serve_forever(poll_interval=0.05)
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
