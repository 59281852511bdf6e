import pytest

from crawler.links import followed_links
from crawler.page import parse_page

LINKS = """<a href="/b">b</a><a href="http://www.a.example/c#top">c</a><a href="/b#again">b</a><a href="mailto:x@y.z">m</a>
  <a rel="sponsored nofollow" href="/d">d</a><a href="https://other.example/e">e</a>"""


@pytest.mark.parametrize(
    ("scope", "links"),
    [
        ("none", []),
        ("site", ["http://a.example/b", "http://www.a.example/c"]),
        ("web", ["http://a.example/b", "http://www.a.example/c", "https://other.example/e"]),
    ],
)
def test_links_of_a_scope(scope: str, links: list[str]) -> None:
    assert list(followed_links(parse_page(LINKS, "http://a.example/"), scope)) == links


def test_a_page_that_says_nofollow_is_obeyed() -> None:
    page = parse_page(f'<meta name="robots" content="index,nofollow">{LINKS}', "http://a.example/")
    assert list(followed_links(page, "web")) == []
