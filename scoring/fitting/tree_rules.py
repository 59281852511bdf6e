"""What the trees are held to, feature by feature, so that they say something sane of subjects that they never met."""

from typing import Final

from scoring.components import TEXT_COMPONENTS
from scoring.cross_features import LIKELY
from scoring.image_features import COMPONENT_FEATURES
from scoring.vocabulary import UNSEEN_CLASSES, VISIBLE_CLASSES

# features of which more, or less, can only speak for a match: the trees are held to that, so as to extrapolate sanely
_BETTER: Final = ("cosine", "over_images", "rival_gap", "rival_share", "rival_deviation")
RISING: Final = frozenset(
    {
        *(f"{space}_{name}" for space in ("dual", "clip", "said") for name in _BETTER),
        *("dual_over_texts", "clip_over_texts"),
        *(f"class_cosine_{rank}" for rank in range(1, LIKELY + 1)),
        *("class_best_cosine", "class_weighted_cosine", "class_expected_cosine", "class_log_likelihood"),
        *("class_likelihood_to_top", "class_named_mass"),
        *(f"{name}_share" for name in VISIBLE_CLASSES),
    }
)
FALLING: Final = frozenset(
    {
        *("dual_rival_rank", "clip_rival_rank", "said_rival_rank", "class_named_best_rank", "class_rank_of_text"),
        *(f"{name}_share" for name in UNSEEN_CLASSES),
    }
)
# directions among the training photos and captions: they know what those show, not what the web shows, so they must be
# worth more than others before the trees split on them
TOPICAL: Final = frozenset(
    {
        *(f"sentence_component_{number}" for number in range(TEXT_COMPONENTS)),
        *COMPONENT_FEATURES,
    }
)
TOPICAL_WORTH: Final = 0.3
