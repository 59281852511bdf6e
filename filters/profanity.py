"""The obscene words and slurs that drop a text: a maintained list, less its entries with an innocent use."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from filters.phrases import by_first_word, listed

WORD_LIST: Final = Path(__file__).parent / "wordlists" / "naughty_words_en.txt"

# Entries of the list that captions and headlines hold without any obscenity: animals and food, places and names, dress
# and art, medicine, crime reports, plain English. Advertising for medicines is spam and has that reason.
INNOCENT: Final = frozenset(
    listed("""
    ass | bareback | beaver cleaver | big black | bitch | bitches | black cock | blue waffle | butt | chocolate rosebuds |
    cock | cocks | coon | coons | cornhole | dingleberry | dingleberries | giant cock | golden shower | hot chick |
    humping | jelly donut | lemon party | pegging | pussy | rimming | scat | shrimping | skeet | snowballing | smut |
    tit | tits | tea bagging | tosser | twinkie | wrinkled starfish | yellow showers | baby batter | baby juice |
    alaskan pipeline | barenaked | bbw | big knockers | cumming | deep throat | dick | doggystyle | girls gone wild |
    guro | hooker | intercourse | kinky | lolita | menage a trois | mong | negro | nutten | octopussy | playboy | poof |
    poon | quim | santorum | semen | shota | snatch | spic | spunk | s&m | tainted love | xx | xxx | twink | boner |
    bondage | busty | camel toe | erotic | erotism | homoerotic | horny | nude | nudity | panties | panty | sexy |
    strip club | swinger | topless | undressing | voyeur | bimbos | boob | boobs | booty call | tushy | lovemaking |
    dominatrix | dirty pillows | pleasure chest | mound of venus | venus mound | mr hands | clover clamps |
    leather restraint | leather straight jacket |
    anal | anus | clitoris | ejaculation | eunuch | fecal | g-spot | genitals | nipple | nipples | orgasm | penis |
    rectum | sex | sexo | sexual | sexuality | sexually | spastic | vagina | vibrator | vulva | wet dream | threesome |
    scissoring | masturbation |
    date rape | daterape | escort | gay sex | grope | group sex | how to kill | how to murder | incest | neonazi | orgy |
    paedophile | pedophile | porn | pornography | rape | raping | rapist | sadism | sodomize | sodomy | strappado |
    bastinado | swastika | white power | domination |
    ball kicking | barely legal | bastard | bastardo | bollocks | bung hole | bunghole | cum | fingering | girl on |
    girl on top | god damn | hard core | hardcore | huge fat | jack off | strap on | suck | sucks | taste my | tied up |
    tight white | tongue in a | wrapping men | cialis | viagra
    """)
)

# Forms of listed words, and phrases of excepted ones, that the list lacks.
_ADDED: Final = listed("""
    anal sex | hardcore sex | blowjobs | cunts | dildos | fags | faggots | fucked | fucker | fuckers | fucks | gangbangs |
    handjobs | hand jobs | kikes | milfs | motherfuckers | motherfucking | niggas | niggers | shits | sluts | trannies |
    wetbacks | whores
""")


def _obscene() -> Mapping[str, tuple[str, ...]]:
    entries = WORD_LIST.read_text(encoding="utf-8").splitlines()
    return by_first_word([entry for entry in (*entries, *_ADDED) if entry not in INNOCENT])


PROFANE: Final = _obscene()
"""The phrases by their first word, as `filters.words.has_phrase` takes them."""
