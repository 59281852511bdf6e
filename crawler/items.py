"""What the crawler hands on: a page's dominant image with its candidate texts, and what it refused or failed on and why.

Each record has an Arrow schema whose metadata carries its name and version, so that a reader can tell a file of
another kind or age before it reads a row.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import pyarrow as pa

TEXT_SOURCES: Final = ("alt", "img_title", "figcaption", "title", "description", "heading", "surrounding")


@dataclass(frozen=True, slots=True)
class Text:
    """One candidate description of an image.

    Attributes:
        source: where on the page it stood, one of `TEXT_SOURCES`.
        text: as the page has it, white space collapsed, never empty.
    """

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One English page and its dominant image (ImageBERT, section 3, steps 1 and 3).

    Attributes:
        page_url: the page's address after redirects.
        image_url: the image's address before redirects, absolute.
        image: the file as served; None when only the address is known.
        image_sha256: hex digest of `image`; None without it.
        mime: sniffed from the bytes, never the server's word; None without `image`.
        width: pixels, from the header; None without `image`.
        height: pixels, from the header; None without `image`.
        texts: all candidate descriptions, in document-independent source order.
        main_image_score: the winner's score among the page's images; higher is surer.
        main_image_signals: (feature, contribution) pairs behind that score, strongest first.
        language: ISO 639-1 code of the page's main text.
        language_confidence: in [0, 1].
        license_url: what the page's rel=license or equivalent points to; None if it says nothing.
        opt_outs: opt-out signals seen and not obeyed because a setting said so; empty by default.
        http_status: of the image's response; None without `image`.
        fetched_at: ISO 8601 in UTC, to the second.
    """

    page_url: str
    image_url: str
    image: bytes | None
    image_sha256: str | None
    mime: str | None
    width: int | None
    height: int | None
    texts: tuple[Text, ...]
    main_image_score: float
    main_image_signals: tuple[tuple[str, float], ...]
    language: str
    language_confidence: float
    license_url: str | None
    opt_outs: tuple[str, ...]
    http_status: int | None
    fetched_at: str

    def to_row(self) -> dict[str, Any]:
        """A row for `CANDIDATE_SCHEMA`."""
        row = {name: getattr(self, name) for name in self.__slots__}
        row["texts"] = [asdict(text) for text in self.texts]
        row["main_image_signals"] = [{"name": name, "value": value} for name, value in self.main_image_signals]
        return row

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Candidate":
        """The candidate behind a row of `CANDIDATE_SCHEMA`."""
        return cls(
            **{
                **row,
                "texts": tuple(Text(**text) for text in row["texts"]),
                "main_image_signals": tuple((signal["name"], signal["value"]) for signal in row["main_image_signals"]),
                "opt_outs": tuple(row["opt_outs"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """A page or image that the crawl saw and did not turn into a `Candidate`.

    Attributes:
        page_url: the page.
        image_url: the image, when the refusal is about it; else None.
        reason: a lower-case word, stable for ever, such as `not_english` or `robots_txt`.
        detail: the value behind the reason (a status, a language, a header); may be empty.
        fetched_at: ISO 8601 in UTC, to the second.
    """

    page_url: str
    image_url: str | None
    reason: str
    detail: str
    fetched_at: str

    def to_row(self) -> dict[str, Any]:
        """A row for `REFUSAL_SCHEMA`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Failure:
    """A page on which the crawl failed for a reason that may pass, so that another run tries it again.

    Attributes:
        page_url: the page, as it was found.
        image_url: the image, when the failure is about it; else None.
        reason: of the last failure, one of `crawler.reasons.REASONS`.
        detail: the value behind the reason; may be empty.
        attempts: in how many runs it failed, since it last ended well.
        first_at: when it first failed, ISO 8601 in UTC, to the second.
        last_at: when it last did.
    """

    page_url: str
    image_url: str | None
    reason: str
    detail: str
    attempts: int
    first_at: str
    last_at: str

    def to_row(self) -> dict[str, Any]:
        """A row for `FAILURE_SCHEMA`."""
        return asdict(self)


def versioned(name: str, version: int, fields: list[pa.Field], **metadata: str) -> pa.Schema:
    """An Arrow schema whose metadata says what it is: `lait.schema` and `lait.version`, and what else readers look for."""
    return pa.schema(fields, metadata={"lait.schema": name, "lait.version": str(version), **metadata})


TEXT_TYPE: Final = pa.struct([pa.field("source", pa.string(), False), pa.field("text", pa.string(), False)])
SIGNAL_TYPE: Final = pa.struct([pa.field("name", pa.string(), False), pa.field("value", pa.float32(), False)])

CANDIDATE_SCHEMA: Final = versioned(
    "candidate",
    1,
    [
        pa.field("page_url", pa.string(), False),
        pa.field("image_url", pa.string(), False),
        pa.field("image", pa.binary()),
        pa.field("image_sha256", pa.string()),
        pa.field("mime", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("texts", pa.list_(TEXT_TYPE), False),
        pa.field("main_image_score", pa.float32(), False),
        pa.field("main_image_signals", pa.list_(SIGNAL_TYPE), False),
        pa.field("language", pa.string(), False),
        pa.field("language_confidence", pa.float32(), False),
        pa.field("license_url", pa.string()),
        pa.field("opt_outs", pa.list_(pa.string()), False),
        pa.field("http_status", pa.int16()),
        pa.field("fetched_at", pa.string(), False),
    ],
)

REFUSAL_SCHEMA: Final = versioned(
    "refusal",
    1,
    [
        pa.field("page_url", pa.string(), False),
        pa.field("image_url", pa.string()),
        pa.field("reason", pa.string(), False),
        pa.field("detail", pa.string(), False),
        pa.field("fetched_at", pa.string(), False),
    ],
)

FAILURE_SCHEMA: Final = versioned(
    "failure",
    1,
    [
        pa.field("page_url", pa.string(), False),
        pa.field("image_url", pa.string()),
        pa.field("reason", pa.string(), False),
        pa.field("detail", pa.string(), False),
        pa.field("attempts", pa.int32(), False),
        pa.field("first_at", pa.string(), False),
        pa.field("last_at", pa.string(), False),
    ],
)
