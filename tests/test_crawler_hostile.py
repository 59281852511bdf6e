"""Crawls of servers that mean harm: every case ends counted, and the healthy pages beside it arrive."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.crawler_web import ROOT, crawl
from tests.hostile_web import AWAY, CASES, GOOD, IMAGES, HostileWeb, hostile, to

# Stands in for the name server of a crawl, and notes how much memory the crawl had taken when it ended.
HOOK = """
import atexit, os, resource, socket
ANSWERS = {"several.test": ["127.0.0.2", "10.0.0.1", "127.0.0.1"], "private.test": ["10.0.0.1", "127.0.0.2"]}
asked = []
find, find_all = socket.gethostbyname, socket.getaddrinfo

def addresses(name):
    if name == "rebinding.test":  # the first answer is fine, all others lead to another machine
        asked.append(name)
        return ["127.0.0.1" if len(asked) == 1 else "127.0.0.2"]
    return ANSWERS.get(name)

def gethostbyname(name):
    return (addresses(name) or [find(name)])[0]

def getaddrinfo(name, port, *rest, **more):
    found = addresses(name)
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found] if found else find_all(
        name, port, *rest, **more)

socket.gethostbyname, socket.getaddrinfo = gethostbyname, getaddrinfo

def note():
    with open(os.environ["LAIT_TEST_PEAK"], "w") as file:
        file.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))

atexit.register(note)
"""


@dataclass
class Ended:
    """A finished crawl."""

    done: subprocess.CompletedProcess[str]
    out: Path
    peak: int  # KB of memory at most

    def fates(self) -> dict[str, str]:
        """What became of each page: a reason, or `candidate`."""
        refused = {row["page_url"]: row["reason"] for row in self.refused()}
        kept = {} if not (shards := self.out / "candidates").exists() else pages(shards)
        return {**refused, **dict.fromkeys(kept, "candidate")}

    def refused(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.out / "refused").to_pylist()
        return rows

    def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.out / "stats.json").read_text())
        return found


def pages(shards: Path) -> list[str]:
    if not list(shards.iterdir()):
        return []
    found: list[str] = pq.read_table(shards, columns=["page_url"])["page_url"].to_pylist()
    return found


def run(folder: Path, urls: list[str], *arguments: str, **environment: str) -> Ended:
    """Crawl some pages as a user does, with a name server of our own."""
    hook = folder / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK)
    (folder / "seeds.txt").write_text("\n".join(urls))
    out = folder / "crawl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(hook), str(ROOT)]))
        patch.setenv("LAIT_TEST_PEAK", str(hook / "peak"))
        for name, value in environment.items():
            patch.setenv(name, value)
        done = crawl(f"-aseeds={folder / 'seeds.txt'}", f"-aout={out}", "-sLAIT_CONTACT=me", *arguments)
    return Ended(done, out, int((hook / "peak").read_text()))


QUICK = ("-sNETGUARD_ALLOW=127.0.0.1", "-sDOWNLOAD_TIMEOUT=3", "-sCONCURRENT_REQUESTS_PER_DOMAIN=64")


@dataclass
class Hostile:
    """The one crawl of everything, and the server that it met."""

    ended: Ended
    web: HostileWeb
    forbidden: HostileWeb
    expected: dict[str, str]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    """A crawl of all cases at once."""
    answers = {
        **{path: answer for table in (CASES, IMAGES) for path, (answer, _) in table.items()},
        **{path: to(target) for path, (target, _) in AWAY.items()},
        **GOOD,
    }
    with hostile(answers) as web, hostile(host="127.0.0.2") as forbidden:
        expected = {
            **{web.url + path: reason for path, (_, reason) in CASES.items()},
            **{f"{web.url}/image?{path}": reason for path, (_, reason) in IMAGES.items()},
            **{web.url + path: "candidate" for path in GOOD},
        }
        seeds = [*expected, *(web.url + path for path in AWAY)]
        port = web.url.rpartition(":")[2]
        forbidden_port = forbidden.url.rpartition(":")[2]
        expected |= dict(AWAY.values())
        elsewhere = {
            f"http://several.test:{port}/page": "candidate",
            f"http://private.test:{forbidden_port}/page": "private_address",
            f"{forbidden.url}/page": "private_address",
            f"http://{'a' * 70}.test/": "fetch_failed",
            "http://no-such-host.invalid/": "fetch_failed",
        }
        ended = run(tmp_path_factory.mktemp("hostile"), [*seeds, *elsewhere], *QUICK)
        yield Hostile(ended, web, forbidden, {**expected, **elsewhere})


def test_every_case_ends_under_its_reason_and_the_healthy_pages_arrive(everything: Hostile) -> None:
    ended = everything.ended
    assert (ended.done.returncode, ended.done.stderr) == (0, "")
    assert ended.fates() == everything.expected
    stats = ended.stats()
    assert (stats["ended"], stats["unfinished"], stats["lost"]) == ("finished", 0, 0)


def test_nothing_is_connected_to_that_is_not_allowed(everything: Hostile) -> None:
    assert everything.forbidden.connections == 0


def test_what_never_ends_is_cut_early_and_memory_stays_bounded(everything: Hostile) -> None:
    sent = everything.web.sent
    headers = [path for path, (_, reason) in {**CASES, **IMAGES}.items() if "header_too_large" in reason]
    assert len(headers) == 6
    assert max(sent[path] for path in headers) < 20_000_000  # what loopback buffers; the limit is 64 KB
    assert max(sent[path] for path in ("/endless-body", "/endless-chunks", "/endless.jpg")) < 60_000_000
    assert everything.ended.peak < 500_000
