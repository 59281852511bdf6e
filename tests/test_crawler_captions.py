from crawler.captions import captions
from crawler.page import parse_page


def captions_of(body: str) -> list[str]:
    page = parse_page(f"<body>{body}</body>", "https://news.example/")
    position, node = page.landmarks.images[0]
    return list(captions(page, node, position))


def test_the_caption_of_the_figure_is_taken_and_nothing_around_it() -> None:
    body = "<div><figure><a><img src=a.jpg></a><figcaption>The <b>old</b> mill.</figcaption></figure><p class=caption>Other</p></div>"
    assert captions_of(body) == ["The old mill."]


def test_in_a_figure_without_figcaption_a_class_tells() -> None:
    assert captions_of("<figure><img src=a.jpg><span class=photo-credit>Jo</span><div class=Cutline>The mill.</div></figure>") == [
        "The mill."
    ]  # fmt: skip


def test_a_caption_in_the_next_box_is_found_up_to_the_next_image() -> None:
    body = "<div><div><img src=a.jpg></div><p class=image-desc>The mill.</p><img src=b.jpg><p class=image-desc>The dam.</p></div>"
    assert captions_of(body) == ["The mill."]


def test_a_box_of_text_with_an_unlucky_class_name_is_none() -> None:
    assert (
        captions_of(f"<div><img src=a.jpg><div class=caption-wrapper>{'The mill stood still. ' * 50}</div></div>") == []
    )


def test_the_twin_in_noscript_does_not_hide_the_caption_behind_it() -> None:
    body = "<div><img src=a.gif data-src=a.jpg><noscript><img src=a.jpg></noscript><p class=wp-caption-text>The mill.</p></div>"
    assert captions_of(body) == ["The mill."]
