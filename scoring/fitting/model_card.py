"""The card beside the artefact: what the relevance model was fitted on, how it was measured, and its limits."""

from pathlib import Path
from typing import Final

from scoring.features import FEATURE_GROUPS
from scoring.fitting.captioned_photos import CaptionedPhotos
from scoring.fitting.page_texts import PageTexts
from scoring.fitting.training_pairs import RIGHT_SHARE
from scoring.fitting.whole_fit import KEEP, Fitted

CARD_FILE: Final = "relevance.md"
CARD: Final = """# Relevance model

The weak image-text semantic model of ImageBERT (arXiv 2001.07966, section 3): the probability that a web text
describes an image. Made by `{command}`. `relevance.npz` holds the dual encoder's heads, the class names' embeddings, the
embeddings' axes and the calibration; `relevance.txt` holds LightGBM's trees over {features} features{cautious}.

## Data

Fitted on {data}: {photos} photos with {captions} captions. No photo, caption or page text is in the artefact. Every
photo gets a page of rival texts; each text is right, a true caption, with the share of its source ({shares}), else wrong:
another photo's caption (random; same_class: of one of the 20 photos with the nearest class probabilities) or page noise
(noise: {pages}). Right and other photos' captions wear the same web dress: names, places, headline casing, missing
function words, lead-ins, unrelated second sentences. Nobody has published the shares; their order is the paper's, metadata
written for the image before text around it. Texts made from ImageNet class names, labelled by the backbone's own class
probabilities, widen the range of subjects; they are fitted on, never measured on. Addresses are drawn: some image files
are named after what they show, some after their page.

Ten twelfths of the photos and of the pages fitted the dual encoder and the trees, one twelfth calibrated (Platt) and set
the threshold, and the last was measured below. No photo and no page is in two parts. The trees see each photo through a
dual encoder that was not trained on it.{joint}

The image side is EfficientNet-Lite0 (ImageNet-1k, Apache-2.0), the text side all-MiniLM-L6-v2 (Apache-2.0), both
frozen. MiniLM's card lists Flickr30k and COCO captions among its training texts, so captions like the measured ones
may have been seen as text, though never with images.
{judged}
## Quality on held-back photos of the same data

Each text alone on its page, as alternative text, captions as their annotators wrote them:

{quality}

The same with captions in web dress:

{dressed}

The threshold is the greatest, in twentieths, that kept {keep:.0%} of the right texts of the calibration photos.

On pages of rival texts: a right text scores highest on {choice:.1%} of the {choices} pages that have right and wrong ones.

## Calibration

All texts of those pages, in ten equally filled bins; expected calibration error {error:.3f}:

{bins}

Probabilities are calibrated for the shares above; on another mix the order holds and the level does not.

## Features

{groups}

Share of the trees' gain:

{importance}

AUC against matched when the trees get only some of the features:

{ablation}

AUC by the number of captions that dual encoder and trees were fitted on, without the joint encoder:

{learning}

## Limits

The photos it was fitted on decide what it knows: on other subjects it leans on the ImageNet class names and is less
sure. It reads English, sees the image at 224 x 224 pixels (its classes in the centre only), and cannot check names,
places or dates: they are meant to count neither for nor against a text. Groups of features without both image and text
cannot tell random captions from right ones here, because every caption is right for one photo and wrong for others; on
the web they tell good sources from bad.
"""


CAUTIOUS: Final = (
    ",\n`relevance_cautious.txt` trees without the joint encoder's. Both are mixed: on images like the fitted photos those of all\n"
    "features decide, on others their log odds count one part in five"
)
LEARNT_BY: Final = {
    "folds": "by encoders like it that were not trained on the photo, and for half of the photos not on its kind of scene.",
    "elsewhere": "on all of these photos, which it was not trained on.",
    "half": "on half of the calibrating twelfth, which it was not trained on, and the other half calibrated.",
}


def write_card(
    folder: Path, command: str, data: str, photos: CaptionedPhotos, pages: tuple[PageTexts, ...], fitted: Fitted
) -> None:
    """Write `relevance.md` into an existing folder."""
    noise = "sentences written by rule, `scoring/fitting/web_texts.py`"
    if pages:
        noise = f"texts of {len(pages)} saved web pages, and {noise}"
    card = CARD.format(
        command=command,
        features=sum(len(names) for names in FEATURE_GROUPS.values()),
        data=data,
        photos=len(photos.captions),
        captions=len(photos.sentences),
        shares=", ".join(f"{source} {share:g}" for source, share in RIGHT_SHARE.items()),
        pages=noise,
        joint=_joint(fitted),
        cautious=CAUTIOUS if fitted.parts.trees.cautious else "",
        judged=f"\n{fitted.judged}\n" if fitted.judged else "",
        quality=fitted.quality.table(),
        dressed=fitted.dressed.table(),
        keep=KEEP,
        choice=fitted.pages.right,
        choices=fitted.pages.choices,
        error=fitted.pages.calibration_error,
        bins=fitted.pages.table(),
        groups=", ".join(f"{group}: {len(names)}" for group, names in FEATURE_GROUPS.items()),
        importance=fitted.importance,
        ablation=fitted.ablation.table(),
        learning=fitted.learning.table(),
    )
    (folder / CARD_FILE).write_text(card, encoding="utf-8")


def _joint(fitted: Fitted) -> str:
    if not fitted.parts.matchers.joint:
        return " No joint encoder (clip features) was given."
    named = f" The joint encoder is {fitted.parts.matchers.joint}; the trees learnt what its cosines are worth"
    return f"{named}\n{LEARNT_BY[fitted.joint_learnt]}"
