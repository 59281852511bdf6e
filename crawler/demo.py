"""The demo site, served by a child process for a crawl that was given no seeds."""

import socket
import subprocess
import sys
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from crawler.plan import CrawlError

SERVER: Final = Path(__file__).resolve().parent.parent / "examples" / "demo_site" / "serve.py"
READY: Final = "serving "  # what the server prints before its address, once it answers
STOP_SECONDS: Final = 2
PORTS: Final = range(20_000, 30_000)  # below those that systems give to whoever asks for any


class DemoSite:
    """A running demo server.

    Attributes:
        url: its address, ending in a slash.
    """

    def __init__(self, server: Path = SERVER, port: int = 0) -> None:
        """Start the server on a port, 0 for any, and wait until it answers.

        Raises:
            CrawlError: there is no demo site here, or it does not start.
        """
        if not server.is_file():
            raise CrawlError(
                f"no seeds given, and the demo site is not here ({server} is missing): give -a seeds=FILE or -a seeds=URL"
            )
        self._process = subprocess.Popen(
            [sys.executable, str(server), "--port", str(port), "--until-stdin-closes"],
            stdin=subprocess.PIPE,  # closes with this process, however that ends
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is the crawl's to handle, which still needs the site while it ends
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line.startswith(READY):
            self.stop()
            raise CrawlError(f"the demo site did not start ({line or 'see above'}): run `python {server}` to see why")
        self.url = line.removeprefix(READY)

    def stop(self) -> None:
        """Stop the server; a second call does nothing."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        for end in (self._process.poll, self._process.terminate, self._process.kill):  # by itself, if it can
            end()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
                break
        if self._process.stdout is not None:
            self._process.stdout.close()


def port_for(out: Path) -> int:
    """A port for the demo site that is always the same for a crawl's folder, so that a killed crawl can go on in it.

    Returns:
        The port; 0, for any, while that one is taken.
    """
    digest = blake2b(str(out.resolve()).encode("utf-8", "surrogateescape"), digest_size=4).digest()
    port = PORTS.start + int.from_bytes(digest, "big") % len(PORTS)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port
