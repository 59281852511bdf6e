"""A headless Chromium driven over its debugging protocol: enough to press keys and read a page."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from websocket import WebSocket, create_connection

PATIENCE: Final = 30.0  # seconds
KEYS: Final = {"y": "KeyY", "n": "KeyN", "u": "KeyU", " ": "Space"}


def chromium() -> str | None:
    """The browser's program, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Tab:
    """One page of the browser."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._calls = 0

    def call(self, method: str, **params: Any) -> Any:
        """The protocol's answer to one command."""
        self._calls += 1
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._calls:
                assert "error" not in answer, answer
                return answer["result"]

    def read(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait_for(self, expression: str, value: Any) -> None:
        """Return once the expression has that value."""
        end = time.monotonic() + PATIENCE
        while (found := self.read(expression)) != value:
            assert time.monotonic() < end, f"{expression} is {found!r}, not {value!r}"
            time.sleep(0.05)

    def press(self, key: str) -> None:
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=KEYS[key], text=key if kind == "keyDown" else ""
            )


@contextmanager
def opened(address: str, profile: Path) -> Iterator[Tab]:
    """A browser with one page; `profile` is an empty folder of its own."""
    program = chromium()
    assert program is not None
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    flags += ["--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={profile}"]
    environment = {**os.environ, "HOME": str(profile)}
    with subprocess.Popen(
        [program, *flags, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as browser:
        try:
            socket = create_connection(_page_socket(profile), timeout=PATIENCE)
            yield Tab(socket)
            socket.close()
        finally:
            browser.kill()


def _page_socket(profile: Path) -> str:
    """The debugging address of the browser's page."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if (profile / "DevToolsActivePort").exists():
            port = (profile / "DevToolsActivePort").read_text().split()[0]
            with urlopen(f"http://127.0.0.1:{port}/json") as answer:
                for target in json.load(answer):
                    if target["type"] == "page":
                        found: str = target["webSocketDebuggerUrl"]
                        return found
        time.sleep(0.05)
    raise TimeoutError("the browser did not start")
