"""The words the text filter goes by: the common ones, and those that give a menu, a credit or spam away."""

from functools import cache
from math import log10
from typing import Final

import wordfreq


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


def _phrases(listed: str) -> dict[str, tuple[str, ...]]:
    """The phrases between the bars by their first word, with a space on both sides to be found as whole words only."""
    found: dict[str, tuple[str, ...]] = {}
    for phrase in listed.split("|"):
        first, *_ = phrase.split()
        found[first] = (*found.get(first, ()), f" {' '.join(phrase.split())} ")
    return found


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


# A sentence with one of these speaks of the site, not of what is to be seen. Lower case, without punctuation.
BOILERPLATE: Final = _phrases(
    """
    click here | click to | click on | click for | click the | click image | click below | click through |
    click post | tap here | tap to | read more | read the full | read full | read our | full story |
    continue reading | go here | sign up | sign in | log in | login | register for | subscribe | subscribers |
    subscribing | unsubscribe | newsletter | newsletters | mailing list | free trial | add to cart | add to basket |
    add to bag | add to wishlist | to your basket | to your cart | share this | share on | share via | follow us |
    follow me | follow them on | follow via | rss feed | all rights reserved | registered trademark |
    privacy policy | cookie policy | disclosure policy | refund policy | shipping charge | comment policy |
    uses cookies | use cookies | accept cookies | cookies are | cookies help | functional cookies |
    analytics cookies | marketing cookies | this site | this website | this page | your browser | terms of use |
    terms of service | terms and conditions | posted in | posted by | posted on | filed under | tagged as |
    skip to | please wait | please enable | please check your | enable javascript | javascript is required |
    advertisement | loading | back to top | view all | view gallery | view larger | view full | see all | see more |
    show more | load more | leave a comment | leave a reply | post a comment | your comment | comments off |
    in the comments | comment count | reader comments | readers' comments | buy now | shop now | order now |
    shop this | shop the | where to buy | learn more | find out more | our inbox | your inbox | affiliate link |
    affiliate links | earn a commission | welcome to the | welcome to our | welcome to my | opens in a new |
    opens in new | page not found | access denied | image not available | no image | reproduced with permission |
    without the author's consent | without express written | email address | email me | tweet me |
    submission guidelines | choose your location | create your profile | create an account | profile picture |
    profile photo | profile image | avatar for | powered by | get the latest | delivered to your |
    delivered straight to your | check out our | join our | support our work | support independent |
    thank you for signing | thanks for signing | thank you for your interest | verification email | let us know |
    been shared | app store | google play | flash player | table of contents | recent posts | old posts |
    previous post | next post | also read | read next | save my name | next time i comment | contact the editors |
    contact us | about us | get our | our team | for flagging | related articles | related posts | related stories |
    related topics | keywords | is part of the | customer service | find recipes | recipe works | love this recipe |
    you'll need | scroll down | go to homepage | go to home | jump to | open menu | toggle | play video |
    watch now | listen now | download the app | get started | book now | editor's picks | editors' picks |
    in this article | on this page | print this | email this | rate this | report this | be the first to |
    you may also like | you might also like | visit our website | user avatar | author photo | author image |
    close menu | main menu | our partners | third party cookies | ad choices | personal data | personalised ads |
    personalized ads | your account | your cart | your order | minute read | min read | originally published |
    originally appeared | last updated | reprinted with | hide caption | toggle caption | enlarge this |
    video of the week | free shipping | money back | sold by | in stock | out of stock
    """
)

# Advertising made for search engines.
SPAM: Final = _phrases(
    """
    viagra | cialis | levitra | payday loan | payday loans | online casino | casino bonus | online pharmacy |
    free spins | sportsbook bonus | cheap pills | cheap meds | cheap jerseys | escort service | escorts service |
    escort girls | call girls | call girl | live sex | sex chat | sex cam | sex cams | sex video | sex videos |
    porn video | porn videos | porn tube | xxx video | xxx videos | hot singles | weight loss pills |
    make money online | make money fast | best price guaranteed | royalty free | stock photo | stock photos |
    stock vector | stock illustration | stock footage | free download | coupon code | promo code
    """
)

# Our own short list: the packaged ones are unmaintained, or merge lists of unknown licence, and hold hundreds of words
# with an innocent use. These have none in a caption; milder and rarer ones are left to the relevance model.
PROFANE: Final = _phrases(
    """
    fuck | fucks | fucked | fucker | fuckers | fucking | motherfucker | motherfuckers | motherfucking | cunt |
    cunts | blowjob | blowjobs | blow job | handjob | handjobs | hand job | cumshot | cumshots | gangbang |
    gangbangs | bukkake | deepthroat | milf | milfs | anal sex | hardcore sex | slut | sluts | whore | whores |
    jizz | dildo | dildos | upskirt | nigger | niggers | nigga | niggas | faggot | faggots | fag | fags | kike |
    kikes | wetback | wetbacks | tranny | trannies
    """
)


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
