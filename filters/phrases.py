"""Phrases that give a notice of the site or advertising away."""

from collections.abc import Iterable, Mapping
from typing import Final


def listed(text: str) -> list[str]:
    """The phrases that stand between the bars of a text, over as many lines as they need.

    >>> listed("read more | read our")
    ['read more', 'read our']
    """
    return [" ".join(phrase.split()) for phrase in text.split("|")]


def by_first_word(phrases: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The phrases by their first word, with a space on both sides to be found as whole words only.

    >>> by_first_word(["read more", "read our"])
    {'read': (' read more ', ' read our ')}
    """
    found: dict[str, tuple[str, ...]] = {}
    for phrase in phrases:
        first = phrase.split(maxsplit=1)[0]
        found[first] = (*found.get(first, ()), f" {phrase} ")
    return found


# A sentence with one of these speaks of the site, not of what is to be seen. Lower case, without punctuation.
BOILERPLATE: Final = by_first_word(
    listed("""
    click here | click to | click on | click for | click the | click image | click below | click through |
    click post | tap here | tap to | read more | read the full | read full | read our | full story |
    continue reading | go here | sign up | sign in | log in | login | register for | subscribe | subscribers |
    subscribing | unsubscribe | newsletter | newsletters | mailing list | free trial | add to cart | add to basket |
    add to bag | add to wishlist | to your basket | to your cart | share this | share on | share via | follow us |
    follow me | follow them on | follow via | rss feed | all rights reserved | registered trademark | privacy policy |
    cookie policy | disclosure policy | refund policy | shipping charge | comment policy | uses cookies |
    accept cookies | functional cookies | analytics cookies | marketing cookies | this website | this page |
    your browser | terms of use | terms of service | terms and conditions | posted in | posted by | posted on |
    filed under | tagged as | skip to | please wait | please enable | please check your | enable javascript |
    javascript is required | back to top | view all | view gallery | show more | load more | leave a comment |
    leave a reply | post a comment | your comment | comments off | in the comments | comment count | reader comments |
    readers' comments | buy now | shop now | order now | shop this | where to buy | learn more | find out more |
    our inbox | your inbox | affiliate link | affiliate links | earn a commission | welcome to my | opens in a new |
    opens in new | page not found | access denied | image not available | no image | reproduced with permission |
    without the author's consent | without express written | email address | email me | tweet me |
    submission guidelines | choose your location | create your profile | create an account | profile picture |
    profile photo | profile image | avatar for | get the latest | delivered to your | delivered straight to your |
    check out our | join our | support our work | support independent | thank you for signing | thanks for signing |
    thank you for your interest | verification email | let us know | been shared | app store | google play |
    flash player | table of contents | recent posts | old posts | previous post | next post | read next |
    save my name | next time i comment | contact the editors | contact us | about us | for flagging |
    related articles | related posts | related stories | related topics | customer service | find recipes |
    recipe works | love this recipe | you'll need | scroll down | go to homepage | go to home | open menu |
    play video | watch now | listen now | download the app | get started | book now | editor's picks |
    editors' picks | in this article | on this page | print this | email this | rate this | report this |
    be the first to | you may also like | you might also like | visit our website | user avatar | author photo |
    author image | close menu | main menu | our partners | third party cookies | ad choices | personalised ads |
    personalized ads | your account | your cart | your order | minute read | min read | originally published |
    originally appeared | last updated | reprinted with | hide caption | toggle caption | enlarge this |
    video of the week | free shipping | money back | in stock | out of stock | image may contain |
    may contain affiliate | affiliate policy | affiliate program | affiliate disclosure | affiliate commission |
    qualifying purchases | amazon associate | amazon associates | sponsored post | bookmark and share |
    share with friends | share it with | share your thoughts | pin it | pin this | pin for later | save this |
    print recipe | print the recipe | rate the recipe | star rating | leave a review | leave a rating | leave your |
    leave us a | tag me | tag us | tag your | tried this recipe | made this recipe | cancel reply | reply to this |
    top rated comments | view comments | show comments | hide comments | add a comment | reviews and ratings |
    ratings and reviews | by submitting this | by continuing you | by clicking | by signing up | by subscribing |
    consent to receive | opt out | opt-out | privacy notice | privacy settings | cookie settings | manage cookies |
    do not sell | legal notice | reset your password | create a new password | new password | forgot your password |
    check your email | check your inbox | we'll email | we'll send you | sent you an email | email newsletter |
    get notified | notify me | get alerts | get updates | stay up to date | stay informed | never miss |
    don't miss out | sign in with | log out | sign out | my account | welcome back | free returns | free delivery |
    click & collect | click and collect | add to favorites | add to favourites | size guide | gift card | gift cards |
    view product | view products | view details | view profile | view cart | see details | customers also |
    customers who | shop by | browse by | browse all | browse other | filter by | stock quote | breaking news and |
    latest news and | top stories and | all the latest | more on this | related content |
    recommended for you | picked for you | you may also | you might also | sponsored by | about the author |
    about this site | about me | read my | my affiliate | follow along | find me on | find us on | connect with us |
    for a chance to win | enter to win | enter for a chance | terms apply | may not be published |
    may not be reproduced | all rights are | copyright policy | has a disclosure | contributed to this report |
    slide show | start slideshow | next slide | watch video | watch the video below | now playing | skip navigation |
    skip to content | main content | open in new | open in app | available on the app | get the app | download our |
    rss feeds | site map | sitemap | help center | faqs | frequently asked questions | contact form |
    powered by wordpress | powered by blogger | powered by disqus | shop the look | shop the collection |
    shop the story | shop the sale | loading icon | loading image | is loading | loading more | below advertisement |
    after advertisement | skip advertisement | advertisement continue | article continues below |
    story continues below | meet our team | join our team | jump to recipe | jump to content | jump to navigation |
    jump to comments | cookies are used | cookies are small | cookies are necessary | cookies are stored |
    cookies are essential | we use cookies | use cookies to | cookies help us | on this site | of this site |
    this site uses | this site is protected | this site may | this site contains | using this site | see all posts |
    see all articles | see all photos | see all results | see all reviews | see all stories | see more posts |
    see more articles | see more stories | see more from | view larger image | view full image | view full size |
    view full screen | like us on facebook | ads by google | get our free | get our app | get our best |
    get our latest | get our newsletter | share via email | toggle navigation | toggle menu | toggle search |
    toggle sidebar
    """)
)

# Advertising made for search engines.
SPAM: Final = by_first_word(
    listed("""
    viagra | cialis | levitra | payday loan | payday loans | online casino | casino bonus | online pharmacy |
    free spins | sportsbook bonus | cheap pills | cheap meds | cheap jerseys | escort service | escorts service |
    escort girls | call girls | call girl | live sex | sex chat | sex cam | sex cams | sex video | sex videos |
    porn video | porn videos | porn tube | xxx video | xxx videos | hot singles | weight loss pills |
    make money online | make money fast | best price guaranteed | royalty free | stock photo | stock photos |
    stock vector | stock illustration | stock footage | free download | coupon code | promo code
    """)
)
