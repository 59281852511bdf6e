"""All the Beam there is: analyse slices, aggregate what survives by reference, write the corpus's shards.

Image bytes never cross a shuffle: a survivor carries the name of the file that holds them.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import torch

from pipelines import aggregation
from pipelines.aggregation import AggregationRules, Image, Survivor
from pipelines.analyser import Analyser
from pipelines.analysis import analyse
from pipelines.assembly import Decision, assemble, shard_index, shard_name
from pipelines.plan import Plan
from pipelines.recipe import Recipe
from pipelines.shards import Slice


class Analyse(beam.DoFn):
    """A slice's survivors; its files are written on the way (see `pipelines.analysis.analyse`)."""

    def __init__(self, recipe: Recipe, digest: str, folder: str) -> None:
        self.recipe, self.digest, self.folder = recipe, digest, folder
        self.loaded: Analyser | None = None

    def analyser(self) -> Analyser:
        """The models, loaded once a worker and only where there is something to analyse."""
        if self.loaded is None:
            torch.set_num_threads(1)  # one worker a core: more threads would fight
            self.loaded = Analyser(self.recipe)
        return self.loaded

    def process(self, piece: Slice) -> Iterator[Survivor]:
        """The survivors of `piece`."""
        yield from analyse(piece, self.analyser, self.digest, Path(self.folder))


class Assemble(beam.DoFn):
    """Writes one shard of the corpus (see `pipelines.assembly.assemble`)."""

    def __init__(self, shards: int, digest: str, folder: str) -> None:
        self.shards, self.digest, self.folder = shards, digest, folder

    def process(self, element: tuple[int, Iterable[Decision | None]]) -> None:
        """Write the shard of index `element[0]`."""
        index, decisions = element
        kept = (decision for decision in decisions if decision is not None)
        assemble(shard_name(index, self.shards), kept, self.digest, Path(self.folder))


class OneImageEach(beam.PTransform[Any, Any]):
    """Survivors -> `Image`s: exact copies meet by equal perceptual hash, near copies through shared bands of it."""

    def __init__(self, rules: AggregationRules) -> None:
        super().__init__()
        self.rules = rules

    def expand(self, survivors: Any) -> Any:
        """The graph."""
        distance = self.rules.near_distance
        by_hash = survivors | beam.Map(lambda survivor: (survivor.pair.image_phash, survivor)) | beam.GroupByKey()
        roots = (
            by_hash
            | beam.FlatMap(lambda group: [(band, group[0]) for band in aggregation.bands(group[0], distance)])
            | "Bands" >> beam.GroupByKey()
            | beam.FlatMap(lambda band: aggregation.near_pairs(band[1], distance))
            | beam.Map(lambda edge: (None, edge))
            # Only hashes that have a near copy get here, so one worker can hold their graph.
            | "Edges" >> beam.GroupByKey()
            | beam.FlatMap(lambda edges: aggregation.roots(edges[1]).items())
        )
        return (
            {"survivors": by_hash, "root": roots}
            | beam.CoGroupByKey()
            | beam.FlatMap(rooted)
            | "Images" >> beam.GroupByKey()
            | beam.Map(lambda group: aggregation.one_image(group[1]))
        )


def rooted(group: tuple[str, dict[str, list[Any]]]) -> Iterator[tuple[str, Survivor]]:
    """The survivors of one hash, keyed by the hash their image is known under."""
    phash, joined = group
    root = joined["root"][0] if joined["root"] else phash
    for survivors in joined["survivors"]:
        for survivor in survivors:
            yield root, survivor


def decided(group: tuple[str, Iterable[Image]], rules: AggregationRules) -> Iterator[Decision]:
    """The decisions on all images that share a text."""
    images = list(group[1])
    dropped = aggregation.is_shared_too_often(len(images), rules)
    for image in images:
        yield Decision(image, len(images), dropped)


def build(pipeline: beam.Pipeline, plan: Plan, recipe: Recipe) -> None:
    """Put the whole build on `pipeline`; its results are the files in the plan's folder."""
    rules, folder = recipe.aggregation, str(plan.folder)
    decisions = (
        pipeline
        | "Slices" >> beam.Create(plan.pieces)
        | "Spread" >> beam.Reshuffle()  # else the first worker would get them all
        | "Analyse" >> beam.ParDo(Analyse(recipe, plan.analysis, folder))
        | "One image each" >> OneImageEach(rules)
        | beam.Map(lambda image: (aggregation.text_key(image.best.pair.text), image))
        | "Texts" >> beam.GroupByKey()
        | beam.FlatMap(decided, rules)
        | beam.Map(lambda decision: (shard_index(decision.image.best.pair.image_sha256, plan.shards), decision))
    )
    # Every shard gets an element of its own, so that a range without a pair is written too, empty.
    every = pipeline | "Shards" >> beam.Create([(index, None) for index in range(plan.shards)])
    (
        (decisions, every)
        | beam.Flatten()
        | "Ranges" >> beam.GroupByKey()
        | "Assemble" >> beam.ParDo(Assemble(plan.shards, plan.digest, folder))
    )
