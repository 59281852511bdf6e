"""How many images a second, and a second of processor time, spider `images` fetches beside img2dataset.

    python -m benchmarks.fetch_images --img2dataset-python VENV/bin/python

Both fetch the same distinct JPEGs from one nginx of this machine over many loopback addresses, as if of so many hosts,
and write them as served to Parquet with their hash and size. The fetcher has one core and the server another.
img2dataset asks no host for robots.txt and waits for none; ours reads robots.txt of each, without a delay here.
Wants nginx (`apt-get install nginx-light`); img2dataset (`pip install img2dataset`) wants an environment of its own.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.dataset as ds

from benchmarks.image_server import SERVER_CORE, cpu_of, free_port, make_images, nginx

Fetcher = Callable[[Path], list[str]]  # from the output folder to a command
FETCHER_CORE: Final = "0"
OURS: Final = {
    "DOWNLOAD_DELAY": "0.001",  # with 0, Scrapy 2.19 forgets CONCURRENT_REQUESTS_PER_DOMAIN and opens more connections
    "DOWNLOAD_DELAY_JITTER": "0",
    "AUTOTHROTTLE_ENABLED": "False",
    "CONCURRENT_REQUESTS": "64",
    "CONCURRENT_REQUESTS_PER_DOMAIN": "4",
    "NETGUARD_ALLOW": "127.0.0.0/8",
    "LAIT_CONTACT": "benchmark",
}
THEIRS: Final = {
    "processes_count": 1,
    "thread_count": 64,  # as many requests at once as ours has
    "resize_mode": "no",
    "disable_all_reencoding": True,
    "extract_exif": False,
    "compute_hash": "sha256",
    "output_format": "parquet",
    "input_format": "parquet",
    "url_col": "url",
    "caption_col": "text",
    "number_sample_per_shard": 2_500,
}


@dataclass(frozen=True, slots=True)
class Run:
    """One fetch of everything.

    Attributes:
        seconds: on the clock.
        cpu: seconds of processor time, user and system, of the process and its children.
        memory: bytes resident in all its processes, at their most.
        images: images in the output.
    """

    seconds: float
    cpu: float
    memory: int
    images: int


def main() -> None:
    """Fetch in turns, print one table."""
    options = arguments()
    os.sched_setaffinity(0, {int(SERVER_CORE)})  # out of the fetchers' way
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port()
        rows = make_images(folder, options.images, options.hosts, port)
        fetchers: dict[str, Fetcher] = {"lait": lambda out: our_command(rows, out)}
        if options.img2dataset_python:
            fetchers["img2dataset"] = lambda out: their_command(options.img2dataset_python, rows, out)
        else:
            print("img2dataset is left out: give the interpreter it is installed for with --img2dataset-python")
        runs: dict[str, list[Run]] = {name: [] for name in fetchers}
        with nginx(folder, port) as server:
            for turn in range(options.runs):
                for name, command in fetchers.items():
                    before, began = cpu_of(server), time.monotonic()
                    run = measured(command(folder / f"{name}-{turn}"), folder / f"{name}-{turn}")
                    share = (cpu_of(server) - before) / (time.monotonic() - began)
                    print(
                        f"{name}: {run.images} images, {run.seconds:.1f} s, {run.cpu:.1f} CPU s; server at {share:.0%} of its core"
                    )
                    runs[name].append(run)
        print_table(runs, options)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--img2dataset-python", metavar="PATH", help="an interpreter that has img2dataset")
    parser.add_argument("--images", type=int, default=5_000, metavar="N", help="images to fetch (default: %(default)s)")
    parser.add_argument("--hosts", type=int, default=500, metavar="N", help="addresses they are on (%(default)s)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="of each, in turns (%(default)s)")
    return parser.parse_args()


def our_command(rows: Path, out: Path) -> list[str]:
    """Spider `images` at work."""
    settings = [part for name, value in OURS.items() for part in ("-s", f"{name}={value}")]
    return [sys.executable, "-m", "scrapy", "crawl", "images", "-a", f"input={rows}", "-a", f"out={out}", *settings]


def their_command(python: str, rows: Path, out: Path) -> list[str]:
    """img2dataset at work."""
    how = {"url_list": str(rows), "output_folder": str(out), **THEIRS}
    program = f"if __name__ == '__main__':\n    from img2dataset import download\n    download(**{how!r})\n"
    script = out.with_suffix(".py")
    script.write_text(program)
    return [python, "-W", "ignore", str(script)]


def measured(command: list[str], out: Path) -> Run:
    """Run a command on the fetcher's core and count its images."""
    began = time.monotonic()
    environment = {**os.environ, "NO_ALBUMENTATIONS_UPDATE": "1"}
    with (out.with_suffix(".log")).open("w") as log:
        process = subprocess.Popen(
            ["taskset", "-c", FETCHER_CORE, *command],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        memory = 0
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            memory = max(memory, resident_in(process.pid))
            time.sleep(0.1)
        _, status, usage = ended
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    if process.returncode:
        raise SystemExit(f"error: {command[0]} failed:\n{out.with_suffix('.log').read_text()[-2000:]}")
    images = images_in(out)
    shutil.rmtree(out)
    return Run(seconds, usage.ru_utime + usage.ru_stime, memory, images)


def resident_in(session: int) -> int:
    """Bytes resident in the processes of a session; what they share is counted for each."""
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = stat.read_text().rpartition(")")[2].split()
            pages += int(fields[21]) if int(fields[3]) == session else 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def images_in(out: Path) -> int:
    """How many rows of an output have an image's bytes."""
    folder, column = (out / "candidates", "image") if (out / "candidates").is_dir() else (out, "jpg")
    return sum(
        ds.dataset(path).count_rows(filter=ds.field(column).is_valid()) for path in sorted(folder.glob("*.parquet"))
    )


def print_table(runs: dict[str, list[Run]], options: argparse.Namespace) -> None:
    """The medians of all runs."""
    print(f"\nlait with {' '.join(f'{name}={value}' for name, value in OURS.items())}")
    if "img2dataset" in runs:
        print(f"img2dataset {version_of(options.img2dataset_python)} with {THEIRS}")
    print(f"\n{'median of ' + str(options.runs):<16}{'images/s':>10}{'images/CPU s':>14}{'peak MB':>9}{'images':>8}")
    medians = {}
    for name, found in runs.items():
        a_second = statistics.median(run.images / run.seconds for run in found)
        a_cpu_second = statistics.median(run.images / run.cpu for run in found)
        memory = statistics.median(run.memory for run in found) / 1e6
        medians[name] = a_second, a_cpu_second
        print(f"{name:<16}{a_second:>10.0f}{a_cpu_second:>14.0f}{memory:>9.0f}{found[0].images:>8}")
    if len(medians) == 2:
        ours, theirs = medians.values()
        print(f"{'ratio':<16}{ours[0] / theirs[0]:>10.2f}{ours[1] / theirs[1]:>14.2f}")


def version_of(python: str) -> str:
    """img2dataset's version."""
    program = "import importlib.metadata; print(importlib.metadata.version('img2dataset'))"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
