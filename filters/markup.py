"""What the web does to a text, undone: entities, tags, broken Unicode, addresses, hashtags, emoji, white space."""

import html
import re
from typing import Final

import ftfy

_FTFY: Final = ftfy.TextFixerConfig(uncurl_quotes=False, unescape_html=False, explain=False)
# Curly quotes, dashes and the accents of English loan words need no repair; broken text always has something else.
_UNUSUAL: Final = re.compile("[^\x00-\x7f\u2018\u2019“”\u2013—…©®™°½¼•·éèñüöä]")
_TAG: Final = re.compile(r"<(?:!--[^<>]{0,500}--|/?[a-zA-Z][^<>]{0,500})>")
_INLINE_TAG: Final = re.compile(
    r"</?(?:a|abbr|b|cite|em|font|i|mark|q|s|small|span|strong|sub|sup|u)(?:\s[^<>]{0,500})?>", re.IGNORECASE
)
_SHORTCODE: Final = re.compile(r"\[/?(?:caption|gallery|embed|img|url|vc_\w{1,20})\b[^\[\]]{0,300}\]", re.IGNORECASE)
_INVISIBLE: Final = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe0f\ufffc\x00-\x08\x0e-\x1f\x7f]"
)
_URL: Final = re.compile(
    r"(?:https?://|www\.)\S{1,500}|\bpic\.twitter\.com/\S{1,50}|(?<![\w@.-])[\w-]{1,60}\.(?:com|net|org)/\S{1,300}",
    re.IGNORECASE,
)
# Only behind the last sentence or a separator: elsewhere a domain is a company's name in a sentence.
_DOMAIN_AT_END: Final = re.compile(
    r"(?:^|(?<=[.!?…])\s|\s?[|•\u2013—-]\s)(?:\w[\w-]{1,60}\.){1,3}(?:com|net|org|info|io|tv|co|uk|gov|edu|ca|au)\.?$",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,60}\.[\w.-]{1,60}")
_HASH: Final = re.compile(r"(?<!\S)#(?=[A-Za-z])")
_EMOJI: Final = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u25a0-\u25ff\U000e0000-\U000e007f]{1,20}"
)
_ELISION: Final = re.compile(r"\s?(?:…|\.\.\.)\s?\[\+\]\s?")
_SPACE_BEFORE_MARK: Final = re.compile(r"\s([,.!?;:])(?=\s|$)")
_EMPTY_BRACKETS: Final = re.compile(r"[(\[]\s?[)\]]")


def repaired(text: str) -> str:
    r"""The text as its author meant it: entities and tags gone, mojibake mended, white space single, curly quotes kept.

    >>> repaired("Tom&amp;#39;s <b>dog</b>&nbsp;runs\u200b , fast !")
    "Tom's dog runs, fast!"
    """
    for _ in range(2):  # entities are often escaped twice
        if "&" in text:
            text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", _INLINE_TAG.sub("", text))
    if not text.isascii():
        text = _INVISIBLE.sub("", ftfy.fix_text(text, _FTFY) if _UNUSUAL.search(text) else text).replace("\ufffd", " ")
    elif not text.isprintable():
        text = _INVISIBLE.sub("", text)
    if "[" in text:
        text = _ELISION.sub(" ", _SHORTCODE.sub(" ", text))
    return collapsed(text)


def without_addresses(text: str) -> str:
    """The text without URLs, bare domains, e-mail addresses, emoji, the hashtags at its end and the # of other ones.

    >>> without_addresses("A dog on the beach https://example.com/a #dog #beach")
    'A dog on the beach'
    """
    if "@" in text:
        text = _EMAIL.sub(" ", text)
    if "." in text:
        text = _DOMAIN_AT_END.sub("", _URL.sub(" ", text).rstrip())
    if "#" in text:
        text = _HASH.sub("", _without_hashtags_at_end(text))
    if not text.isascii():
        text = _EMOJI.sub(" ", text)
    return collapsed(text)


def _without_hashtags_at_end(text: str) -> str:
    kept = text.split()
    while kept and kept[-1].startswith("#") and kept[-1] != "#":
        kept.pop()
    return " ".join(kept)


def collapsed(text: str) -> str:
    """The text with single spaces, none before a comma or full stop, and no empty brackets."""
    text = " ".join(text.split())
    if "(" in text or "[" in text:
        text = " ".join(_EMPTY_BRACKETS.sub(" ", text).split())
    return _SPACE_BEFORE_MARK.sub(r"\1", text)
