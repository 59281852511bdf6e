import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from crawler.demo import DemoSite, port_for
from crawler.plan import CrawlError

ROOT = Path(__file__).resolve().parent.parent
SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"here")

    def log_message(self, *args):
        pass

assert sys.argv[1:] == ["--port", "0", "--until-stdin-closes"]
server = HTTPServer(("127.0.0.1", 0), Handler)
print(f"serving http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
"""


def test_the_site_answers_until_it_is_stopped(tmp_path: Path) -> None:
    script = tmp_path / "serve.py"
    script.write_text(SERVER)
    site = DemoSite(script)
    with urllib.request.urlopen(site.url) as response:
        assert response.read() == b"here"
    site.stop()
    site.stop()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(site.url)


def test_a_folder_has_a_port_of_its_own_unless_it_is_taken(tmp_path: Path) -> None:
    port = port_for(tmp_path)
    assert 20_000 <= port == port_for(tmp_path) < 30_000
    site = DemoSite(port=port)
    assert site.url == f"http://127.0.0.1:{port}/"
    assert port_for(tmp_path) == 0
    site.stop()
    assert port_for(tmp_path) == port


def test_without_the_demo_site_the_user_is_told_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(CrawlError, match="give -a seeds=FILE or -a seeds=URL"):
        DemoSite(tmp_path / "serve.py")


def test_a_server_that_does_not_start_is_said(tmp_path: Path) -> None:
    script = tmp_path / "serve.py"
    script.write_text("print('no photographs found')")
    with pytest.raises(CrawlError, match=r"did not start \(no photographs found\)"):
        DemoSite(script)


def test_the_server_does_not_outlive_a_crawl_that_is_killed() -> None:
    crawl = "from crawler.demo import DemoSite; print(DemoSite().url, flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", crawl], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        urllib.request.urlopen(f"{url}robots.txt").close()
        process.kill()
        process.wait()
    assert refuses_within(url, seconds=10)


def refuses_within(url: str, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{url}robots.txt", timeout=1).close()
        except OSError:
            return True
        time.sleep(0.1)
    return False
