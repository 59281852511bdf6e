from crawler.items import Text
from crawler.main_image import ScoredImage, main_images
from crawler.page import Page, parse_page
from crawler.page_text import candidate_texts

LONG = "The river rose by two metres overnight and flooded the lower part of the old town before dawn."


def page_of(body: str, head: str = "") -> Page:
    return parse_page(
        f"<head><title>Flood in the old town</title>{head}</head><body>{body}</body>", "https://news.example/flood"
    )


def texts_of(page: Page, source: str) -> list[str]:
    return [text.text for text in candidate_texts(page, main_images(page)[0]) if text.source == source]


FIGURE = """<h1>River floods old town</h1><h2>A long night</h2>
  <figure><img src="/uploads/flood.jpg" width="900" height="600" alt="Boats  in the
   market square" title="Market square"><figcaption>Boats took over <b>the</b> market.</figcaption></figure>"""


def test_every_source_is_named_and_white_space_collapsed() -> None:
    page = page_of(
        f"{FIGURE}<p>{LONG}</p><p>Nobody was hurt, said the mayor of the town on Monday. Schools stay closed.</p>",
        '<meta name="description" content="How the town woke up."><meta property="og:title" content="Flood!">',
    )
    assert candidate_texts(page, main_images(page)[0]) == (
        Text("alt", "Boats in the market square"),
        Text("img_title", "Market square"),
        Text("figcaption", "Boats took over the market."),
        Text("title", "Flood in the old town"),
        Text("title", "Flood!"),
        Text("description", "How the town woke up."),
        Text("heading", "River floods old town"),
        Text("heading", "A long night"),
        Text("surrounding", LONG),
        Text("surrounding", "Nobody was hurt, said the mayor of the town on Monday."),
        Text("surrounding", "Schools stay closed."),
    )


def test_a_caption_beside_the_image_is_found_by_its_class() -> None:
    body = '<div class="wp-block"><img src="/uploads/flood.jpg" width="900" height="600"><div><p class="wp-caption-text">Boats on Main Street.</p></div></div>'
    assert texts_of(page_of(f"<h1>T</h1>{body}<p>{LONG}</p>"), "figcaption") == ["Boats on Main Street."]


def test_the_caption_of_another_figure_is_not_taken() -> None:
    other = '<figure><img src="/uploads/cat.jpg" width="400" height="300"><figcaption>A cat.</figcaption></figure>'
    assert texts_of(page_of(f"{FIGURE}<p>{LONG}</p>{other}<p>{LONG} Indeed.</p>"), "figcaption") == [
        "Boats took over the market."
    ]


def test_a_text_that_was_there_before_is_left_out() -> None:
    page = page_of(
        '<h1>FLOOD in the old town</h1><img src="/uploads/flood.jpg" width="900" height="600">' + f"<p>{LONG}</p>" * 2
    )
    assert texts_of(page, "heading") == []
    assert texts_of(page, "surrounding") == [LONG]


def test_menus_and_sidebars_are_not_surroundings() -> None:
    aside = "<aside><p>Subscribe to our newsletter today and never miss a single story again.</p></aside>"
    assert texts_of(page_of(f"{FIGURE}{aside}<p>{LONG}</p>"), "surrounding") == [LONG]


def test_an_image_of_the_metadata_gets_the_metadatas_alt_and_the_first_paragraphs() -> None:
    head = '<meta property="og:image" content="/share/x-flood-wide.jpg"><meta property="og:image:alt" content="Flooded streets">'
    page = page_of(f"<h1>T</h1><p>{LONG}</p>", head)
    image = main_images(page)[0]
    assert image.elements == ()
    assert Text("alt", "Flooded streets") in candidate_texts(page, image)
    assert Text("surrounding", LONG) in candidate_texts(page, image)


def test_an_image_without_any_text_gives_none() -> None:
    page = parse_page("<body></body>", "https://news.example/")
    assert candidate_texts(page, ScoredImage("https://news.example/a.jpg", 1.0, ())) == ()


def test_in_a_box_of_many_images_only_the_caption_that_follows_is_taken() -> None:
    def card(name: str) -> str:
        return f'<img src="/uploads/{name}.jpg" width="900" height="600" alt="{name}"><p class="photo-caption">About the {name}.</p>'

    page = page_of(f"<h1>T</h1><div>{card('flood')}{card('bridge')}{card('church')}</div><p>{LONG}</p>")
    flood = next(image for image in main_images(page) if image.url.endswith("flood.jpg"))
    assert [text.text for text in candidate_texts(page, flood) if text.source == "figcaption"] == ["About the flood."]


def test_the_alt_of_a_twin_in_noscript_stands_for_an_empty_one() -> None:
    lazy = '<img class="lazy hero" alt="" data-src="/uploads/flood.jpg" width="900" height="600">'
    body = (
        f'<figure>{lazy}<noscript><img src="/uploads/flood.jpg" alt="Boats in the market square"></noscript></figure>'
    )
    assert texts_of(page_of(f"<h1>T</h1>{body}<p>{LONG}</p>"), "alt") == ["Boats in the market square"]


def test_the_metadatas_alt_stands_for_an_empty_one_of_the_image_it_names() -> None:
    body = (
        '<h1>T</h1><figure><img alt="" src="/uploads/flood.jpg" width="900" height="600"></figure>' + f"<p>{LONG}</p>"
    )
    alt = '<meta property="og:image:alt" content="Flooded streets">'
    named = f'<meta property="og:image" content="/uploads/flood.jpg">{alt}'
    assert texts_of(page_of(body, named), "alt") == ["Flooded streets"]
    assert texts_of(page_of(body, alt), "alt") == []


def test_the_caption_of_the_photo_next_to_it_is_not_taken() -> None:
    def card(name: str, width: int) -> str:
        return (
            f'<div><img src="/uploads/{name}.jpg" width="{width}" height="400"><p class="caption">The {name}.</p></div>'
        )

    page = page_of(f'<h1>T</h1><div class="row">{card("flood", 900)}{card("bridge", 400)}</div><p>{LONG}</p>')
    assert texts_of(page, "figcaption") == ["The flood."]
