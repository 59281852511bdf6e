from collections.abc import Callable

import pytest

from crawler.encoding import decode
from crawler.markup_guard import MANY_TAGS, MAX_DEPTH, cut_where_too_deep, may_be_too_deep
from crawler.page import parse_page
from crawler.visible_text import visible_text


def test_relative_addresses_resolve_against_base_href() -> None:
    page = parse_page("<head><base href='/deep/er/'></head><p>x", "https://example.com/a/b.html")
    assert page.resolver.base == "https://example.com/deep/er/"
    assert page.absolute("../pic one.jpg#top") == "https://example.com/deep/pic%20one.jpg"


@pytest.mark.parametrize("base", ["javascript:void(0)", "http://[::1]%/", "/?" + "x" * 5_000])
def test_a_base_that_is_no_address_is_passed_over(base: str) -> None:
    assert parse_page(f"<base href='{base}'>", "https://example.com/a").absolute("b") == "https://example.com/b"


@pytest.mark.parametrize(
    "address",
    [
        "data:image/gif;base64,R0",
        "javascript:void(0)",
        "#top",
        "",
        "http://[oops/x.jpg",
        "ftp://h/x.jpg",
        "http://[::1]%/",
        "http://h:0/",
        "x" * 5_000,
    ],
)
def test_what_is_no_web_address_is_none(address: str) -> None:
    assert parse_page("", "https://example.com/").absolute(address) is None


@pytest.mark.parametrize(
    ("body", "content_type", "codec"),
    [
        ("caf\u00e9".encode("utf-8-sig"), "text/html; charset=iso-8859-1", "utf-8"),
        ("caf\u00e9".encode("cp1252"), "text/html; charset=ISO-8859-1", "cp1252"),
        (
            b'<meta charset="windows-1251">' + "\u043f\u0440\u0438\u0432\u0435\u0442".encode("cp1251"),
            "text/html",
            "cp1251",
        ),
        ("caf\u00e9".encode(), None, "utf-8"),
        (b'<meta charset="utf-8">' + "caf\u00e9".encode(), "text/html; charset=nonsense", "utf-8"),
        (b'<meta charset="utf-8">caf\xe9', "text/html", "utf-8"),
    ],
)
def test_encoding_is_that_of_mark_then_header_then_meta_then_utf8(
    body: bytes, content_type: str | None, codec: str
) -> None:
    assert decode(body, content_type)[1] == codec


def test_a_header_that_the_bytes_contradict_is_passed_over() -> None:
    page = parse_page(
        '<meta charset="cp1252"><p>caf\u00e9'.encode("cp1252"), "http://a.example/", "text/html; charset=utf-8"
    )
    assert page.encoding == "cp1252"
    assert page.tree.body is not None
    assert page.tree.body.text() == "caf\u00e9"


def test_undeclared_bytes_are_left_to_beautiful_soups_detection() -> None:
    sentence = (
        "\u0420\u0435\u043a\u0430 \u043f\u043e\u0434\u043d\u044f\u043b\u0430\u0441\u044c \u043d\u0430 \u0434\u0432\u0430 \u043c\u0435\u0442\u0440\u0430 "
        "\u0438 \u0437\u0430\u0442\u043e\u043f\u0438\u043b\u0430 \u0441\u0442\u0430\u0440\u044b\u0439 \u0433\u043e\u0440\u043e\u0434 \u043d\u043e\u0447\u044c\u044e. "
    )
    page = parse_page(f"<p>{sentence * 5}".encode("cp1251"), "http://a.example/")
    assert page.tree.body is not None
    assert page.tree.body.text().startswith(sentence.strip())


def test_visible_text_keeps_words_of_blocks_apart_and_of_inline_tags_together() -> None:
    page = parse_page("<div>one<br>two<p>th<b>re</b>e</p>four<script>five</script></div>", "http://a.example/")
    assert page.tree.body is not None
    assert visible_text(page.tree.body) == "one two three four"


@pytest.mark.parametrize(
    "body", [b"", b"\x00\x01\x02", b"<html><frameset><frame src=a></frameset></html>", b"<p" * 5000]
)
def test_broken_html_gives_a_page(body: bytes) -> None:
    assert parse_page(body, "http://a.example/").url == "http://a.example/"


def test_html_lang_is_lower_case() -> None:
    assert parse_page("<html lang=' EN-gb'>", "http://a.example/").html_lang == "en-gb"


def test_a_page_nested_without_end_is_cut_and_not_parsed_for_hours() -> None:
    page = parse_page(b"<h1>Top</h1>" + b"<div>" * 1_000_000 + b"<img src=/x.jpg>", "http://a.example/")
    assert [node.tag for _, node in page.landmarks.headings] == ["h1"]


def test_a_long_page_of_many_short_elements_is_read_whole() -> None:
    page = parse_page("<ul>" + "<li><b>word</b><br>" * 20_000 + "</ul><h1>End</h1>", "http://a.example/")
    assert [node.tag for _, node in page.landmarks.headings] == ["h1"]


@pytest.mark.parametrize(
    "label",
    [
        "hex",
        "base64",
        "rot13",
        "zlib",
        "punycode",
        "idna",
        "undefined",
        "unicode_escape",
        "utf-7",
        "utf-8\0x",
        "utf-16",
        "utf-32",
    ],
)
def test_a_label_of_no_page_encoding_is_passed_over(label: str) -> None:
    markup = b"<p>The boats +2AA- came \\u0041 home."
    text = "<p>The boats +2AA- came \\u0041 home."
    assert decode(markup, f"text/html; charset={label}") == (markup, "utf-8")
    declared = f'<meta charset="{label}">{text}'.encode()
    assert decode(declared, "text/html") == (declared, "utf-8")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("content_type", [None, "text/html; charset=utf-16"])
def test_utf_16_is_known_by_its_zeros_or_its_mark(codec: str, content_type: str | None) -> None:
    markup = "<html><title>Boats</title><p>Caf\u00e9 \u6e2f"
    assert decode(markup.encode(codec), content_type) == (markup, codec)
    assert decode("\ufeff".encode(codec) + markup.encode(codec), content_type)[0] == markup


@pytest.mark.parametrize(
    ("markup", "too_deep"),
    [
        ("<b>" * MANY_TAGS, False),  # too few to take long, however deep
        ("<b>" * (MANY_TAGS + 1), True),
        ("<b>x</b>" * MANY_TAGS, False),
        ("</b>" * MANY_TAGS + "<b>" * (MAX_DEPTH + 1), True),
        ("</b>" * MANY_TAGS + "<b>" * MAX_DEPTH, False),
        ("<b>x</b>" * MANY_TAGS + "<b>" * MAX_DEPTH, False),
    ],
)
def test_depth_is_counted_where_there_are_many_tags(markup: str, too_deep: bool) -> None:
    assert may_be_too_deep(markup.encode()) is too_deep


def test_a_page_is_cut_before_the_first_element_that_is_too_deep() -> None:
    shallow = "<ul>" + "<li><b>x</b>" * MANY_TAGS + "</ul>"
    assert cut_where_too_deep(shallow) == shallow
    assert cut_where_too_deep("<b>" * (MAX_DEPTH + 1)) == "<b>" * MAX_DEPTH


@pytest.mark.parametrize("encode", [str, str.encode])
def test_a_tag_without_end_is_left_out_and_what_follows_is_read(encode: Callable[[str], str | bytes]) -> None:
    many = " ".join(f"a{number}=1" for number in range(40_000))
    page = parse_page(encode(f"<h1>One</h1><img {many}><h1>Two</h1>"), "http://a.example/")
    assert [node.text() for _, node in page.landmarks.headings] == ["One", "Two"]
    assert page.landmarks.images == []


def test_an_encoding_is_declared_at_the_start_or_not_at_all() -> None:
    late = b"<p>" + b"x" * 20_000 + b'<meta charset="utf-16"><p>caf\xe9'
    assert parse_page(late, "http://a.example/").encoding != "utf-8"
