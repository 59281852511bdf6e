"""Texts as the web has them, written by rule for training: captions in web dress, and sentences that describe no photo.

Nothing here is copied from a page: every text is drawn from the word lists below by a seeded generator.
"""

import re
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


def _phrases(listed: str) -> tuple[str, ...]:
    return tuple(listed.split("|"))


FIRST: Final = _words(
    "James Maria Ahmed Linda Wei Robert Aisha Carlos Emma David Fatima Thomas Yuki Sarah Ivan Grace Paul Priya Daniel "
    "Nora Kevin Lucia Omar Julia Peter Hannah Marcus Elena Victor Ruth Samuel Chloe Andre Megan Diego Alice"
)
LAST: Final = _words(
    "Miller Garcia Chen Okafor Johnson Patel Novak Brown Rossi Kim Walker Haddad Silva Larsen Moore Dubois Schmidt "
    "Tanaka Clark Mendez Hughes Kowalski Reyes Bennett Osei Fischer Turner Ali Morgan Bauer Price Santos Foster Lee"
)
PLACES: Final = _phrases(
    "London|New York|Paris|Denver, Colorado|Sydney|Lake Tahoe|Toronto|Austin, Texas|Kyoto|Cape Town|Portland, Oregon|"
    "Dublin|Barcelona|Mumbai|Seattle|Yosemite National Park|Brighton|Chicago|Berlin|the Lake District|Miami Beach|"
    "Nairobi|Vancouver|Boston|Santa Monica|Edinburgh|Rome|Hawaii|Melbourne|Cornwall|Lisbon|Atlanta, Georgia|Oslo"
)
MONTHS: Final = _words("January February March April May June July August September October November December")
DAYS: Final = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
FUNCTION_WORDS: Final = frozenset(
    _words("a an the is are was were be been being am has have had and of on in at to with by for from that this")
)
PEOPLE: Final = re.compile(
    r"\b(?:[Aa]|[Tt]he|[Oo]ne) (?:young |little |small |old )?(?:man|woman|boy|girl|person|lady|guy)\b"
)

SLOTS: Final[dict[str, tuple[str, ...]]] = {
    key: _phrases(value)
    for key, value in {
        "topic": "climate policy|the housing market|interest rates|remote work|online privacy|public health|electric cars|"
        "solar energy|the election|immigration|student loans|small business|artificial intelligence|social media|retirement|"
        "weight loss|gardening|home insurance|credit cards|cyber security|parenting|mental health|football|cricket|hockey|"
        "basketball|photography|dog training|cat food|cycling|skiing|travel|hiking|surfing|swimming lessons|fashion|makeup|"
        "wedding planning|video games|smartphones|laptops|streaming|vaccines|school funding|road safety|space exploration|"
        "trade tariffs|oil prices|inflation|farming|real estate|baking|coffee|wine|architecture|classic cars|yoga|history",
        "actor": "the government|the president|the senate|the city council|a federal judge|the supreme court|police|the company|"
        "researchers|scientists|the prime minister|the school board|investors|the union|lawmakers|the mayor|the central bank|"
        "officials|the hospital|the league|the head coach|the studio|campaigners|the airline|the startup|regulators|voters",
        "act": "announced new rules on|has rejected a plan for|will vote on|raised concerns about|reported strong growth in|is investing in|"
        "warned against cuts to|agreed to reform|published a report on|faces questions over|is suing over|reached a deal on|"
        "delayed a decision on|promised more money for|released new figures on|is under pressure over|launched a review of",
        "dish": "chicken soup|chocolate cake|beef stew|lemon tart|vegetable curry|banana bread|garlic shrimp|apple pie|taco salad|"
        "pumpkin muffins|roast potatoes|pasta carbonara|iced coffee|blueberry pancakes|fried rice|onion dip|meatballs|lentil chili",
        "product": "wireless headphones|running shoes|mountain bike|leather sofa|gaming laptop|garden hose|air fryer|water bottle|"
        "camping tent|baby stroller|dog harness|ski jacket|swimsuit|coffee grinder|office chair|wrist watch|camera lens|fishing rod|"
        "phone case|wall clock|desk lamp|skateboard|football boots|guitar strings|toy train|swing set|sunglasses|rain coat",
        "good": "Best|Top|Essential|Surprising|Simple|Proven|Amazing|Affordable|Common|Powerful|Healthy|Smart|Creative|Easy",
        "thing": "Tips|Ways|Ideas|Facts|Mistakes|Reasons|Tricks|Lessons|Secrets|Myths|Recipes|Trends|Questions|Hacks|Strategies",
        "section": "World News|Local Sports|Weather|Opinion|Business|Entertainment|Lifestyle|Technology|Travel|Health|Photo Gallery|"
        "Videos|Obituaries|Classifieds|Archive|Forum|Press Releases|Events Calendar|Reviews|Deals|Podcast|Breaking News",
        "word": "Horizon|Summit|Pioneer|Evergreen|Beacon|Harbor|Crescent|Northern|Liberty|Cascade|Union|Sterling|Sunrise|Atlas|Granite",
        "outlet": "Times|Herald|Daily|Post|Tribune|Journal|Review|Weekly|Gazette|Observer|Magazine|Blog|Network|Media|Guide|Report",
        "trade": "dental care|law firm|plumbing|web design|catering|car rental|accounting|roofing|tutoring|photography|landscaping|"
        "insurance|real estate|fitness|consulting|travel agency|pet grooming|moving services|daycare|bridal wear",
        "virtue": "quality you can trust|since 1974|your partner for life|we care about you|excellence in every detail|serving families|"
        "making life easier|the smarter choice|where dreams begin|experience the difference|built to last|inspiring people every day",
        "feeling": "thrilled|worried|surprised|proud|disappointed|hopeful|furious|relieved|not sure what to expect|delighted",
        "event": "the annual conference|the charity gala|the first quarter|last week's hearing|the trade summit|the season opener|"
        "the book launch|the press conference|the festival|the trial|the product launch|the election debate|the school year",
    }.items()
}

NOISE: Final = {
    "headline": (
        "{n} {good} {topic} {thing} You Should Know",
        "Why {topic} Matters More Than Ever",
        "How to Get Started With {topic}",
        "{first} {last} Explains the Future of {topic}",
        "Everything You Need to Know About {topic} in {year}",
        "What {actor} Got Wrong About {topic}",
        "{place} {actor} {act} {topic}",
        "The {good} {product} of {year}: Reviewed",
        "{good} {dish} Recipe",
        "Is {topic} Worth It?",
        "{first} {last} and {first2} {last2} Split After {n} Years",
        "{topic}: {n} {thing} From {first} {last}",
        "{topic} vs {topic2}: Which Is Better?",
        "The Ultimate Guide to {topic}",
    ),
    "news": (
        "{actor} {act} {topic}, {first} {last} said on {day}.",
        "{first} {last}, who was {feeling} after {event}, declined to comment on {topic}.",
        "On {day}, {actor} {act} {topic} in {place}.",
        "The decision comes {n} months after {actor} {act} {topic2}.",
        "According to a survey of {n}00 people, {n} percent are {feeling} about {topic}.",
        "Shares of {word} {outlet} rose {n} percent on {day} after {event}.",
        "In this week's episode we talk to {first} {last} about {topic} and {topic2}.",
        "{first} {last} is the author of {n} books about {topic}.",
        "Here is what {actor} had to say about {topic} at {event}.",
        "I have been writing about {topic} for {n} years and I am still {feeling}.",
        "This {dish} is ready in {n} minutes and the whole family will love it.",
        "The new {product} costs ${n}9 and ships in {month}.",
        "He was sentenced to {n} years in prison on {day} after {event}.",
        "We looked at {n} studies to find out whether {topic} really works.",
    ),
    "boilerplate": (
        "Sign up for our {section} newsletter and never miss a story",
        "Click here to read more about {topic}",
        "Share this article on Facebook, Twitter or by email",
        "Copyright {year} {word} {outlet}. All rights reserved.",
        "This post may contain affiliate links, read our disclosure policy",
        "We use cookies to improve your experience on our website",
        "Subscribe now for unlimited access to {word} {outlet}",
        "Download our free app for iOS and Android",
        "Posted in {section} by {first} {last} on {month} {n}, {year}",
        "Page {n} of {n2}, next article, related posts and comments",
        "Free shipping on all orders over ${n}9 this {month}",
        "A beautiful picture of the week sent in by one of our readers",
        "Image of the day from the {word} {outlet} photo gallery",
        "Photo may have been provided by a third party, all rights reserved",
        "Read the full story and see more photos in our gallery",
    ),
    "slogan": (
        "{word} {outlet} - {section} and {section2}",
        "{word} {trade} in {place}, {virtue}",
        "Welcome to {word} {outlet}, your source for {topic} and {topic2}",
        "{word} {trade}: {virtue}",
        "{section} | {word} {outlet}",
        "The official website of {first} {last}",
        "{place} {trade} and {trade2} - {virtue}",
        "Latest {section}, {section2} and headlines from {place}",
        "{word} {outlet} home page",
    ),
    "product": (
        "{word} {product}, black, size {n}, with free returns",
        "Buy {product} online in {place}",
        "{good} {product} for sale, {n}% off",
        "{word} {n}00 {product} review and price comparison",
        "{dish} with {dish2} on a wooden table",
        "A bowl of {dish} served with {dish2}",
        "Portrait of {first} {last} at {event}",
        "A chart of {topic} from {year} to {year2}",
        "{first} {last} speaks about {topic} at {event} in {place}",
        "An old {product} next to a {product2}",
    ),
}


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
