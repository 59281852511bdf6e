import pytest

from crawler import layout
from crawler.page import parse_page
from crawler.paragraphs import MAX_BLOCKS_TEXT

TEXT = "The bridge was closed for the whole of the winter because of the ice on the river. " * 2


def regions(html: str) -> int:
    page = parse_page(html, "http://a.example/")
    return page.layout.regions(page.tree.css_first("img"))


@pytest.mark.parametrize(
    ("html", "region"),
    [
        ("<nav><img></nav>", layout.NAVIGATION),
        ("<div class='Top-Menu'><img></div>", layout.NAVIGATION),
        ("<div id='sidebar-left'><p><img></p></div>", layout.ASIDE),
        ("<figure><a href='/x'><img></a></figure>", layout.FIGURE | layout.LINKED),
        ("<article><img class='wp-post-image'></article>", layout.CONTENT | layout.HERO),
        ("<div style='color: red; display : none'><img></div>", layout.HIDDEN),
        ("<div class='badminton'><img></div>", 0),
    ],
)
def test_regions_come_from_tags_and_from_names(html: str, region: int) -> None:
    assert regions(html) == region


def test_what_encloses_the_main_text_is_no_sidebar_whatever_its_class() -> None:
    assert regions(f"<div class='has-sidebar'><article><img><p>{TEXT * 3}</p></article></div>") == layout.CONTENT


def test_the_main_text_is_the_longest_and_not_the_menu() -> None:
    footer = f"<footer><p>{TEXT}</p></footer>"
    page = parse_page(f"<article><h1>T</h1><p>{TEXT * 2}</p><p>{TEXT}</p></article>{footer}", "http://a.example/")
    assert [block.text for block in page.layout.main_blocks] == [TEXT * 2, TEXT]
    assert len(page.layout.blocks) == 3


def test_a_page_without_paragraphs_has_its_text_in_cells() -> None:
    page = parse_page(f"<table><tr><td>{TEXT}<br>{TEXT}</td><td>menu</td></tr></table>", "http://a.example/")
    assert [" ".join(block.text.split()) for block in page.layout.main_blocks] == [(TEXT * 2).strip()]


def test_the_headline_is_the_last_one_above_the_main_text() -> None:
    page = parse_page(f"<h1>Site name</h1><h1>Bridge closed</h1><p>{TEXT * 2}</p><h1>More</h1>", "http://a.example/")
    assert page.layout.heading is not None
    assert page.layout.heading[1].text() == "Bridge closed"


def test_a_page_nested_thousands_deep_is_read() -> None:
    page = parse_page("<div class=a>" * 5_000 + "<figure><a><img src=/x.jpg></a></figure>", "http://a.example/")
    assert page.layout.regions(page.tree.css_first("img")) == layout.FIGURE | layout.LINKED


@pytest.mark.parametrize("tag", ["blockquote", "div", "object><p"])
def test_elements_that_repeat_each_others_text_do_not_fill_the_memory(tag: str) -> None:
    page = parse_page(f"<body>{f'<{tag}>{TEXT}' * 1_900}{TEXT * 200}", "http://a.example/")
    assert sum(len(block.text) for block in page.layout.blocks) <= MAX_BLOCKS_TEXT


def test_of_nested_quotations_the_outermost_is_a_paragraph() -> None:
    page = parse_page(
        f"<blockquote>{TEXT}<blockquote>{TEXT}</blockquote></blockquote><blockquote>{TEXT}", "http://a.example/"
    )
    assert [len(block.text) for block in page.layout.blocks] == [2 * len(TEXT), len(TEXT)]
