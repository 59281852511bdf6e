"""Classes of English words that tell a description from other prose: what can be seen, who acts, how a page talks."""

from typing import Final


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


FUNCTION_WORDS: Final = _words(
    "a an the and or but of on in at to with by for from as is are was were be been has have had this that these those "
    "it its their his her"
)
ADDRESSING_WORDS: Final = _words("i you we us me my our your yours ours let's i'm you're we're click")
PLACE_WORDS: Final = _words("on in at near under over behind beside between through across above against around")

# by name, so that each class is one feature; the nouns and adjectives are those a photograph can show
WORD_CLASSES: Final[dict[str, frozenset[str]]] = {
    "function_word": FUNCTION_WORDS,
    "place_word": PLACE_WORDS,
    "addressing_word": ADDRESSING_WORDS,
    "article": _words("a an the"),
    "indefinite_article": _words("a an"),
    "conjunction": _words("and or but nor yet so because although while if unless since whereas"),
    "preposition": _words(
        "about after against among before below down during for from into like of off out past per since than toward "
        "towards until up upon via with within without"
    ),
    "being": _words("is are was were be been being am isn't aren't wasn't it's that's there's"),
    "having": _words("has have had having hasn't haven't hadn't"),
    "modal": _words("can could may might must shall should will would can't couldn't won't wouldn't should've"),
    "negation": _words("no not never none nobody nothing neither nor don't doesn't didn't without"),
    "third_person": _words("he she they him them his her their theirs himself herself themselves"),
    "pointing": _words("this that these those here there such"),
    "asking": _words("what why how when where who whom whose which whether"),
    "number": _words("one two three four five six seven eight nine ten several many few couple pair group both"),
    "colour": _words(
        "red blue green yellow white black brown orange pink purple grey gray tan golden gold silver dark bright colorful "
        "colourful blond blonde striped beige maroon teal turquoise"
    ),
    "person": _words(
        "man men woman women boy boys girl girls child children kid kids person people lady guy baby toddler teenager "
        "couple family crowd player players player's rider surfer skier climber cyclist biker runner swimmer worker "
        "friends mother father"
    ),
    "garment": _words(
        "shirt shirts jacket coat dress hat cap helmet shorts jeans pants skirt suit uniform shoes boots glasses sunglasses "
        "gloves scarf sweater hoodie swimsuit bikini costume vest tie backpack bag wetsuit goggles"
    ),
    "body": _words(
        "hair face hand hands head arm arms leg legs eyes mouth foot feet back shoulders beard nose tongue ear"
    ),
    "animal": _words(
        "dog dogs puppy cat cats kitten horse horses bird birds cow sheep goat duck ducks fish monkey bear elephant animal "
        "animals greyhound poodle terrier retriever chicken rabbit lion tiger butterfly"
    ),
    "vehicle": _words(
        "car cars bike bikes bicycle motorcycle truck bus train boat boats ship plane airplane scooter skateboard kayak "
        "canoe raft tractor van taxi wagon"
    ),
    "outdoors": _words(
        "beach water ocean sea river lake pond pool waves wave snow grass field grassy hill mountain mountains rock rocks "
        "cliff sand sandy dirt mud forest woods tree trees sky park garden path trail desert leaves sun sunset waterfall "
        "yard lawn snowy rocky"
    ),
    "built": _words(
        "street road sidewalk building buildings wall fence bridge city house window door stairs steps bench table chair "
        "floor room kitchen store market shop court stadium stage tent ramp rail railing playground slide swing fountain"
    ),
    "sport": _words(
        "ball soccer football basketball baseball tennis hockey rugby volleyball frisbee surfboard snowboard ski skis skate "
        "racket bat goal game race team trick wrestling karate"
    ),
    "food": _words(
        "food cake bread cheese chicken salad soup sauce butter chocolate cream sugar coffee tea wine beer fruit apple "
        "vegetable rice pasta meat plate bowl cup glass"
    ),
    "posture": _words(
        "standing sitting walking running jumping riding playing holding wearing looking climbing swimming lying sits stands "
        "walks runs jumps rides plays holds wears looks climbs swims smiling smiles watches watching catches catching leaps "
        "throws throwing carries carrying poses posing"
    ),
    "size_or_matter": _words(
        "small large big little tall long short old young wooden metal wet muddy dry open empty round concrete brick stone "
        "plastic leather furry fluffy shaggy"
    ),
    "speech": _words(
        "said says say told tells asked added announced claimed explained reported according spokesman spokeswoman statement "
        "interview comment"
    ),
    "thought": _words(
        "think thinks believe believes know known feel feels want wants need needs hope hopes plan plans idea ideas reason "
        "decided expected likely perhaps maybe probably"
    ),
    "time": _words(
        "today yesterday tomorrow now then year years month months week weeks day days ago later soon recently monday tuesday "
        "wednesday thursday friday saturday sunday january february march april may june july august september october "
        "november december"
    ),
    "public_life": _words(
        "president government minister election police court law state federal senate congress party campaign policy "
        "officials official department company companies market business industry million billion percent economy"
    ),
    "page_word": _words(
        "read click share subscribe newsletter sign login comments comment post posts article articles story website site "
        "page email cookies privacy terms copyright rights reserved follow facebook twitter instagram youtube video videos "
        "watch download app"
    ),
    "picture_word": _words(
        "photo photos photograph image images picture pictures pictured shown shows seen view portrait"
    ),
    "trade": _words(
        "buy price sale free shipping deal deals offer best review reviews shop order product products new top"
    ),
    "recipe": _words("recipe recipes minutes tablespoons tablespoon teaspoon teaspoons ingredients bake cook serve"),
    "praise": _words(
        "amazing beautiful best great perfect easy delicious favorite favourite ultimate essential incredible"
    ),
}

# what a photograph can show: naming it can only speak for a text, whatever subjects the fitted captions happen to have
VISIBLE_CLASSES: Final = (
    *("colour", "person", "garment", "body", "animal", "vehicle", "outdoors", "built", "sport", "food", "posture"),
    "size_or_matter",
)
# what prose and pages talk of: it can only speak against
UNSEEN_CLASSES: Final = ("speech", "thought", "public_life", "page_word", "addressing_word", "modal", "asking")
