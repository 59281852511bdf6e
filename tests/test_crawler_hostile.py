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

from tests.crawler_web import ROOT, crawl, photo
from tests.hostile_web import AWAY, CASES, GOOD, IMAGES, HostileWeb, certificate, hostile, server_context, to, typed

# Stands in for the name server of a crawl, and notes how much memory the crawl had taken when it ended.
HOOK = """
import atexit, os, socket
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
        file.write(next(line for line in open("/proc/self/status") if line.startswith("VmHWM:")).split()[1])

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
        """What was refused, for good or until the next run."""
        tables = [*(self.out / "refused").glob("*.parquet"), self.out / "failures.parquet"]
        return [row for table in tables for row in pq.read_table(table).to_pylist()]

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


QUICK = ("-sNETGUARD_ALLOW=127.0.0.1", "-sDOWNLOAD_TIMEOUT=5", "-sCONCURRENT_REQUESTS_PER_DOMAIN=64")


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
        "/refresh": typed("text/html", b'<meta http-equiv="refresh" content="0; url=http://192.168.0.1/">'),
    }
    with hostile(answers) as web, hostile(host="127.0.0.2") as forbidden:
        expected = {
            **{web.url + path: reason for path, (_, reason) in CASES.items()},
            **{f"{web.url}/image?{path}": reason for path, (_, reason) in IMAGES.items()},
            **{web.url + path: "candidate" for path in GOOD},
        }
        seeds = [*expected, *(web.url + path for path in (*AWAY, "/refresh"))]
        expected |= dict(AWAY.values()) | {"http://192.168.0.1/": "private_address"}
        elsewhere = {
            f"http://several.test:{web.port}/page": "candidate",
            f"http://private.test:{forbidden.port}/page": "private_address",
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


LITERALS = (
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "017700000001",
    "0",
    "0.0.0.0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "\uff11\uff12\uff17.0.0.1",
    "127\u30020\u30020\u30021",
    "a@127.0.0.1",
)


def test_no_way_to_write_this_machine_leads_to_it(tmp_path: Path) -> None:
    with hostile() as web:
        ended = run(tmp_path, [f"http://{host}:{web.port}/" for host in LITERALS], "-sNETGUARD_ALLOW=")
        assert (ended.done.returncode, ended.done.stderr, web.connections) == (0, "", 0)
    stats = ended.stats()
    assert (stats["pages"], stats["candidates"], stats["unfinished"]) == (len(LITERALS), 0, 0)
    # what a name server makes of a name with a dot at its end is its own affair
    assert set(stats["refusals"]) <= {"private_address", "fetch_failed", "not_crawlable"}
    assert stats["refusals"]["private_address"] >= len(LITERALS) - 4


@pytest.mark.parametrize("resolver", ["CachingThreadedResolver", "CachingHostnameResolver"])
def test_a_name_that_changes_its_address_leads_nowhere_new(resolver: str, tmp_path: Path) -> None:
    with hostile(GOOD) as web, hostile(host="127.0.0.2", port=web.port) as forbidden:
        # each fetch is over a connection of its own, so that the name is asked for again where answers are not kept
        url = f"http://rebinding.test:{web.port}/page-untyped"
        ended = run(
            tmp_path, [url], *QUICK, "-sDNSCACHE_ENABLED=0", f"-sTWISTED_DNS_RESOLVER=scrapy.resolver.{resolver}"
        )
        assert ended.fates() == {url: "image_private_address"}
        assert web.asked == ["/robots.txt", "/.well-known/tdmrep.json", "/page-untyped"]
        assert forbidden.connections == 0


def test_certificates_are_verified(tmp_path: Path) -> None:
    authority = certificate(tmp_path, "authority.test")
    trusted = server_context(certificate(tmp_path, "localhost", authority[1:])[0])
    unknown = server_context(certificate(tmp_path, "localhost")[0])
    endless = {path: CASES[path][0] for path in ("/header-100-mb", "/silent")} | {
        "/too-short": GOOD["/too-short-endless"]
    }
    with hostile(endless, context=trusted) as good, hostile(context=unknown) as bad, hostile() as plain:
        seeds = {
            f"https://localhost:{good.port}/page": "candidate",
            f"https://localhost:{good.port}/too-short": "candidate",
            f"https://localhost:{good.port}/header-100-mb": "header_too_large",
            f"https://localhost:{good.port}/silent": "too_slow",  # so that the crawl goes on for a while
            f"https://localhost:{good.port}/image?{bad.url.replace('127.0.0.1', 'localhost')}/x.jpg": "image_tls_error",
            f"https://127.0.0.1:{good.port}/wrong-name": "tls_error",
            f"https://localhost:{bad.port}/self-signed": "tls_error",
            f"https://localhost:{plain.port}/no-tls": "tls_error",
        }
        ended = run(tmp_path, list(seeds), *QUICK, SSL_CERT_FILE=str(authority[0]))
        assert (ended.done.returncode, ended.done.stderr) == (0, "")
        assert ended.fates() == seeds
        details = {row["page_url"].rpartition("/")[2]: row["detail"] for row in ended.refused()}
        assert details["self-signed"] == "certificate verify failed"
        assert details["wrong-name"] == "the certificate is another host's"
        assert bad.asked == plain.asked == []
        assert max(good.sent.values()) < 20_000_000  # of the 100 MB that it went on to send


def test_verification_can_be_switched_off_and_a_proxy_of_the_environment_is_not_used(tmp_path: Path) -> None:
    with hostile(context=server_context(certificate(tmp_path, "localhost")[0])) as web:
        nobody = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
        ended = run(
            tmp_path, [f"{web.url}/page"], *QUICK, "-sDOWNLOAD_VERIFY_CERTIFICATES=0", "-sLOG_LEVEL=INFO", **nobody
        )
        assert ended.fates() == {f"{web.url}/page": "candidate"}
        enabled = ended.done.stderr.partition("Enabled extensions:")[2].partition("]")[0]
        assert "crawler.progress.Progress" in enabled
        assert "telnet" not in enabled.lower()
        assert "remote" not in enabled.lower()


def test_of_robots_txt_500_kib_are_read_and_its_redirects_are_guarded(tmp_path: Path) -> None:
    rules = b"User-agent: *\nDisallow: /early\n"
    filler = b"# filler\n" * (500 * 1024 // 9)
    long = {"/robots.txt": typed("text/plain", rules + filler + b"Disallow: /late\n")}
    away = {"/robots.txt": to("http://169.254.169.254/robots.txt")}
    with hostile(long) as first, hostile(away) as second:
        expected = {
            f"{first.url}/early": "robots_txt",
            f"{first.url}/late": "candidate",
            f"{second.url}/page": "robots_unreachable",
        }
        ended = run(tmp_path, list(expected), *QUICK)
        assert ended.fates() == expected
        assert second.asked == ["/robots.txt"]


def test_pages_and_images_have_limits_of_their_own(tmp_path: Path) -> None:
    large = {"/large.jpg": typed("image/jpeg", photo(1) + bytes(60_000)), "/large": typed("text/html", bytes(60_000))}
    with hostile(large) as web:
        seeds = [f"{web.url}/large", f"{web.url}/image?/large.jpg"]
        ended = run(tmp_path, seeds, *QUICK, "-sLAIT_PAGE_MAXSIZE=50000", "-sDOWNLOAD_MAXSIZE=90000")
        assert ended.fates() == dict(zip(seeds, ("too_large", "candidate"), strict=True))


def test_what_is_too_slow_or_refused_is_not_asked_for_again(tmp_path: Path) -> None:
    answers = {path: CASES[path][0] for path in ("/silent", "/header-lines", "/reset")}
    with hostile(answers) as web:
        seeds = [f"{web.url}{path}" for path in answers]
        ended = run(tmp_path, seeds, *QUICK, "-sDOWNLOAD_TIMEOUT=1", "-sRETRY_ENABLED=1")
        assert ended.fates() == {web.url + path: CASES[path][1] for path in answers}
        assert {path: web.asked.count(path) for path in answers} == {"/silent": 1, "/header-lines": 1, "/reset": 3}


def test_connections_are_kept_and_used_again(tmp_path: Path) -> None:
    with hostile() as web:
        seeds = [f"{web.url}/page-{number}" for number in range(20)]
        ended = run(tmp_path, seeds, "-sNETGUARD_ALLOW=127.0.0.1", "-sDOWNLOAD_DELAY=0.02")
        assert ended.stats()["candidates"] == 20
        assert len(web.asked) == 42  # robots.txt, tdmrep.json, pages and images
        assert web.connections <= 4


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("NETGUARD_ALLOW=127.0.0.1/8", "holds 127.0.0.1/8, which is no network: use -s NETGUARD_ALLOW=127.0.0.0/8,::1"),
        ("NETGUARD_ALLOW=localhost", "holds localhost, which is no network"),
        ("NETGUARD_PORTS=80;443", "NETGUARD_PORTS=80;443 is no list of ports: use -s NETGUARD_PORTS=80,443 or so"),
        ("DOWNLOAD_TIMEOUT=0", "DOWNLOAD_TIMEOUT=0 is no number of seconds: use -s DOWNLOAD_TIMEOUT=60 or so"),
        ("DOWNLOAD_DELAY=x", "DOWNLOAD_DELAY=x is no number of seconds: use -s DOWNLOAD_DELAY=1 or so"),
        (
            "CONCURRENT_REQUESTS=0",
            "CONCURRENT_REQUESTS=0 is no number of requests: use -s CONCURRENT_REQUESTS=64 or so",
        ),
        ("LAIT_TDMREP=maybe", "LAIT_TDMREP=maybe is neither yes nor no: use -s LAIT_TDMREP=True or False"),
        (
            "LAIT_PAGE_MAXSIZE=5MB",
            "LAIT_PAGE_MAXSIZE=5MB is no number of bytes: use -s LAIT_PAGE_MAXSIZE=5242880 or so",
        ),
    ],
)
def test_a_setting_that_cannot_be_read_is_one_line_before_anything_runs(
    setting: str, message: str, tmp_path: Path
) -> None:
    done = crawl("-aseeds=http://127.0.0.1:9/", f"-aout={tmp_path / 'crawl'}", f"-s{setting}")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "crawl").exists()
