"""A candidate's verdict: through every filter and the relevance model to a pair or a reject. No Beam, no files."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from PIL.Image import Image as Picture

from crawler.items import TEXT_SOURCES, Candidate, Text
from filters.blocklist import read_blocklist
from filters.image import ImageHeader, decode, perceptual_hash, read_header
from filters.text import load_model
from pipelines.aggregation import sorted_rivals
from pipelines.recipe import Recipe
from pipelines.schema import DataError, Pair, Reject, Rival
from scoring.describe import Describer
from scoring.relevance import RelevanceModel

# Of a blocked candidate nothing is kept but that there was one.
BLOCKED = Reject("", "", None, None, "blocklist", "blocked", "")
SOURCE_ORDER = {source: index for index, source in enumerate(TEXT_SOURCES)}  # others come last


@dataclass(frozen=True, slots=True)
class Draft:
    """A candidate that passed every test that needs no model.

    Attributes:
        candidate: as crawled.
        header: of its image.
        picture: decoded, scaled, RGB.
        texts: cleaned, at least one, in source order.
        dropped: the texts that cleaning dropped.
    """

    candidate: Candidate
    header: ImageHeader
    picture: Picture
    texts: tuple[Text, ...]
    dropped: tuple[Rival, ...]


def reject(candidate: Candidate, stage: str, reason: str, detail: str = "", text: str | None = None) -> Reject:
    """The candidate's reject record."""
    return Reject(candidate.page_url, candidate.image_url, candidate.image_sha256, text, stage, reason, detail)


class Analyser:
    """Holds the models; turns candidates into pairs or rejects.

    Raises:
        DataError: a model or blocklist that the recipe names is missing or damaged.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        try:
            nsfw = recipe.nsfw_model.load() if recipe.nsfw_model else None
            self.describer = Describer(nsfw, recipe.natural_model)
            self.blocklist = read_blocklist(recipe.blocklist)
            load_model(recipe.text.model)  # a damaged one is told now and not at the first text
            joint = recipe.joint_encoder.load() if recipe.joint_encoder else None
            self.relevance = RelevanceModel(recipe.relevance_model, joint)
        except ValueError as error:
            raise DataError(str(error)) from error

    def verdicts(self, candidates: Sequence[Candidate]) -> list[Pair | Reject]:
        """One verdict a candidate, in order."""
        first = [self._without_models(candidate) for candidate in candidates]
        drafts = [verdict for verdict in first if isinstance(verdict, Draft)]
        judged = iter(self._with_models(drafts))
        return [next(judged) if isinstance(verdict, Draft) else verdict for verdict in first]

    def _without_models(self, candidate: Candidate) -> Draft | Reject:
        """The cheap tests, cheapest first: header, size, texts, decode; before them all, the blocklist."""
        picture = decode(candidate.image) if candidate.image and self.blocklist.compares_pictures else None
        addresses, seen = (candidate.page_url, candidate.image_url), picture if isinstance(picture, Picture) else None
        if self.blocklist.reason_to_drop(addresses, candidate.image, seen):
            return BLOCKED
        if candidate.image is None:
            return reject(candidate, "image", "no_image")
        if hashlib.sha256(candidate.image).hexdigest() != candidate.image_sha256:
            return reject(candidate, "error", "corrupt", "the image's bytes do not hash to its image_sha256")
        header = read_header(candidate.image, self.recipe.image.max_pixels)
        if isinstance(header, str):
            return reject(candidate, "image", header)
        if reason := self.recipe.image.reason_to_drop(header):
            return reject(candidate, "image", reason)
        reason = self.recipe.size.reason_to_drop(header.width, header.height, len(candidate.image))
        if reason:
            detail = f"{header.width}x{header.height} px, {len(candidate.image)} bytes"
            return reject(candidate, "size", reason, detail)
        texts, dropped = self._cleaned(candidate)
        if not texts:
            first = dropped[0] if dropped else None
            detail = "; ".join(f"{rival.source}: {rival.reason}" for rival in dropped)
            reason, text = (first.reason or "", first.text) if first else ("no_text", None)
            return reject(candidate, "text", reason, detail, text)
        picture = picture or decode(candidate.image, max_pixels=self.recipe.image.max_pixels)
        if isinstance(picture, str):
            return reject(candidate, "image", picture)
        return Draft(candidate, header, picture, texts, dropped)

    def _cleaned(self, candidate: Candidate) -> tuple[tuple[Text, ...], tuple[Rival, ...]]:
        """The candidate's texts after cleaning, without repetition, and those that cleaning dropped, by source order."""
        kept: dict[str, Text] = {}
        dropped = []
        for raw in sorted(candidate.texts, key=lambda raw: SOURCE_ORDER.get(raw.source, len(SOURCE_ORDER))):
            cleaned = self.recipe.text.clean(raw.text, raw.source)
            if cleaned.reason is None:
                kept.setdefault(cleaned.text, Text(raw.source, cleaned.text))
            else:
                dropped.append(Rival(raw.text, raw.source, candidate.page_url, None, cleaned.reason))
        return tuple(kept.values()), tuple(dropped)

    def _with_models(self, drafts: Sequence[Draft]) -> list[Pair | Reject]:
        """The models' verdicts: NSFW and natural on all, relevance on the texts of what these two keep."""
        if not drafts:
            return []
        images = [draft.picture for draft in drafts]
        pictures = self.describer.pictures(
            images,
            [(draft.header.width, draft.header.height) for draft in drafts],
            [draft.candidate.image_url for draft in drafts],
            [draft.candidate.page_url for draft in drafts],
        )
        nsfw, natural = pictures.nsfw_B.tolist(), pictures.natural_B.tolist()
        rejects = [self._image_reject(*scored) for scored in zip(drafts, nsfw, natural, strict=True)]
        kept = [index for index, verdict in enumerate(rejects) if verdict is None]
        seen = self.relevance.with_joint(pictures.take(kept), [images[index] for index in kept])
        relevance = iter(self.relevance.scores(seen, [drafts[index].texts for index in kept]))
        return [
            verdict or self._paired(draft, next(relevance), nsfw[index], natural[index])
            for index, (draft, verdict) in enumerate(zip(drafts, rejects, strict=True))
        ]

    def _image_reject(self, draft: Draft, nsfw: float, natural: float) -> Reject | None:
        """The reject that the picture's scores call for, if any."""
        if reason := self.recipe.nsfw.reason_to_drop(nsfw):
            return reject(draft.candidate, "nsfw", reason, f"nsfw {nsfw:.3f}")
        if reason := self.recipe.natural.reason_to_drop(natural):
            return reject(draft.candidate, "natural", reason, f"natural {natural:.3f}")
        return None

    def _paired(self, draft: Draft, scores: Sequence[float], nsfw: float, natural: float) -> Pair | Reject:
        """The pair with the draft's best text, or the reject when even that is not about the image."""
        candidate = draft.candidate
        ranked = sorted(range(len(scores)), key=lambda index: (-scores[index], index))
        best, relevance = draft.texts[ranked[0]], scores[ranked[0]]
        reason = self.recipe.relevance.reason_to_drop(relevance)
        if reason:
            return reject(candidate, "relevance", reason, f"relevance {relevance:.3f}", best.text)
        rivals = [
            Rival(draft.texts[index].text, draft.texts[index].source, candidate.page_url, scores[index], None)
            for index in ranked[1:]
        ]
        return Pair(
            image_sha256=candidate.image_sha256 or "",
            image=candidate.image or b"",
            image_phash=perceptual_hash(draft.picture),
            width=draft.header.width,
            height=draft.header.height,
            animated=draft.header.animated,
            text=best.text,
            text_source=best.source,
            relevance=relevance,
            nsfw=nsfw,
            natural=natural,
            rivals=sorted_rivals([*rivals, *draft.dropped]),
            page_url=candidate.page_url,
            image_url=candidate.image_url,
            license_url=candidate.license_url,
            fetched_at=candidate.fetched_at,
        )
