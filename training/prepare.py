"""From a corpus on disk to a run that can start: regions, tokens, negatives, model."""

import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from pipelines.schema import DataError
from training.bert import BertSizes, bert_sizes, load_bert
from training.corpus import Corpus, read_corpus
from training.device import choose_device
from training.extract_regions import default_folder, extract_regions, missing_shards
from training.loop import Run
from training.model import ImageBERT, ImageBERTConfig
from training.recipes import Recipe
from training.region_store import RegionStore, StoreKind
from training.regions import GridDetector
from training.sampling import Negatives, Sampler, pairs_with_regions
from training.tokenizer import WordPiece, packaged_bert


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What to train, on what, where.

    Attributes:
        corpus: a folder of shards or one file.
        out: folder for checkpoints and metrics.
        recipe: how to train.
        fit_batch_size: let `Recipe.fitted` choose the batch size of a small corpus.
        regions: folder of the regions; None stands for the one beside the corpus.
        steps: optimiser steps; None for the recipe's.
        seed: of weights, order, masks and negatives, in [0, 2 ** 63).
        device: as `training.device.choose_device` takes it.
    """

    corpus: Path
    out: Path
    recipe: Recipe
    fit_batch_size: bool = True
    regions: Path | None = None
    steps: int | None = None
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"steps {self.steps} is not positive")
        if not 0 <= self.seed < 2**63:  # PyTorch takes no more
            raise ValueError(f"seed {self.seed} is not in [0, 2 ** 63)")


def prepare(settings: Settings) -> Run:
    """Read the corpus, find what regions are missing and build the model; nothing is written if the data is unusable.

    Raises:
        DataError: corpus, regions, checkpoint or device cannot be used.
        OSError: the folder for the output or the regions cannot be written.
    """
    device = choose_device(settings.device)
    init = init_folder(settings.recipe)
    sampler = build_sampler(settings, init, device)
    recipe = recipe_for(sampler, settings)
    torch.manual_seed(settings.seed)
    model = build_model(recipe, init, sampler.store.kind, sampler.tokenizer)
    model.embeddings.match_region_scale(torch.from_numpy(sampler.store.sample_features(sampler.rows)))
    steps = settings.steps or recipe.steps(len(sampler.corpus))
    return Run(
        model=model.to(device),
        sampler=sampler,
        recipe=recipe,
        steps=steps,
        out=settings.out,
        description=describe(recipe, sampler.corpus, sampler.store.kind, steps, settings.seed),
    )


def build_sampler(settings: Settings, init: Path | None, device: torch.device) -> Sampler:
    """The sampler over the pairs that have regions; says how many have none."""
    recipe = settings.recipe
    tokenizer = WordPiece(init, recipe.text_positions)
    corpus = read_corpus(settings.corpus, tokenizer)
    claim(settings.out)
    store = open_regions(settings.corpus, settings.regions or default_folder(settings.corpus), device)
    usable, rows = pairs_with_regions(corpus, store)
    if len(usable) < len(corpus):
        print(f"{len(corpus) - len(usable)} of {len(corpus)} pairs are left out: their images have no regions")
    return Sampler(
        corpus=usable,
        rows=rows,
        store=store,
        negatives=Negatives(usable.text_groups()),
        masking=recipe.masking,
        tokenizer=tokenizer,
        max_regions=recipe.max_regions,
        seed=settings.seed,
    )


def recipe_for(sampler: Sampler, settings: Settings) -> Recipe:
    """The recipe as this corpus allows it: batches that fit, and no ITM where there are no negatives.

    Raises:
        DataError: ITM was the only task.
    """
    recipe, pairs = settings.recipe, len(sampler.corpus)
    if settings.fit_batch_size:
        recipe = recipe.fitted(pairs)
    if not sampler.negatives.exist and recipe.weights.itm:
        if recipe.weights.active() == ("itm",):
            raise DataError(f"the corpus has one text only ({pairs} pairs), so ITM has no negatives; give more texts")
        print(f"warning: the corpus has one text only ({pairs} pairs), so there are no negatives: ITM is off")
        recipe = replace(recipe, weights=replace(recipe.weights, itm=0.0))
    return recipe


def init_folder(recipe: Recipe) -> Path | None:
    """The checkpoint folder that the recipe starts from; None for random weights.

    Raises:
        DataError: the recipe names none, or one that does not exist.
    """
    if recipe.init is None:
        raise DataError(
            "this recipe starts from BERT-base, which no package brings: give --init FOLDER with its config.json, "
            "model.safetensors and tokenizer.json, or --init none for random weights"
        )
    if recipe.init == "none":
        return None
    folder = packaged_bert() if recipe.init == "minilm" else Path(recipe.init)
    if not folder.is_dir():
        raise DataError(f"--init {folder} is no folder; give minilm, none or the folder of a BERT checkpoint")
    return folder


def claim(out: Path) -> None:
    """Make the folder `out` and see that it can be written; OSError if not."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out):
        pass


def open_regions(corpus: Path, folder: Path, device: torch.device) -> RegionStore:
    """The regions of `corpus` in `folder`; those that are missing there are found first."""
    detector = GridDetector(str(device))
    if missing := missing_shards(corpus, folder, StoreKind.of(detector)):
        print(f"finding the regions of {len(missing)} corpus shards, once: they stay in {folder}")
    return RegionStore(extract_regions(corpus, folder, detector).paths)


def build_model(recipe: Recipe, init: Path | None, kind: StoreKind, tokenizer: WordPiece) -> ImageBERT:
    """The model for these regions and this tokenizer, with the weights of `init` where it has any.

    Raises:
        DataError: `init` and the tokenizer or the recipe do not fit together.
    """
    sizes: BertSizes = bert_sizes(init) if init else recipe.sizes
    if tokenizer.vocab_size > sizes.vocab_size:
        raise DataError(f"the tokenizer has {tokenizer.vocab_size} tokens, the model {sizes.vocab_size}; they must fit")
    try:
        config = ImageBERTConfig(
            **asdict(sizes),
            region_feature_size=kind.feature_size,
            region_classes=kind.classes,
            text_positions=recipe.text_positions,
            region_position=recipe.text_positions,
            dropout=recipe.dropout,
        )
    except ValueError as error:
        raise DataError(f"the checkpoint {init} cannot hold this recipe: {error}") from error
    model = ImageBERT(config)
    if init:
        load_bert(model, init)
    return model


def describe(recipe: Recipe, corpus: Corpus, kind: StoreKind, steps: int, seed: int) -> dict[str, Any]:
    """What must be equal for a run to go on from a checkpoint, as JSON gives it back."""
    return {
        "recipe": {**asdict(recipe), "betas": list(recipe.betas)},
        "steps": steps,
        "seed": seed,
        "pairs": len(corpus),
        "corpus": corpus.fingerprint(),
        "regions": asdict(kind),
    }
