"""The corpus recipe: every rule and threshold between a candidate and the corpus, as one value."""

from dataclasses import dataclass, field
from pathlib import Path

from filters.blocklist import BlocklistFilter
from filters.image import ImageFilter
from filters.natural import NaturalFilter
from filters.nsfw import NsfwChoice, NsfwFilter
from filters.size import SizeFilter
from filters.text import TextFilter
from pipelines.aggregation import AggregationRules
from scoring.joint_choice import JointChoice
from scoring.relevance import RelevanceFilter


@dataclass(frozen=True, slots=True)
class Recipe:
    """What `build_lait` applies, in this order; the paper names the steps (section 3) but no threshold.

    To change one, write `my_recipe.py` with `RECIPE = dataclasses.replace(Recipe(), nsfw=NsfwFilter(threshold=0.5))`
    where Python can import it, and build with `--recipe my_recipe:RECIPE`.

    Attributes:
        blocklist: what is dropped before anything is written, and counted without a trace of what it was.
        image: files that cannot be decoded, or not within bounds; whether animations stay.
        size: from the header, before any decode.
        text: cleaning and dropping of candidate texts; an image without a text left is dropped.
        nsfw: pornographic and racy images.
        natural: drawings, charts, screenshots and pictures without content.
        relevance: the weak image-text model's probability.
        nsfw_model: another NSFW model, such as `filters.onnx_scorer.OnnxModel`; None for the packaged one.
        natural_model: file of another naturalness model (`python -m filters.fit_natural`); None for the packaged one.
        relevance_model: folder of another relevance model (`python -m scoring.fit`); None for the packaged one.
        joint_encoder: the open_clip model that `relevance_model` was fitted with, where its name and weights cannot be
            found as they were then; None for what the relevance model asks for.
        aggregation: one pair an image, and no text that too many images share.
    """

    blocklist: BlocklistFilter = field(default_factory=BlocklistFilter)
    image: ImageFilter = field(default_factory=ImageFilter)
    size: SizeFilter = field(default_factory=SizeFilter)
    text: TextFilter = field(default_factory=TextFilter)
    nsfw: NsfwFilter = field(default_factory=NsfwFilter)
    natural: NaturalFilter = field(default_factory=NaturalFilter)
    relevance: RelevanceFilter = field(default_factory=RelevanceFilter)
    nsfw_model: NsfwChoice | None = None
    natural_model: Path | None = None
    relevance_model: Path | None = None
    joint_encoder: JointChoice | None = None
    aggregation: AggregationRules = field(default_factory=AggregationRules)
