"""The labelling page's server: on this computer only, for whoever has the address that the command printed."""

import io
import json
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any, Final

from crawler.items import Text
from filters.image import decode
from scoring.fitting.labels import VERDICTS, Label, LabelledPage, write_labels

HOST: Final = "127.0.0.1"
PAGE: Final = Path(__file__).parent / "label_page.html"
MOST_BYTES: Final = 10_000  # of a request's body
SHOWN_SIDE: Final = 900  # pixels of the picture on the page
# nothing from elsewhere may load, frame the page or learn its address
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; connect-src 'self'; script-src 'nonce-{nonce}'; "
    "style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(slots=True)
class Labelling:
    """The state of one person's labelling; every change is on disk before it is answered.

    Attributes:
        pairs: all there are to judge, in the order they are asked.
        labels: the verdicts given, oldest first.
        path: of the labels' Parquet file.
        candidates: the folder that the pairs come from.
    """

    pairs: list[tuple[LabelledPage, Text]]
    labels: list[Label]
    path: Path
    candidates: Path
    lock: Lock = field(default_factory=Lock)

    def state(self) -> dict[str, Any]:
        """What the page shows: the next pair, None when all are judged, and how far the work is."""
        judged = {(label.image_sha256, label.text) for label in self.labels}
        waiting = (
            (number, page, text)
            for number, (page, text) in enumerate(self.pairs)
            if (page.image_sha256, text.text) not in judged
        )
        number, page, text = next(waiting, (None, None, None))
        counts = {verdict: sum(label.verdict == verdict for label in self.labels) for verdict in VERDICTS}
        pair = None
        if page is not None and text is not None:
            pair = {"number": number, "text": text.text, "source": text.source, "page": page.page_url}
        return {"pair": pair, "done": len(self.labels), "total": len(self.pairs), "counts": counts}

    def answer(self, number: int, verdict: str) -> None:
        """Add a verdict; a second one on the same pair replaces the first.

        Raises:
            ValueError: there is no such pair or verdict.
        """
        if verdict not in VERDICTS or not 0 <= number < len(self.pairs):
            raise ValueError(f"no pair {number} or no verdict {verdict!r}")
        page, text = self.pairs[number]
        label = Label(page.image_sha256, text.source, text.text, verdict)
        others = [
            known for known in self.labels if (known.image_sha256, known.text) != (label.image_sha256, label.text)
        ]
        self._store([*others, label])

    def undo(self) -> None:
        """Take the last verdict back, so that its pair is asked again; without one nothing happens."""
        if self.labels:
            self._store(self.labels[:-1])

    def _store(self, labels: list[Label]) -> None:
        write_labels(self.path, labels, self.candidates)
        self.labels = labels


class LabelServer(ThreadingHTTPServer):
    """Serves one labelling on the loopback address.

    Attributes:
        labelling: what is judged.
        address: what to open in a browser; its path holds a secret, so that no other page can guess it.
    """

    daemon_threads = True

    def __init__(self, labelling: Labelling, port: int = 0) -> None:
        super().__init__((HOST, port), _Handler)
        self.labelling = labelling
        self.secret = secrets.token_urlsafe(24)
        self.address = f"http://{HOST}:{self.server_address[1]}/{self.secret}/"


class _Handler(BaseHTTPRequestHandler):
    server: LabelServer

    def do_GET(self) -> None:
        """The page, its state, or a pair's picture."""
        path = self._own_path()
        labelling = self.server.labelling
        if path == "":
            nonce = secrets.token_urlsafe(16)
            page = PAGE.read_text(encoding="utf-8").replace("{{nonce}}", nonce)
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", page.encode(), nonce)
        elif path == "state":
            with labelling.lock:
                self._send_state()
        elif path is not None and path.startswith("image/") and path[6:].isdecimal():
            self._send_image(int(path[6:]))
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"not here")

    def do_POST(self) -> None:
        """A verdict, or taking the last one back; answered with the new state."""
        path, labelling = self._own_path(), self.server.labelling
        length = self.headers.get("Content-Length", "")
        if path not in ("answer", "undo") or self.headers.get("Content-Type") != "application/json":
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"not here")
            return
        if not length.isdecimal() or int(length) > MOST_BYTES:
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "text/plain", b"too long")
            return
        try:
            asked = json.loads(self.rfile.read(int(length)))
            with labelling.lock:
                if path == "undo":
                    labelling.undo()
                else:
                    labelling.answer(int(asked["number"]), str(asked["verdict"]))
                self._send_state()
        except (ValueError, TypeError, KeyError) as error:
            self._send(HTTPStatus.BAD_REQUEST, "text/plain", str(error).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Say nothing: the terminal shows the address, and a line a picture would push it away."""

    def _own_path(self) -> str | None:
        """The path behind the secret; None for whoever does not know it, or comes by another name (DNS rebinding)."""
        port = self.server.server_address[1]
        if self.headers.get("Host") not in (f"{HOST}:{port}", f"localhost:{port}"):
            return None
        if self.headers.get("Origin") not in (None, f"http://{HOST}:{port}", f"http://localhost:{port}"):
            return None
        secret, slash, rest = self.path[1:].partition("/")
        return rest if slash and secrets.compare_digest(secret.encode(), self.server.secret.encode()) else None

    def _send_state(self) -> None:
        self._send(HTTPStatus.OK, "application/json", json.dumps(self.server.labelling.state()).encode())

    def _send_image(self, number: int) -> None:
        pairs = self.server.labelling.pairs
        picture = decode(pairs[number][0].image()) if number < len(pairs) else "no such pair"
        if isinstance(picture, str):
            self._send(HTTPStatus.NOT_FOUND, "text/plain", picture.encode())
            return
        picture.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=90)  # never the bytes as served: a crawl brings what it finds
        self._send(HTTPStatus.OK, "image/jpeg", buffer.getvalue())

    def _send(self, status: HTTPStatus, content_type: str, body: bytes, nonce: str = "") -> None:
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value.replace("{nonce}", nonce))
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
