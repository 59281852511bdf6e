"""The demo site, served by a child process for a crawl that was given no seeds."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from crawler.plan import CrawlError

SERVER: Final = Path(__file__).resolve().parent.parent / "examples" / "demo_site" / "serve.py"
READY: Final = "serving "  # what the server prints before its address, once it answers
STOP_SECONDS: Final = 5


class DemoSite:
    """A running demo server.

    Attributes:
        url: its address, ending in a slash.
    """

    def __init__(self, server: Path = SERVER) -> None:
        """Start the server and wait until it answers.

        Raises:
            CrawlError: there is no demo site here, or it does not start.
        """
        if not server.is_file():
            raise CrawlError(
                f"no seeds given, and the demo site is not here ({server} is missing): give -a seeds=FILE or -a seeds=URL"
            )
        self._process = subprocess.Popen(
            [sys.executable, str(server), "--port", "0", "--until-stdin-closes"],
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
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
