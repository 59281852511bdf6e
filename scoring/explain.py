"""Why a text scored as it did for an image: `python -m scoring.explain IMAGE TEXT [--source alt] [--rival "title: ..."]`."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL.Image import Image as Picture

from crawler.items import TEXT_SOURCES, Text
from filters.image import decode
from scoring.describe import Describer
from scoring.dual_encoder import Floats
from scoring.features import FEATURE_GROUPS, FEATURES
from scoring.relevance import RelevanceModel

GROUP_OF = {name: group for group, names in FEATURE_GROUPS.items() for name in names}


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one feature did to a score (Lundberg et al., TreeSHAP, arXiv 1802.03888).

    Attributes:
        feature: its name.
        group: text, image, cross or clip.
        value: the feature's; NaN when it is missing.
        log_odds: what it added to the calibrated log odds; all contributions and the average sum up to the score's.
    """

    feature: str
    group: str
    value: float
    log_odds: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score and what moved it.

    Attributes:
        relevance: the calibrated probability.
        average: the log odds that the contributions start from.
        contributions: of every feature, the greatest first.
    """

    relevance: float
    average: float
    contributions: tuple[Contribution, ...]

    def table(self, most: int = 10) -> str:
        """The score and the features that moved it most, one a line."""
        rest = sum(contribution.log_odds for contribution in self.contributions[most:])
        lines = [f"relevance {self.relevance:.3f}", f"{'':34}{'value':>10}  log odds"]
        lines += [
            f"{contribution.feature:26}{contribution.group:>8}{contribution.value:>10.3g}  {contribution.log_odds:+.2f}"
            for contribution in self.contributions[:most]
        ]
        lines.append(f"{'the other features':44}  {rest:+.2f}")
        lines.append(f"{'an average pair':44}  {self.average:+.2f}")
        return "\n".join(lines)


def explain(
    image: Picture,
    text: Text | str,
    rivals: Sequence[Text] = (),
    model: RelevanceModel | None = None,
    describer: Describer | None = None,
) -> Explanation:
    """The score of a text for an image, and what moved it; prints the ten features that moved it most.

    Args:
        image: RGB.
        text: as its page has it, cleaned; a bare string counts as alternative text.
        rivals: the image's other texts, which the score depends on too.
        model: None for the packaged one.
        describer: None for one with the packaged models.
    """
    model = model or RelevanceModel()
    asked = Text("alt", text) if isinstance(text, str) else text
    pictures = model.with_joint((describer or Describer()).pictures([image], [image.size]), [image])
    features = model.features_of(model.batch(pictures, [[asked, *rivals]]))[:1]
    found = explanation(features, model)
    print(found.table())
    return found


def explanation(features: Floats, model: RelevanceModel) -> Explanation:
    """The explanation of one row of `FEATURES` [1, F]."""
    slope, intercept = model.parts.calibration.slope, model.parts.calibration.intercept
    (moved,) = model.parts.trees.contributions(features) * slope
    order = np.argsort(-np.abs(moved[:-1]), kind="stable")
    contributions = tuple(
        Contribution(FEATURES[index], GROUP_OF[FEATURES[index]], float(features[0, index]), float(moved[index]))
        for index in order
    )
    return Explanation(float(model.parts.probabilities(features)[0]), float(moved[-1] + intercept), contributions)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 1 with one line on standard error when the image or the model is unusable."""
    parser = argparse.ArgumentParser(prog="python -m scoring.explain", description="Say what moved a pair's score.")
    parser.add_argument("image", type=Path, help="an image file")
    parser.add_argument("text", help="a candidate description")
    parser.add_argument("--source", choices=TEXT_SOURCES, default="alt", help="where it stood (default: %(default)s)")
    parser.add_argument("--rival", action="append", default=[], metavar="SOURCE:TEXT", help="another text of the image")
    parser.add_argument("--model", type=Path, default=None, help="folder of another model (python -m scoring.fit)")
    options = parser.parse_args(arguments)
    try:
        rivals = [_rival(given) for given in options.rival]
        explain(_picture(options.image), Text(options.source, options.text), rivals, RelevanceModel(options.model))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _picture(path: Path) -> Picture:
    picture = decode(path.read_bytes())
    if isinstance(picture, str):
        raise ValueError(f"{path} is not a usable image: {picture}")  # noqa: TRY004 the file's type is right
    return picture


def _rival(given: str) -> Text:
    source, colon, text = given.partition(":")
    if not colon or source not in TEXT_SOURCES or not text.strip():
        raise ValueError(f"--rival {given!r} is not SOURCE:TEXT; the sources are {', '.join(TEXT_SOURCES)}")
    return Text(source, text.strip())


if __name__ == "__main__":
    sys.exit(main())
