from crawler.claims import claims_of
from crawler.page import parse_page

URL = "https://news.example/2024/05/lighthouse.html"
OG = '<meta property="og:image" content="/share/old-lighthouse.jpg">'
TWITTER = '<meta name="twitter:image" content="//cdn.example/t/old-lighthouse-1200x630.jpg">'
SHARE = '<a rel="nofollow" href="https://pin.example/create?url=x&amp;media=https%3A%2F%2Fnews.example%2Fup%2Fold-lighthouse.jpg">pin</a>'


def features(markup: str) -> dict[str, dict[str, float]]:
    page = parse_page(markup, URL)
    return {key: claim.features for key, claim in claims_of(page, page.metadata).items()}


def test_kinds_of_metadata_that_name_one_image_count_together() -> None:
    assert features(OG + TWITTER) == {"old-lighthouse": {"og_image": 1.0, "twitter_image": 1.0, "named": 2 / 3}}


def test_a_share_link_is_a_claim_without_an_address_to_fetch() -> None:
    assert features(SHARE) == {"old-lighthouse": {"shared": 1.0}}
    page = parse_page(SHARE, URL)
    assert claims_of(page, page.metadata)["old-lighthouse"].sources == []


def test_metadata_and_share_link_about_one_image_are_one_claim() -> None:
    assert features(OG + SHARE) == {"old-lighthouse": {"og_image": 1.0, "named": 1 / 3, "shared": 1.0}}


def test_of_endless_metadata_the_first_images_are_read() -> None:
    head = "".join(f'<meta property="og:image" content="/photo-{number}.jpg">' for number in range(200))
    assert len(parse_page(head, "http://a.example/").metadata.images) == 50
