import re
from pathlib import PurePosixPath

import pytest

from crawler.main_image import MODEL, WEIGHTS, main_images
from crawler.page import parse_page

PARAGRAPH = (
    "<p>" + "The lighthouse keeper climbed the stairs every evening to light the lamp for passing ships. " * 3 + "</p>"
)
URL = "https://news.example/2024/05/lighthouse.html"


def winner(body: str, head: str = "") -> str | None:
    html = f"<head><title>The last lighthouse keeper</title>{head}</head><body>{body}</body>"
    images = main_images(parse_page(html, URL))
    return PurePosixPath(images[0].url).name if images else None


def test_the_figure_of_an_article_beats_logo_avatar_and_related_cards() -> None:
    body = f"""
      <header><a href="/"><img src="/img/logo.png" width="300" height="80" alt="News Example"></a></header>
      <article><h1>The last lighthouse keeper</h1>
        <div class="author"><img class="avatar" src="/people/jane.jpg" width="96" height="96" alt="Jane"></div>
        <figure><img src="/uploads/lighthouse-keeper.jpg" width="1200" height="800" alt="A keeper lights the lamp">
        <figcaption>The keeper lights the lamp.</figcaption></figure>
        {PARAGRAPH * 3}</article>
      <aside class="related">{"".join(f'<a href="/s{n}"><img class="card" src="/t/{n}.jpg" width="400" height="300"></a>' for n in range(5))}</aside>"""
    assert winner(body) == "lighthouse-keeper.jpg"


@pytest.mark.parametrize(
    "body",
    [
        PARAGRAPH * 3,
        f'<nav><img src="/img/logo.svg" alt="Home"></nav>{PARAGRAPH}',
        f'{PARAGRAPH}<img src="https://stats.example/pixel.gif" width="1" height="1">',
        f'<h1>Words</h1>{PARAGRAPH * 3}<div class="sidebar"><a href="/x"><img src="/ads/banner.gif" width="468" height="60"></a></div>',
        f'{PARAGRAPH}<img src="data:image/png;base64,AAAA" width="800" height="600">',
    ],
)
def test_a_page_with_furniture_only_has_no_main_image(body: str) -> None:
    assert winner(body) is None


def test_the_largest_of_a_srcset_is_taken() -> None:
    body = f'<h1>T</h1><img src="a-300.jpg" srcset="a-300.jpg 300w, a-1200.jpg 1200w, a-600.jpg 600w" alt="The lamp at dusk">{PARAGRAPH}'
    assert winner(body) == "a-1200.jpg"


@pytest.mark.parametrize(
    "image",
    [
        '<img src="data:image/gif;base64,R0lGOD" data-src="/uploads/lamp.jpg" width="800" height="600">',
        '<img src="/img/placeholder.png" data-original="/uploads/lamp.jpg" width="800" height="600">',
        '<img data-lazy-srcset="/uploads/lamp.jpg 800w" width="800" height="600">',
        '<picture><source srcset="/uploads/lamp.jpg 800w"><img src="data:image/gif;base64,R0" width="800" height="600"></picture>',
        '<img class="lazy" src="data:image/gif;base64,R0"><noscript><img src="/uploads/lamp.jpg" width="800" height="600"></noscript>',
    ],
)
def test_lazy_picture_and_noscript_addresses_are_found(image: str) -> None:
    assert winner(f"<h1>The last lighthouse keeper</h1>{image}{PARAGRAPH * 2}") == "lamp.jpg"


META = {
    "og": '<meta property="og:image" content="/share/hero-shot.jpg">',
    "twitter": '<meta name="twitter:image" content="/share/hero-shot.jpg">'
    '<link rel="image_src" href="/share/hero-shot.jpg">',
    "json_ld": '<script type="application/ld+json">{"@graph": [{"@type": "Organization", "image": "/logo.jpg"},'
    '{"@type": ["NewsArticle"], "image": {"@id": "#1"}}, {"@id": "#1", "@type": "ImageObject", "url": "/share/hero-shot.jpg"}]}</script>',
}


@pytest.mark.parametrize("kind", META)
def test_an_image_that_only_the_metadata_names_is_used(kind: str) -> None:
    assert winner(PARAGRAPH * 2, META[kind]) == "hero-shot.jpg"


def test_metadata_decides_between_two_images_of_the_text() -> None:
    body = f'<h1>T</h1>{PARAGRAPH}<img src="/a/first-view.jpg">{PARAGRAPH}<img src="/a/second-view-640x480.jpg">{PARAGRAPH}'
    assert winner(body) == "first-view.jpg"
    assert winner(body, '<meta property="og:image" content="https://cdn.example/second-view.jpg">') == "second-view.jpg"


def test_a_logo_named_by_all_metadata_does_not_win() -> None:
    logo = "https://news.example/img/site_logo_1200x630.png"
    head = (
        f'<meta property="og:image" content="{logo}"><meta name="twitter:image" content="{logo}">'
        f'<script type="application/ld+json">{{"@type": "Article", "image": "{logo}"}}</script>'
    )
    assert winner(PARAGRAPH * 3, head) is None
    figure = '<figure><img src="/uploads/lamp.jpg" width="900" height="600" alt="The lamp"></figure>'
    assert winner(f"<h1>T</h1>{figure}{PARAGRAPH * 3}", head) == "lamp.jpg"


def test_signals_sum_to_the_score_strongest_first() -> None:
    image = '<figure><img src="/uploads/lamp.jpg" width="300" height="300" alt="one two three four five"></figure>'
    best = main_images(parse_page(f"<h1>T</h1>{image}{PARAGRAPH * 3}", URL))[0]
    signals = dict(best.signals)
    assert signals["alt_words"] == pytest.approx(WEIGHTS["alt_words"] * 5 / 10)
    assert best.score == pytest.approx(sum(signals.values()) - WEIGHTS["none"])
    assert [abs(value) for _, value in best.signals] == sorted((abs(value) for _, value in best.signals), reverse=True)
    assert best.elements[0].attributes["alt"] == "one two three four five"


def test_an_image_that_stands_nowhere_on_the_page_is_the_last_resort() -> None:
    named = "".join(
        f'<meta {kind} content="https://cdn.example/share/site-wide-picture.jpg">'
        for kind in ('property="og:image"', 'name="twitter:image"', 'itemprop="image"')
    )
    figure = '<figure><img src="/uploads/lamp.jpg" width="900" height="600" alt="The lamp"></figure>'
    page = parse_page(f"<head>{named}</head><h1>T</h1>{figure}{PARAGRAPH * 2}", URL)
    first, second = main_images(page)
    assert (first.url, second.url) == (
        "https://news.example/uploads/lamp.jpg",
        "https://cdn.example/share/site-wide-picture.jpg",
    )
    assert second.elements == ()
    assert dict(second.signals)["off_page"] == WEIGHTS["off_page"]


FAR_OFF = f"<h1>T</h1>{PARAGRAPH * 3}{'<h3>More</h3>' * 20}<img src='/uploads/keeper-portrait.jpg' alt='The keeper'>"


def test_an_image_far_from_the_main_text_wins_only_where_metadata_names_it() -> None:
    assert winner(FAR_OFF) is None
    named = "".join(
        f'<meta {kind} content="/share/keeper-portrait.jpg">'
        for kind in ('property="og:image"', 'name="twitter:image"')
    )
    page = parse_page(f"<head>{named}</head>{FAR_OFF}", URL)
    assert [element.attributes["alt"] for element in main_images(page)[0].elements] == ["The keeper"]


def test_the_images_of_an_amp_page_count() -> None:
    image = '<amp-img src="/uploads/lamp.jpg" width="900" height="600" alt="The lamp"></amp-img>'
    for mark in ("amp", "\u26a1"):
        images = main_images(parse_page(f"<html {mark}><body><h1>T</h1>{image}{PARAGRAPH * 2}</body>", URL))
        assert [found.url for found in images] == ["https://news.example/uploads/lamp.jpg"]


def test_broken_json_ld_is_passed_over() -> None:
    assert winner(PARAGRAPH, '<script type="application/ld+json">{"image": "x.jpg",</script>') is None


def test_an_avatar_word_inside_a_long_file_name_is_no_verdict() -> None:
    body = f'<h1>T</h1><img src="/uploads/youtube-star-and-fans-at-the-gala-dinner.jpg" width="900" height="600">{PARAGRAPH * 3}'
    assert winner(body) == "youtube-star-and-fans-at-the-gala-dinner.jpg"


def test_an_image_is_not_fetched_from_the_address_of_another_of_the_same_name() -> None:
    body = f"""<h1>T</h1><figure><img src="/a/harbour-large.jpg" alt="The last lighthouse keeper at the harbour"></figure>
      {PARAGRAPH}<img src="/b/harbour-1600w.jpg">{PARAGRAPH}"""
    page = parse_page(f"<title>The last lighthouse keeper</title>{body}", URL)
    assert main_images(page)[0].url == "https://news.example/a/harbour-large.jpg"


def test_the_twin_in_noscript_lends_its_larger_address() -> None:
    lazy = '<img class="lazy" data-src="/a/lighthouse-keeper-300x200.jpg" alt=""><noscript><p><img src="/a/lighthouse-keeper-1200x800.jpg"></p></noscript>'
    page = parse_page(f"<h1>T</h1><figure>{lazy}</figure>{PARAGRAPH * 2}", URL)
    (image,) = main_images(page)
    assert image.url == "https://news.example/a/lighthouse-keeper-1200x800.jpg"
    assert {element.address for element in image.elements} == {
        "/a/lighthouse-keeper-300x200.jpg",
        "/a/lighthouse-keeper-1200x800.jpg",
    }


def test_an_endless_address_in_the_metadata_is_passed_over() -> None:
    head = f'<meta property="og:image" content="http://a.example/{"-100" * 8_000}!">'
    assert winner(PARAGRAPH * 2, head) is None


def signals_of(image: str) -> dict[str, float]:
    return dict(main_images(parse_page(f"<h1>T</h1><figure>{image}</figure>{PARAGRAPH * 2}", URL))[0].signals)


def test_words_of_furniture_count_in_a_label_and_not_in_a_sentence_or_a_host() -> None:
    size = 'width="900" height="600"'
    assert "junk_name" in signals_of(f'<img src="/uploads/m45.jpg" alt="Facebook" {size}>')
    assert "junk_name" not in signals_of(f'<img src="/uploads/m45.jpg" alt="Many small bright stars" {size}>')
    plain = signals_of(f'<img src="//cdn.moon-telegram.example/uploads/m45.jpg" {size}>')
    assert plain == signals_of(f'<img src="//cdn.star-telegram.example/uploads/m45.jpg" {size}>')


def test_metadata_names_an_image_that_the_page_addresses_by_its_own_folder() -> None:
    body = f'<h1>T</h1><img src="a.jpg">{PARAGRAPH}<img src="b.jpg">{PARAGRAPH}'
    assert winner(body) == "a.jpg"
    assert winner(body, '<meta property="og:image" content="https://news.example/2024/05/b.jpg">') == "b.jpg"


def test_the_model_card_has_the_weights_of_the_model() -> None:
    card = (MODEL.parent / "main_image.md").read_text()
    listed = {name: float(weight) for name, weight in re.findall(r"^\| `(\w+)` \| (-?[\d.]+) \|", card, re.MULTILINE)}
    assert listed == {name: pytest.approx(weight, abs=0.006) for name, weight in WEIGHTS.items()}
    assert f"has {len(WEIGHTS) - 2} named features" in card  # but for the two set beside them
