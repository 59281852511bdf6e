"""Training of our open_clip model: the trunk's last stages and both projections, by InfoNCE with hard and many negatives.

Shapes: B photos a step, D of the shared space, K captions a photo.
"""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from scoring.dual_encoder import Floats, unit
from scoring.fitting.clip_model import NEVER, ClipModel, ClipRecipe, image_to_text_loss, likeness_order
from scoring.fitting.clip_trunk import TrainedPart, pooled
from scoring.fitting.clip_views import Views


class _Trainer:
    def __init__(self, views: Views, sentences: Floats, keys: Floats, recipe: ClipRecipe) -> None:
        torch.manual_seed(recipe.seed)
        self.views, self.keys, self.recipe = views, keys, recipe
        self.sentences = torch.from_numpy(sentences)
        self.photos = len(keys)
        plain = pooled(TrainedPart(0), views.plain(np.arange(self.photos))).clone()
        self.model = ClipModel(
            recipe.feature_dropout, recipe.block_dropout, plain.mean(0), plain.std(0) + 1e-3, sentences.shape[2]
        )
        self._warm_up(plain)
        self.average = copy.deepcopy(self.model)
        groups = [
            {"params": list(self.model.trunk.parameters()), "lr": recipe.change_rate, "weight_decay": 0.0},
            {"params": self._heads(), "lr": recipe.projection_rate, "weight_decay": 0.1},
            {"params": [self.model.logit_scale], "lr": recipe.projection_rate, "weight_decay": 0.0},
        ]
        rates = [recipe.change_rate, recipe.projection_rate, recipe.projection_rate]
        self.steps = max(1, self.photos // recipe.batch_size)
        self.optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98))
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, rates, total_steps=recipe.epochs * self.steps + 1, pct_start=0.15
        )
        self.done = 0

    def _heads(self) -> list[nn.Parameter]:
        return [*self.model.image_projection.parameters(), *self.model.text_projection.parameters()]

    def _warm_up(self, features: Tensor) -> None:
        size = min(500, self.photos)
        steps = self.recipe.warm_up * max(1, self.photos // size)
        optimiser = torch.optim.AdamW(self._heads(), lr=2e-3, weight_decay=0.1)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps + 1)
        random = np.random.default_rng([self.recipe.seed, 0])
        for _ in range(steps):
            photos = random.choice(self.photos, size, replace=False)
            texts = self.sentences[photos, random.integers(0, self.sentences.shape[1], size)]
            logits = (
                self.model.images(features[photos]) @ self.model.texts(texts).T * self.model.logit_scale.detach().exp()
            )
            loss = image_to_text_loss(logits, 1) + image_to_text_loss(logits.T, 1)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()

    def epoch(self, number: int, bar: Any) -> None:
        """One pass; its draws depend on the seed and its number alone, so that a run can go on where it broke off."""
        random = np.random.default_rng([self.recipe.seed, number + 1])
        torch.manual_seed(self.recipe.seed * 1000 + number)
        hard = number % 2 == 1
        order = likeness_order(self.keys, self.recipe.groups, random) if hard else random.permutation(self.photos)
        size = min(self.recipe.batch_size, self.photos)
        before: tuple[Tensor, NDArray[np.int64]] | None = None
        for start in random.permutation(self.steps) * size:
            before = self._step(order[start : start + size], before, random)
            bar.update()

    def _step(
        self, photos: NDArray[np.int64], before: tuple[Tensor, NDArray[np.int64]] | None, random: np.random.Generator
    ) -> tuple[Tensor, NDArray[np.int64]]:
        recipe, captions = self.recipe, self.sentences.shape[1]
        cells = self.views.batch(random.integers(0, len(self.views.views), len(photos)), photos)
        images = self.model.images(self.model.trunk(cells))
        others = np.setdiff1d(np.arange(self.photos), photos)
        others = random.choice(others, min(recipe.other_captions, len(others)), replace=False)
        own = self.sentences[photos].flatten(0, 1)
        other = self.sentences[others, random.integers(0, captions, len(others))]
        texts = self.model.texts(torch.cat([own, other]))
        scale = self.model.logit_scale.exp().clamp(max=50)
        photo_of = torch.arange(len(photos)).repeat_interleave(captions)
        logits = texts[: len(own)] @ images.T * scale
        if before is not None:
            stale = texts[: len(own)] @ before[0].T * scale
            same = torch.from_numpy(photos.repeat(captions)[:, None] == before[1][None])
            logits = torch.cat([logits, stale.masked_fill(same, NEVER)], 1)
        loss = image_to_text_loss(images @ texts.T * scale, captions) + F.cross_entropy(logits, photo_of)
        self._update(loss)
        kept = (
            (images.detach(), photos)
            if before is None
            else (torch.cat([images.detach(), before[0]]), np.concatenate([photos, before[1]]))
        )
        return kept[0][: recipe.other_photos], kept[1][: recipe.other_photos]

    def _update(self, loss: Tensor) -> None:
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.trunk.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        self.done += 1
        decay = min(self.recipe.average, self.done / (self.done + 10))  # the first steps are soon forgotten
        with torch.no_grad():
            for average, now in zip(self.average.parameters(), self.model.parameters(), strict=True):
                average.lerp_(now, 1 - decay)

    def state(self, epoch: int) -> dict[str, Any]:
        """All that `resume` needs."""
        parts = (self.model, self.average, self.optimiser, self.schedule)
        return {
            "epoch": epoch,
            "done": self.done,
            "recipe": repr(self.recipe),
            "parts": [part.state_dict() for part in parts],
        }

    def resume(self, path: Path) -> int:
        """The number of the epoch to go on with."""
        if not path.exists():
            return 0
        state = torch.load(path, weights_only=True)
        if state["recipe"] != repr(self.recipe):
            return 0
        parts: tuple[Any, ...] = (self.model, self.average, self.optimiser, self.schedule)
        for part, stored in zip(parts, state["parts"], strict=True):
            part.load_state_dict(stored)
        self.done = state["done"]
        return int(state["epoch"]) + 1


def train_clip(
    views: Views,
    sentences: Floats,
    class_probabilities: Floats,
    recipe: ClipRecipe,
    checkpoint: Path,
) -> ClipModel:
    """The trained model, averaged over the last steps.

    Args:
        views: of I photos.
        sentences: the text tower's embeddings of K captions of each photo, [I, K, S].
        class_probabilities: of the photos, [I, 1000]; with the captions they say which photos are alike.
        recipe: the training's settings.
        checkpoint: written after each epoch; a run with the same recipe goes on from it.
    """
    keys = np.concatenate([np.sqrt(class_probabilities), unit(sentences.mean(1))], axis=1)
    trainer = _Trainer(views, sentences, keys, recipe)
    first = trainer.resume(checkpoint)
    total = recipe.epochs * trainer.steps
    with tqdm(total=total, initial=first * trainer.steps, desc="training", unit="step") as bar:
        for number in range(first, recipe.epochs):
            trainer.epoch(number, bar)
            save_state(trainer.state(number), checkpoint)
    return trainer.average.eval()


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write it under another name first: a run that is killed leaves the last whole one."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)
