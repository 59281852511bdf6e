"""Texts as the web has them, written by rule for training: captions in web dress, and sentences that describe no photo.

Nothing here is copied from a page: every text is drawn from the word lists below by a seeded generator.
"""

import re
from random import Random
from typing import TYPE_CHECKING

from scoring.web_words import DAYS, FIRST, FUNCTION_WORDS, LAST, MONTHS, NOISE, PEOPLE, PLACES, SLOTS

if TYPE_CHECKING:
    from collections.abc import Callable


def noise_text(random: Random) -> str:
    """A text of a page that describes no photo in particular: a headline, a news sentence, boilerplate, a slogan, an offer."""
    return _fill(random.choice(NOISE[random.choice(sorted(NOISE))]), random)


def _fill(template: str, random: Random) -> str:
    values = {key: random.choice(words) for key, words in SLOTS.items()}
    values |= {f"{key}2": random.choice(words) for key, words in SLOTS.items()}
    values |= {"first": _first(random), "last": _last(random), "first2": _first(random), "last2": _last(random)}
    values |= {"place": random.choice(PLACES), "month": random.choice(MONTHS), "day": random.choice(DAYS)}
    values |= {"n": str(random.randint(2, 40)), "n2": str(random.randint(41, 99))}
    values |= {"year": str(random.randint(2005, 2025)), "year2": str(random.randint(2026, 2040))}
    text = template.format(**values)
    if template in NOISE["headline"] and random.random() < 0.7:
        text = title_case(text)
    return text[0].upper() + text[1:]


def _first(random: Random) -> str:
    return random.choice(FIRST) if random.random() < 0.7 else _invented(random)


def _last(random: Random) -> str:
    return random.choice(LAST) if random.random() < 0.7 else _invented(random)


def _invented(random: Random) -> str:
    """A name that no word list knows, such as Karvelo."""
    syllables = (
        random.choice("bdfgklmnprstvz") + random.choice("aeiou") + random.choice(["", "n", "r", "l"]) for _ in range(3)
    )
    return "".join(syllables).capitalize()


def plain(caption: str) -> str:
    """An annotator's caption without the blanks that tokenised data sets put before punctuation."""
    return " ".join(re.sub(r"\s+([.,!?;:])", r"\1", caption).split())


def title_case(text: str) -> str:
    """Headline casing: every word but short function words starts with a capital."""
    words = text.split()
    return " ".join(
        word if index and word.lower() in FUNCTION_WORDS else word[:1].upper() + word[1:]
        for index, word in enumerate(words)
    )


def terse(text: str) -> str:
    """Alt-text brevity: function words and the final stop dropped."""
    return " ".join(word for word in text.rstrip(".").split() if word.lower() not in FUNCTION_WORDS) or text


def named(text: str, random: Random) -> str:
    """The first unnamed person gets a name, as news captions do."""
    return PEOPLE.sub(f"{_first(random)} {_last(random)}", text, count=1)


def placed(text: str, random: Random) -> str:
    """Where and perhaps when, appended as news and travel captions do."""
    where = f"{text.rstrip('.')} {random.choice(['in', 'near', 'at'])} {random.choice(PLACES)}"
    when = [
        f" on {random.choice(DAYS)}",
        f", {random.choice(MONTHS)} {random.randint(1, 28)}, {random.randint(2005, 2025)}",
        "",
    ]
    return f"{where}{random.choice(when)}."


def introduced(text: str, random: Random) -> str:
    """A lead-in before the caption."""
    leads = [
        "Photo: ",
        "Watch: ",
        "Pictured: ",
        "In this photo, ",
        f"{random.choice(PLACES)}: ",
        "File photo of ",
        "Here, ",
    ]
    return random.choice(leads) + text[0].lower() + text[1:]


def with_context(text: str, random: Random) -> str:
    """A second sentence that says nothing about the photo."""
    return f"{text.rstrip('.')}. {_fill(random.choice(NOISE['news']), random)}"


def web_dress(caption: str, random: Random) -> str:
    """A caption as alt texts, news captions and titles would put it; what it says of the photo stays true."""
    text = plain(caption)
    text = text[:1].upper() + text[1:]
    if random.random() < 0.3:
        return text
    rewrites: list[Callable[[str, Random], str]] = [named, placed, introduced, with_context]
    for rewrite in random.sample(rewrites, random.choice([0, 1, 1, 2])):
        text = rewrite(text, random)
    casing = random.random()
    if casing < 0.25:
        return title_case(text.rstrip("."))
    if casing < 0.45:
        return terse(text)
    return text.rstrip(".") if casing < 0.7 else text
