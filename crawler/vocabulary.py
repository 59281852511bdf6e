"""Word lists that tell a page's subject from its furniture, in the names, addresses and attributes of its images."""

from typing import Final


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


JUNK_WORDS: Final = word_set(
    "ad ads adserver advert advertisement advertising affiliate arrow author avatar badge banner beacon brand branding btn "
    "bullet button captcha chevron cookie counter default doubleclick emoji facebook favicon feed flag flags gravatar "
    "headshot icon icons instagram linkedin loader loading logo logos newsletter paypal pinterest pixel placeholder print "
    "profile promo qrcode rating rss share signature smiley smilies spacer spinner sponsor sponsored sponsors sprite "
    "sprites star stars stat stats subscribe tracker tracking twitter watermark whatsapp widget youtube "
    "fallback nameplate sitelogo wordmark"
)
LOGO_WORDS: Final = word_set(
    "avatar default fallback favicon gravatar icon icons logo logos nameplate placeholder sitelogo wordmark"
)
JUNK_FOLDERS: Final = word_set("ad ads avatar avatars badges buttons emoji flags icon icons logo logos smilies sprites")
BEACON_HOSTS: Final = (
    "scorecardresearch", "doubleclick", "quantserve", "analytics", "adserver", "gravatar", "pixel.", "/ads.",
)  # fmt: skip
HERO_WORDS: Final = (
    "hero", "featured", "wp-post-image", "lead", "main-im", "mainim", "cover", "primary", "landing", "top-im",
)  # fmt: skip
STOP_WORDS: Final = word_set(
    "the and for with from this that your you are was have has how what who why not all new com www"
)
PLACEHOLDER_PARTS: Final = (
    "placeholder", "preload", "spacer", "lazyload", "1x1", "noimage", "no-image", "no_image",
)  # fmt: skip
PLACEHOLDER_NAMES: Final = word_set(
    "blank dummy empty grey gray clear lazy loader loading pixel space trans transparent white"
)
LAZY_ATTRIBUTES: Final = word_set(
    "data-src data-lazy-src data-original data-lazy data-img-src data-image-src data-hi-res-src data-full-src "
    "data-large-file data-orig-file data-original-src data-runner-src data-delayed-url data-cfsrc data-ezsrc data-echo "
    "data-image data-img data-actualsrc data-defer-src data-lazyload data-flickity-lazyload data-wpfc-original-src "
    "data-perfmatters-src data-breeze nitro-lazy-src"
)
SPARE_ATTRIBUTES: Final = word_set("data-pin-media data-url")  # what to share, which may be a page or another picture
SRCSET_ATTRIBUTES: Final = word_set(
    "srcset data-srcset data-lazy-srcset data-lazysrcset data-original-srcset data-src-set data-img-srcset "
    "data-perfmatters-srcset data-breeze-srcset nitro-lazy-srcset data-bgset data-sources"
)
GENERIC_NAMES: Final = word_set(
    "article cover default download facebook featured file full fullsize header hero hqdefault image img jpg landscape "
    "large lead main maxres maxresdefault medium mqdefault og opengraph original photo pic picture portrait post preview "
    "promo scaled sddefault share size small social square standard thumb thumbnail twitter unknown unnamed untitled web "
    "wide"
)
