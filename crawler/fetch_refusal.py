"""What the network guard raises when it gives up a fetch, and how to find it behind Scrapy's and Twisted's errors."""

from collections.abc import Iterator
from typing import Final

from OpenSSL.SSL import Error as TLSError
from service_identity import VerificationError
from twisted.web.client import ResponseFailed

from crawler.refused import RefusedError

# For these no connection to the host is made, so that all of its addresses share the fate of its robots.txt.
UNREACHABLE: Final = frozenset(("private_address", "port_not_allowed", "tls_error"))


class FetchRefusedError(RefusedError):
    """A fetch was given up for safety; it is not worth another try.

    Attributes:
        url: what was to be fetched, the last hop of a redirect; "" while that is not known.
    """

    def __init__(self, reason: str, detail: str, url: str = "") -> None:
        super().__init__(reason, detail)
        self.url = url


def refusal_behind(error: BaseException, url: str) -> FetchRefusedError | None:
    """The refusal that made a download fail, with its address filled in; None when the failure was no refusal."""
    for cause in causes(error):
        if isinstance(cause, FetchRefusedError):
            return FetchRefusedError(cause.reason, cause.detail, url)
        if isinstance(cause, (TLSError, VerificationError)):
            return FetchRefusedError("tls_error", tls_detail(cause), url)
    return None


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it was raised from, and what Twisted lists as the reasons for a failed response."""
    yield error
    if isinstance(error, ResponseFailed):
        for failure in error.reasons:
            yield from causes(failure.value)
    elif error.__cause__ is not None:
        yield from causes(error.__cause__)


def tls_detail(error: BaseException) -> str:
    """What is wrong with a TLS connection, in OpenSSL's words where it is OpenSSL that refuses."""
    if isinstance(error, VerificationError):
        return "the certificate is another host's"
    reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return ", ".join(reason for _, _, reason in reasons)[:200] or type(error).__name__
