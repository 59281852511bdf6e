import importlib.resources
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from io import BytesIO
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import imagehash
import pytest
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from examples.demo_site import drawings, photographs, pictures, website

SITE = Path(website.__file__).parent
SERVE = [sys.executable, str(SITE / "serve.py"), "--port", "0"]
TRUTH: list[dict[str, Any]] = json.loads((SITE / "truth.json").read_text(encoding="utf-8"))
PICTURE_ATTRIBUTES = ("src", "data-src", "data-original", "srcset", "content")


class Site:
    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [*SERVE, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        self.url = self.line.split()[-1]
        self.host = urlsplit(self.url).netloc

    def ask(self, path: str, method: str = "GET") -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection(self.host, timeout=10)
        try:
            connection.request(method, path, headers={"User-Agent": "test-agent/1"})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=10)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    running = Site()
    yield running
    running.stop()


def named_pictures(path: str, body: str) -> set[str]:
    """The paths of all pictures that a page's HTML names."""
    tree = LexborHTMLParser(body)
    base = tree.css_first("base[href]")
    page = urljoin(f"http://site{path}", (base.attributes["href"] or "") if base else "")
    values = [node.attributes.get(name) or "" for node in tree.css("img, source, meta") for name in PICTURE_ATTRIBUTES]
    values += re.findall(r'"(http[^"]+)"', " ".join(node.text() for node in tree.css("script[type*=json]")))
    addresses = [entry.split()[0] for value in values for entry in value.split(", ") if entry]
    paths = {urlsplit(urljoin(page, address)).path for address in addresses if not address.startswith("data:")}
    return {path for path in paths if re.search(r"\.(jpg|png|gif|webp|svg)$", path)}


def page_text(path: str) -> str:
    return website.response(path, "site").body.decode()


@pytest.mark.parametrize("entry", TRUTH, ids=lambda entry: str(entry["page"]))
def test_every_page_of_the_truth_is_served(site: Site, entry: dict[str, Any]) -> None:
    answer, body = site.ask(entry["page"])
    expected = {"http_error": (404, website.HTML), "not_html": (200, website.PLAIN)}
    assert (answer.status, answer.headers["Content-Type"]) == expected.get(entry["reason"], (200, website.HTML))
    assert len(body) == int(answer.headers["Content-Length"]) > 60


def test_head_has_the_same_headers_and_no_body(site: Site) -> None:
    got, _ = site.ask("/coffee.html")
    headed, body = site.ask("/coffee.html", "HEAD")
    assert (headed.status, headed.headers["Content-Length"]) == (200, got.headers["Content-Length"])
    assert body == b""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/images/flat-white.jpg", "JPEG"),
        ("/images/red-motorcycle.webp", "WEBP"),
        ("/images/town-map.png", "PNG"),
        ("/static/sky-logo.gif", "GIF"),
        ("/thumbs/coins.jpg", "JPEG"),
    ],
)
def test_pictures_are_of_the_kind_that_the_server_says(site: Site, path: str, kind: str) -> None:
    answer, body = site.ask(f"{path}?width=600")
    assert (answer.status, answer.headers["Content-Type"]) == (200, f"image/{kind.lower()}")
    with Image.open(BytesIO(body)) as image:
        assert image.format == kind


def test_robots_txt_disallows_two_folders_and_names_the_sitemap(site: Site) -> None:
    answer, body = site.ask("/robots.txt")
    lines = body.decode().splitlines()
    assert answer.headers["Content-Type"] == website.PLAIN
    assert [line for line in lines if line.startswith("Disallow")] == ["Disallow: /members/", "Disallow: /private/"]
    assert lines[-1] == f"Sitemap: {site.url}sitemap.xml"


def test_sitemap_lists_every_page_even_the_missing_one(site: Site) -> None:
    answer, body = site.ask("/sitemap.xml")
    listed = {urlsplit(url).path for url in re.findall(r"<loc>(.*?)</loc>", body.decode())}
    assert answer.headers["Content-Type"] == "application/xml"
    assert listed == {entry["page"] for entry in TRUTH}


def test_the_contents_page_links_to_every_other_page() -> None:
    linked = {node.attributes.get("href") for node in LexborHTMLParser(page_text("/")).css("a")}
    assert {entry["page"] for entry in TRUTH} <= linked


def test_opt_out_headers_are_on_one_page_and_one_picture(site: Site) -> None:
    tags = {path: site.ask(path)[0].headers.get("X-Robots-Tag") for path in (*website.page_paths(), *pictures.paths())}
    assert {path: tag for path, tag in tags.items() if tag} == {
        "/letters.html": "noai",
        "/images/workshop.jpg": "noai, noimageai",
    }


def test_a_burst_of_connections_is_answered_without_a_retry(site: Site) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(48) as pool:
        answers = list(pool.map(lambda _: site.ask("/about.html")[0].status, range(96)))
    assert answers == [200] * 96
    assert time.monotonic() - started < 8  # a connection that the kernel drops comes back after 1, 3, 7... seconds


def test_unknown_paths_and_paths_out_of_the_site_are_404(site: Site) -> None:
    for path in (
        "/nothing.html",
        "/../serve.py",
        "/pages/coffee.html",
        "/images/",
        "/thumbs/nothing.jpg",
        "/frame.html",
    ):
        assert site.ask(path)[0].status == 404


def test_access_log_has_one_line_a_request(tmp_path: Path) -> None:
    log = tmp_path / "access.jsonl"
    running = Site("--access-log", str(log))
    running.ask("/coffee.html?from=test")
    running.ask("/missing.html")
    running.stop()
    assert [json.loads(line) for line in log.read_text().splitlines()] == [
        {"path": "/coffee.html", "status": 200, "user_agent": "test-agent/1"},
        {"path": "/missing.html", "status": 404, "user_agent": "test-agent/1"},
    ]


def test_prints_one_line_and_ends_when_stdin_closes() -> None:
    running = Site("--until-stdin-closes")
    time.sleep(0.1)
    assert running.process.poll() is None
    rest, errors = running.process.communicate(timeout=10)
    assert re.fullmatch(r"serving http://127\.0\.0\.1:\d+/\n", running.line)
    assert (running.process.returncode, rest, errors) == (0, "", "")


def test_ends_cleanly_on_sigterm() -> None:
    running = Site()
    running.process.terminate()
    _, errors = running.process.communicate(timeout=10)
    assert (running.process.returncode, errors) == (0, "")


def test_a_taken_port_is_one_clear_line(site: Site) -> None:
    port = site.host.rpartition(":")[2]
    ended = subprocess.run([*SERVE[:-1], port], capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert re.fullmatch(rf"cannot serve on port {port}: .*; try --port 0 .*\n", ended.stderr)


def test_pictures_are_the_same_bytes_every_time() -> None:
    made = {path: pictures.picture(path) for path in pictures.paths()}
    pictures.picture.cache_clear()
    assert {path: pictures.picture(path) for path in pictures.paths()} == made


def test_pages_name_only_pictures_that_exist_but_for_the_two_broken_ones() -> None:
    broken = {
        (path, name)
        for path in website.page_paths()
        for name in named_pictures(path, page_text(path))
        if not website.response(name, "site").content_type.startswith("image/")
    }
    assert broken == {
        ("/lost-picture.html", "/images/herring-fair.jpg"),
        ("/summer-fete.html", "/images/summer-fete.jpg"),
    }


@pytest.mark.parametrize("entry", [e for e in TRUTH if e["image"]], ids=lambda entry: str(entry["page"]))
def test_the_expected_image_and_text_stand_on_the_page(entry: dict[str, Any]) -> None:
    html = page_text(entry["page"])
    assert entry["image"] in named_pictures(entry["page"], html)
    assert entry["text"] is None or entry["text"] in html


def test_truth_entries_are_whole() -> None:
    shapes = {"pair": (True, False), "merged": (True, True), "reject": (None, True), "refused": (False, True)}
    for entry in TRUTH:
        has_text, has_reason = shapes[entry["outcome"]]
        assert list(entry) == ["page", "outcome", "stage", "reason", "image", "text", "shows"]
        assert has_text in (None, bool(entry["text"]))
        assert bool(entry["stage"]) == bool(entry["reason"]) == has_reason
    assert len({entry["page"] for entry in TRUTH}) == len(TRUTH)


def test_the_site_covers_every_outcome() -> None:
    assert Counter(entry["outcome"] for entry in TRUTH) == {"pair": 13, "merged": 2, "reject": 37, "refused": 15}


def test_images_that_are_to_stay_apart_look_different_and_copies_look_alike() -> None:
    kept = {entry["image"] for entry in TRUTH if entry["outcome"] == "pair" or entry["reason"] == "text_shared"}
    hashes = {path: imagehash.phash(opened(path)) for path in kept | {"/files/launch-night-small.jpg"}}
    near = {(a, b) for a, b in combinations(sorted(hashes), 2) if hashes[a] - hashes[b] <= 10}
    assert near == {("/files/launch-night-small.jpg", "/images/launch-night.jpg")}


def opened(path: str) -> Image.Image:
    picture = pictures.picture(path)
    assert picture is not None
    return Image.open(BytesIO(picture.body))


def test_sizes_that_the_size_filter_is_shown() -> None:
    assert opened("/images/kitten.jpg").size == (451, 300)
    assert opened("/images/lakeside-panorama.jpg").size == (1900, 356)


def test_the_upload_that_broke_off_has_a_header_and_no_pixels() -> None:
    image = opened("/images/auction-bike.jpg")
    assert image.size == (1100, 742)
    with pytest.raises(OSError, match="truncated"):
        image.load()


def test_a_png_can_declare_more_pixels_than_it_holds() -> None:
    png = drawings.png_that_declares(12_000, 9_000)
    assert len(png) < 200
    with pytest.warns(Image.DecompressionBombWarning):
        image = Image.open(BytesIO(png))
    assert image.size == (12_000, 9_000)


def test_no_photograph_is_in_the_repository() -> None:
    assert {path.suffix for path in SITE.rglob("*") if path.is_file()} - {".pyc"} == {
        ".py", ".html", ".txt", ".json", ".md",
    }  # fmt: skip
    assert max(path.stat().st_size for path in SITE.rglob("*") if path.is_file() and path.suffix != ".pyc") < 20_000


def test_every_photograph_comes_from_an_installed_package_and_is_used() -> None:
    assert {crop.photo for crop in photographs.CROPS.values()} == set(photographs.PHOTOS)
    for package, name in photographs.PHOTOS.values():
        assert importlib.resources.files(package).joinpath(name).is_file()
