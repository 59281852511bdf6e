"""How fast are WARC files turned into candidates? `python -m benchmarks.warc_extraction [--pages FOLDER]`.

Writes gzip WARC files of distinct pages, reads them without extracting, then runs the command with one worker and with
two. Rates are of the whole command, its start included; bytes are those of the pages, uncompressed. On a machine that
does other work as well, the processor's seconds say more than the clock's.
"""

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from examples.demo_site import website
from pipelines.warc import records

ROOT = Path(__file__).resolve().parent.parent
FILES = 8  # so that two workers have about the same to do


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=Path, metavar="FOLDER", help="*.html files (default: the demo site's pages)")
    parser.add_argument("--count", type=int, default=8000, help="pages to extract, repeated under other addresses")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write_warcs(folder, pages(options.pages), options.count)
        rows = [("read only, 1 process", *seconds(lambda: read(folder)))]
        for workers in (1, 2):
            label = f"extract, {workers} worker{'s' * (workers > 1)}"
            rows.append((label, *seconds(partial(extract, folder, workers))))
        print(f"{options.count} pages, {size / 1e6:.0f} MB, {size / options.count / 1e3:.0f} KB each")
        print(f"{'':<24}{'seconds':>9}{'CPU s':>9}{'pages/s':>9}{'MB/s':>9}")
        for label, took, busy in rows:
            print(f"{label:<24}{took:>9.1f}{busy:>9.1f}{options.count / took:>9,.0f}{size / took / 1e6:>9.1f}")


def pages(folder: Path | None) -> list[bytes]:
    """The pages to extract."""
    if folder is not None:
        found = [path.read_bytes() for path in sorted(folder.rglob("*.htm*")) if path.is_file()]
    else:
        answers = [website.response(path, "site.test") for path in website.page_paths()]
        found = [
            answer.body for answer in answers if answer.status == 200 and answer.content_type.startswith("text/html")
        ]
    if not found:
        raise SystemExit(f"error: {folder}/ holds no *.html files; give another --pages")
    return found


def write_warcs(folder: Path, bodies: list[bytes], count: int) -> int:
    """Write `FILES` WARC files with `count` pages in all; how many bytes those pages have."""
    size = 0
    numbered = enumerate(islice(cycle(bodies), count))
    files = [(folder / f"{index}.warc.gz").open("wb") for index in range(FILES)]
    for number, body in numbered:
        files[number % FILES].write(gzip.compress(b"".join(record(number, body)), compresslevel=6))
        size += len(body)
    for file in files:
        file.close()
    return size


def record(number: int, body: bytes) -> Iterator[bytes]:
    """A response record, in pieces."""
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
    yield (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://site.test/{number}\r\n"
        f"WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:{number:032x}>\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    ).encode()
    yield block + b"\r\n\r\n"


def read(folder: Path) -> None:
    """Read every page and do nothing with it."""
    for path in sorted(folder.glob("*.warc.gz")):
        deque(records(path), maxlen=0)


def extract(folder: Path, workers: int) -> None:
    """Run the command."""
    command = [sys.executable, "-m", "pipelines.run", "run", "pipelines/extract_candidates.py"]
    arguments = ["--input", str(folder), "--output", str(folder / f"out{workers}"), f"--direct_num_workers={workers}"]
    subprocess.run([*command, *arguments], cwd=ROOT, check=True, capture_output=True)


def seconds(work: Callable[[], None]) -> tuple[float, float]:
    """How long the work takes, and how long processors were at it, those of child processes included."""
    began, before = time.perf_counter(), sum(os.times()[:4])
    work()
    return time.perf_counter() - began, sum(os.times()[:4]) - before


if __name__ == "__main__":
    main()
