"""The card beside the relevance model's artefact: what it was fitted on, how it was measured, what it is not for."""

from pathlib import Path
from typing import Final

from scoring.captioned_photos import CaptionedPhotos
from scoring.features import FEATURE_GROUPS
from scoring.quality import Quality

CARD_FILE: Final = "relevance.md"
CARD: Final = """# Relevance model

The weak image-text semantic model of ImageBERT (arXiv 2001.07966, section 3): the probability that a web text
describes an image. Made by `python -m scoring.fit --seed {seed}`. `relevance.npz` holds the dual encoder's heads, the
class names' embeddings and the calibration; `relevance.txt` holds LightGBM's trees over {features} features ({groups}).

## Data

Fitted on {data}: {photos} photos with {captions} captions. No photo or caption is in the artefact. The wrong texts are
other photos' captions (random; same_class: of photos with like class probabilities) and sentences written by rule
(noise: `scoring/web_texts.py`). Right and other photos' captions wear the same web dress: names, places, headline
casing, missing function words, lead-ins, unrelated second sentences. Texts made from ImageNet class names, labelled by
the backbone's own class probabilities, widen the range of subjects; they are fitted on, never measured on.

Ten twelfths of the photos fitted the dual encoder and the trees, one twelfth calibrated (Platt) and set the threshold,
and the last was measured below. No photo is in two parts.

The image side is EfficientNet-Lite0 (ImageNet-1k, Apache-2.0), the text side all-MiniLM-L6-v2 (Apache-2.0), both
frozen. MiniLM's card lists Flickr30k and COCO captions among its training texts, so captions like the measured ones
may have been seen as text, though never with images.

## Quality on held-back photos of the same data

{table}

The threshold is the greatest, in twentieths, that kept 85 % of the right texts of the calibration photos.
Probabilities are calibrated for the mix of texts made here, two in five right; on another mix the order holds and the
level does not.

## Limits

The photos it was fitted on decide what it knows: on other subjects it leans on the ImageNet class names and is less
sure. It cannot tell captions of like photos apart well (same_class). It reads English, sees the centre of the image,
and cannot check names, places or dates: they are meant to count neither for nor against a text.
"""


def write_card(folder: Path, data: str, photos: CaptionedPhotos, quality: Quality, seed: int) -> None:
    """Write `relevance.md` into an existing folder."""
    groups = ", ".join(f"{len(names)} {group}" for group, names in FEATURE_GROUPS.items())
    card = CARD.format(
        seed=seed,
        features=sum(len(names) for names in FEATURE_GROUPS.values()),
        groups=groups,
        data=data,
        photos=len(photos.captions),
        captions=len(photos.sentences),
        table=quality.table(),
    )
    (folder / CARD_FILE).write_text(card, encoding="utf-8")
