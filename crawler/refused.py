"""The end of a request that this crawler does not make, or does not make again."""

from scrapy.exceptions import IgnoreRequest


class RefusedError(IgnoreRequest):
    """A request that is not made.

    Attributes:
        reason: a key of `crawler.reasons.REASONS`.
        detail: the value behind it.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail
