"""The first and cheapest image filter: pixels, shape and bytes, all known from the header."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SizeFilter:
    """Drops images that are too small, too elongated or too light (ImageBERT, section 3: both sides over 300 pixels).

    On columns of an Arrow table, such as an index of images that are not even fetched:

        >>> import pyarrow as pa
        >>> table = pa.table({"width": [1200, 1200, 640], "height": [300, 301, 480], "bytes": [90_000, 90_000, 90_000]})
        >>> rule = SizeFilter()
        >>> [rule.reason_to_drop(*row) for row in zip(*(column.to_pylist() for column in table.columns))]
        ['too_small', 'extreme_aspect', None]

    Attributes:
        min_side: pixels; both sides must be LONGER, so 300 itself is dropped, as in the paper. CC3M and CC12M use 400,
            DataComp's basic filter keeps 200 and more.
        max_aspect: longer over shorter side; above it are banners, tapes and collages. The paper gives none; DataComp
            uses 3, CC12M 2.5, CC3M 2. We take the loosest: later stages see the picture, this one does not.
        min_bytes: bytes; fewer are dropped, 0 turns it off. Off by default: LAION's 5 kB stood in for the side lengths
            that it did not know, and a flat picture that passes `min_side` is left to the naturalness model.
        max_bytes: bytes; more are dropped, 0 turns it off. Off by default: no published corpus names one, the crawl stops
            at `DOWNLOAD_MAXSIZE` (20 MiB), and what a decode costs is bounded by pixels (`filters.image`).
    """

    min_side: int = 300
    max_aspect: float = 3.0
    min_bytes: int = 0
    max_bytes: int = 0

    def __post_init__(self) -> None:
        for name in ("min_side", "min_bytes", "max_bytes"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"{name} {value} must be whole and not negative")
        if 0 < self.max_bytes < self.min_bytes:
            raise ValueError(f"max_bytes {self.max_bytes} is below min_bytes {self.min_bytes}: nothing would stay")
        if not self.max_aspect >= 1:  # so written, NaN fails too
            raise ValueError(f"max_aspect is longer over shorter side, at least 1, not {self.max_aspect}")

    def reason_to_drop(self, width: int, height: int, byte_count: int) -> str | None:
        """Why the image is dropped, or None to keep it.

        Args:
            width: pixels.
            height: pixels.
            byte_count: of the file as served.

        Returns:
            "too_small" (a side of `min_side` or shorter), "extreme_aspect", "too_few_bytes", "too_many_bytes", in this
            order, or None.
        """
        shorter, longer = sorted((width, height))
        if shorter <= self.min_side or shorter <= 0:
            return "too_small"
        if longer > self.max_aspect * shorter:
            return "extreme_aspect"
        if byte_count < self.min_bytes:
            return "too_few_bytes"
        return "too_many_bytes" if 0 < self.max_bytes < byte_count else None
