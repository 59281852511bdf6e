from crawler.anchors import MAX_SHARED
from crawler.page import parse_page


def test_links_that_ask_not_to_be_followed_are_left_out_and_repeats_too() -> None:
    anchors = parse_page(
        "<a href=/a>a</a><a rel=NoFollow href=/b>b</a><a href=/a>a</a><a>none</a><a href=''>none</a><a rel=next href=/c>c</a>",
        "https://a.example/",
    ).anchors
    assert anchors.hrefs == ("/a", "/c")


def test_the_licence_of_a_page_is_a_link_that_says_so() -> None:
    anchors = parse_page(
        "<a rel='external license' href=/cc>CC BY</a><a rel=licensed href=/x>x</a>", "https://a.example/"
    ).anchors
    assert anchors.licenses == ("/cc",)


def test_share_links_offer_images_even_where_they_ask_not_to_be_followed() -> None:
    links = "".join(
        f"<a rel=nofollow href='https://s.example/?u=1&amp;media=https%3A%2F%2Fa.example%2F{n}.jpg'>" for n in range(99)
    )
    anchors = parse_page(links, "https://a.example/").anchors
    assert anchors.hrefs == ()
    assert anchors.shared[0] == "https://a.example/0.jpg"
    assert len(anchors.shared) == MAX_SHARED
