import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from crawler.items import Candidate, Failure, Refusal
from crawler.reasons import REASONS
from tests.crawler_web import STORY, Web, crawl, page, photo, serving

GERMAN = "Der Hafen war still, als die Fischer am Morgen mit ihren Booten voller Heringe und Dorsche zur\u00fcckkamen. "


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with serving() as site:
        fill(site)
        yield site


def fill(site: Web) -> None:
    """The pages, one for each thing that can become of one."""
    site.add(
        "/robots.txt", b"User-agent: lait-crawler\nDisallow: /private/\n\nUser-agent: *\nDisallow: /\n", "text/plain"
    )
    site.add("/good", page("/small.jpg").replace(b"<img", b'<img srcset="/small.jpg 300w, /large.jpg 1200w"'))
    site.add("/small.jpg", photo(1, 120), "image/jpeg")
    site.add("/large.jpg", photo(2), "application/octet-stream")
    site.silent.add("/hangs-up")
    site.add("/moved", b"", status=301, Location="/good")
    site.add("/moved-far", b"", status=301, Location="/far")
    site.add("/far", page("/large.jpg"))
    site.add("/noai-meta", page("/large.jpg", '<meta name="robots" content="noai">'))
    site.add("/noai-header", page("/large.jpg"), X_Robots_Tag="noimageai")
    site.add("/tdm", page("/large.jpg"), tdm_reservation="1")
    site.add("/german", page("/large.jpg", text=GERMAN * 8))
    site.add("/wordy", page(""))
    site.add("/private/page", page("/large.jpg"))
    site.add("/private/photo.jpg", photo(3), "image/jpeg")
    site.add("/image-private", page("/private/photo.jpg"))
    site.add("/image-noai", page("/noai.jpg"))
    site.add("/noai.jpg", photo(4), "image/jpeg", X_Robots_Tag="noai")
    site.add("/image-gone", page("/gone.jpg"))
    site.add("/image-html", page("/fake.jpg"))
    site.add("/fake.jpg", b"<html>not a photo</html>", "image/jpeg")
    site.add("/image-huge", page("/huge.jpg"))
    site.add("/huge.jpg", photo(5) + bytes(300_000), "image/jpeg")
    site.add("/report.pdf", b"%PDF-1.7", "application/pdf")
    site.add("/hub", page("", "<title>x</title>", STORY * 4 + '<a href="/good">one</a> <a href="/wordy">two</a>'))
    for number, url in ((1, "/good"), (2, "/wordy")):
        site.add(
            f"/sitemap-{number}.xml", f"<urlset><url><loc>{site.url}{url}</loc></url></urlset>".encode(), "text/xml"
        )
    locations = "".join(f"<sitemap><loc>{site.url}/sitemap-{number}.xml</loc></sitemap>" for number in (1, 2))
    site.add("/sitemap.xml", f"<sitemapindex>{locations}</sitemapindex>".encode(), "application/xml")


FATES = {
    "/good": "candidate",
    "/moved": "duplicate_page",
    "/moved-far": "candidate",
    "/noai-meta": "opted_out",
    "/noai-header": "opted_out",
    "/tdm": "opted_out",
    "/german": "not_english",
    "/wordy": "no_main_image",
    "/private/page": "robots_txt",
    "/image-private": "image_robots_txt",
    "/image-noai": "image_opted_out",
    "/image-gone": "image_http_error",
    "/image-html": "not_an_image",
    "/image-huge": "too_large",
    "/report.pdf": "not_html",
    "/missing": "http_error",
    "/hangs-up": "failed",
}


@dataclass
class Crawl:
    """A finished crawl of every page of `FATES`."""

    done: subprocess.CompletedProcess[str]
    out: Path
    asked: list[tuple[str, str]]

    def candidates(self) -> list[Candidate]:
        return [Candidate.from_row(row) for row in pq.read_table(self.out / "candidates").to_pylist()]

    def failures(self) -> list[Failure]:
        return [Failure(**row) for row in pq.read_table(self.out / "failures.parquet").to_pylist()]

    def refusals(self) -> list[Refusal]:
        return [Refusal(**row) for row in pq.read_table(self.out / "refused").to_pylist()]


@pytest.fixture(scope="module")
def whole(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    out = tmp_path_factory.mktemp("crawl")
    seeds = out / "seeds.txt"
    seeds.write_text(
        "# all\n\n" + "".join(f"{web.url}{path}\n" for path in FATES) + f"{web.url}/good\nftp://a.example/x\n"
    )
    web.asked.clear()
    done = crawl(
        f"-aseeds={seeds}", f"-aout={out}", "-sDOWNLOAD_MAXSIZE=200000", "-sLAIT_CONTACT=mailto:me@lait.example"
    )
    return Crawl(done, out, list(web.asked))


def test_the_crawl_works_without_a_warning(whole: Crawl) -> None:
    assert whole.done.returncode == 0, whole.done.stderr
    assert whole.done.stderr == ""


def test_every_page_ends_in_one_candidate_refusal_or_failure(whole: Crawl, web: Web) -> None:
    fates = {path: fate for path, fate in FATES.items() if fate not in ("candidate", "failed")}
    fates["/good"] = fates.pop("/moved")  # a refusal has the address after redirects
    assert {refusal.page_url.removeprefix(web.url): refusal.reason for refusal in whole.refusals()} == {
        **fates,
        "ftp://a.example/x": "not_crawlable",
    }
    assert sorted(candidate.page_url for candidate in whole.candidates()) == [f"{web.url}/far", f"{web.url}/good"]
    stats = json.loads((whole.out / "stats.json").read_text())
    (failure,) = whole.failures()
    assert (failure.page_url, failure.image_url, failure.reason) == (f"{web.url}/hangs-up", None, "fetch_failed")
    assert (failure.attempts, failure.first_at) == (1, failure.last_at)
    assert stats["failures"] == {"fetch_failed": 1}
    assert stats["pages"] == len(FATES) + 1 == stats["candidates"] + sum(stats["refusals"].values()) + 1
    assert stats["unfinished"] == 0
    assert stats["all_runs"] == {"pages": 18, "candidates": 2, "refused": 15, "failed": 1, "queued": 0}


def test_the_candidate_holds_the_largest_image_as_served(whole: Crawl, web: Web) -> None:
    candidate = next(found for found in whole.candidates() if found.page_url == f"{web.url}/good")
    assert candidate.image_url == f"{web.url}/large.jpg"
    assert candidate.image == photo(2)
    assert candidate.image_sha256 == sha256(photo(2)).hexdigest()
    assert (candidate.mime, candidate.width, candidate.height) == ("image/jpeg", 400, 300)
    assert (candidate.language, candidate.http_status) == ("en", 200)
    assert candidate.texts[0].text == "Boats at the pier"
    assert "near_start" in dict(candidate.main_image_signals)


def test_the_agent_is_honest_and_robots_txt_obeyed_for_pages_and_images(whole: Crawl) -> None:
    agents = {agent for _, agent in whole.asked}
    assert len(agents) == 1
    agent = agents.pop()
    assert agent.startswith("lait-crawler/")
    assert agent.endswith(" (+mailto:me@lait.example)")
    assert not [path for path, _ in whole.asked if path.startswith("/private/")]


def test_the_summary_explains_each_reason(whole: Crawl) -> None:
    assert f"{'pages':<26}{18:>8}" in whole.done.stdout
    for reason in set(FATES.values()) - {"candidate", "failed"} | {"fetch_failed"}:
        assert reason in whole.done.stdout
        assert REASONS[reason] in whole.done.stdout
    assert str(whole.out / "candidates" / "candidates-00000.parquet") in whole.done.stdout


def test_a_second_crawl_adds_what_is_new_and_tries_again_what_failed(whole: Crawl, web: Web) -> None:
    before = (whole.out / "candidates" / "candidates-00000.parquet").read_bytes()
    web.asked.clear()
    done = crawl(f"-aseeds={web.url}/hub", f"-aout={whole.out}", "-afollow=site", "-adepth=1")
    assert done.returncode == 0, done.stderr
    assert "warning: no contact" in done.stderr
    stats = json.loads((whole.out / "stats.json").read_text())
    assert (stats["pages"], stats["refusals"], stats["failures"]) == (2, {"no_main_image": 1}, {"fetch_failed": 1})
    assert sorted(web.paths()) == ["/hangs-up", "/hub", "/robots.txt"]
    assert stats["all_runs"] == {"pages": 19, "candidates": 2, "refused": 16, "failed": 1, "queued": 0}
    assert [(failure.attempts, failure.page_url) for failure in whole.failures()] == [(2, f"{web.url}/hangs-up")]
    assert (whole.out / "candidates" / "candidates-00000.parquet").read_bytes() == before


def test_a_sitemap_index_is_read_to_its_pages(web: Web, tmp_path: Path) -> None:
    done = crawl(f"-aseeds={web.url}/sitemap.xml", f"-aout={tmp_path}")
    assert done.returncode == 0, done.stderr
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert (stats["pages"], stats["candidates"], stats["refusals"]) == (2, 1, {"no_main_image": 1})


def test_an_xhtml_page_is_a_page_and_no_sitemap(web: Web, tmp_path: Path) -> None:
    web.add("/xhtml", b'<?xml version="1.0" encoding="utf-8"?>' + page("/large.jpg"), "application/xhtml+xml")
    done = crawl(f"-aseeds={web.url}/xhtml", f"-aout={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "stats.json").read_text())["candidates"] == 1


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ("no/such/file.txt", "cannot read seeds from no/such/file.txt"),
        ("{web}/missing", "cannot read seeds from {web}/missing: 404"),
        ("{web}/private/page", "robots.txt forbids it"),
        ("{web}/report.pdf", "is no page, sitemap or list"),
        ("http://no-such-host.invalid/", "cannot read seeds from http://no-such-host.invalid/"),
    ],
)
def test_an_error_of_the_user_is_one_line_and_a_failed_exit(seeds: str, message: str, web: Web, tmp_path: Path) -> None:
    done = crawl(f"-aseeds={seeds.format(web=web.url)}", f"-aout={tmp_path}", "-sLAIT_CONTACT=me")
    assert done.returncode == 1
    assert message.format(web=web.url) in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_a_full_disk_ends_the_crawl_with_one_line(web: Web, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", disk], check=False, capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("needs the right to mount a small file system")
    try:
        web.add("/heavy", page("/heavy.jpg"))
        web.add("/heavy.jpg", photo(6) + os.urandom(400_000), "image/jpeg")
        done = crawl(f"-aseeds={web.url}/heavy", f"-aout={disk}", "-sLAIT_CONTACT=me")
        assert done.returncode == 1
        assert done.stderr.startswith("error: cannot write to")
        assert "No space left on device" in done.stderr
        assert done.stderr.count("\n") == 1
        names = {"stats.json", "failures.parquet", "frontier.sqlite", ".crawl.lock"}
        assert {path.name for path in disk.rglob("*") if path.is_file()} == names
        assert done.stdout.splitlines()[-5:] == [
            f"{'lost':<26}{1:>8}   they could not be written; the next run fetches them again",
            "all runs: 1 pages = 0 candidates + 0 refused + 0 failed + 1 queued",
            "written:",
            f"  {disk / 'failures.parquet'}",
            f"  {disk / 'stats.json'}",
        ]
        web.add("/heavy.jpg", photo(6), "image/jpeg")
        assert crawl(f"-aseeds={web.url}/heavy", f"-aout={disk}", "-sLAIT_CONTACT=me").returncode == 0
        assert pq.read_table(disk / "candidates").num_rows == 1
    finally:
        subprocess.run(["umount", disk], check=True)
