"""The words the text filter goes by: the common ones, and those that give a menu, a credit or spam away."""

from functools import cache
from math import log10
from typing import Final

import wordfreq


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Grammar words of English; a sentence has them, a name, a credit or a list of keywords does not.
FUNCTION_WORDS: Final = _words(
    """
    a about after against all among an and are around as at be because been before behind being below between both
    but by can could did do does during each even every for from had has have he her here his how i if in inside
    into is it its just like may more most my near new no not now of off on one only onto or other our out over
    own said she should since so some such than that the their them then there these they this those through to
    too two under until up upon us was we were what when where which while who whose why will with within without
    would you your
    """
)

# At the end of a text these show that its rest is missing.
DANGLING_WORDS: Final = _words(
    """
    a an and are as at because but by for from has have if into is of or our than that the their to was were which
    while who whose with your
    """
)

# Grammar words of the web's other large languages in Latin script, without those of names (de, la, van, von).
FOREIGN_WORDS: Final = _words(
    """
    aber alle auch auf aus bei beim bis dass dem den der des die durch ein eine einem einen einer für gegen ist
    mit nach nicht noch oder sich sind und vom wie wird wurde zum zur au aux avec ce cette dans elle est et être
    il ils je leur les mais nous ou où par pas plus que qui sa ses sont une vous y como con cuando del donde el
    ella ellos en entre es esta este esto fue hay las los más muy para pero por porque se ser sin sobre su sus
    también una uno ao às até da ela ele em foi isso mas não na nas nos num numa pela pelo seu sua são também um
    uma che chi degli della delle di gli nella non più sono suo tra bij een het hij ik maar met naar niet ook op
    uit voor wat wordt zijn ang mga og på är att av det ett för från med och som till vid nie się jest że
    """
)

# Those that do stand in names, one or two of them.
NAME_PARTICLES: Final = _words("à al da de dei del der des di do dos du e el i la las le les los van von y")

CALENDAR: Final = _words(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december jan feb mar apr jun jul aug sep sept oct nov dec today yesterday tomorrow
    am pm
    """
)

# What may stand beside the names and numbers that say when a page was published.
STAMP_WORDS: Final = _words(
    """
    added at by comment comments created edited est first gmt in last min mins minute minutes modified on posted
    published read updated utc words written
    """
)

# What may stand beside the names in a credit without making it a sentence.
CREDIT_FILLERS: Final = _words(
    """
    and at by cc courtesy credit du file files for from handout image images in of on photo photos pool photograph
    photography picture pictures pictured shot source special staff stock the to via
    """
)

# Cities that stand in capitals before a colon although they are common words of English text.
DATELINE_CITIES: Final = _words(
    """
    amsterdam athens atlanta baghdad bangkok beijing beirut berlin boston brussels cairo chicago dallas delhi
    denver detroit dubai dublin geneva houston islamabad istanbul jakarta jerusalem johannesburg karachi kyiv
    lagos london madrid manila melbourne mexico miami milan moscow mumbai nairobi paris philadelphia phoenix rome
    seattle seoul shanghai singapore sydney taipei tehran tokyo toronto vienna warsaw washington
    """
)

# As the last word of a few capitalised ones, these make a name that of a paper, a site or a shop.
PUBLISHERS: Final = _words(
    """
    blog chronicle daily gazette guardian herald inc journal llc ltd magazine media network news newsday observer
    online podcast post press radio review standard store times tribune tv weekly
    """
)

# As the last word of a text of a few words, these make it an ornament of the page.
ORNAMENTS: Final = _words(
    """
    avatar favicon gravatar homepage icon icons loading logo navigation newsletter placeholder sidebar sign-in spinner
    sponsored subscribe thumbnail widget
    """
)

# And these do so in one or two words only: a longer text may end in a home or a star.
CONTROLS: Final = _words(
    """
    advertisement arrow author badge banner bookmark button cart close comments contents email facebook footer header home
    instagram linkedin login menu more next pinterest play player post posts previous print profile rating search share
    star stars status tags topics twitter whatsapp youtube
    """
)


# Who speaks and to whom: descriptions seldom do.
READER: Final = _words("you you'll you're you've your yours yourself")
WRITER: Final = _words("i i'm i've me my our us we we're")

AUXILIARIES: Final = _words("are can could had has have is said says was were will would")

# As the first word of a text these mostly tell the reader what to do.
ORDERS: Final = _words(
    """
    add browse buy call check choose click contact create discover download enjoy enter explore find follow get give
    go help join learn leave let listen look make please print read register save search see select send share shop
    sign start stay submit subscribe take tell try use view visit vote want watch write
    """
)

# And these take up what was said before.
REFERRING: Final = _words("and but he it it's or she so that these they this those")

# Kinds of picture that are part of the page's furniture, or a portrait of somebody.
GRAPHICS: Final = _words("avatar banner headshot icon logo portrait profile thumbnail")


@cache
def _frequencies() -> dict[str, float]:
    table: dict[str, float] = wordfreq.get_frequency_dict("en", wordlist="large")
    return table


@cache
def _scale(share: float) -> float:
    return 9 + log10(share)


def zipf(word: str) -> float:
    """How common a lower-case word is in English: 7 is "the", 5 "house", under 3 rare, 0 unknown to wordfreq.

    The scale is that of van Heuven et al. 2014: the logarithm of the occurrences in a billion words.

    >>> zipf("the") > zipf("house") > zipf("lighthouse") > zipf("qwrtzp") == 0
    True
    """
    share = _frequencies().get(word)
    return 0.0 if share is None else _scale(share)
