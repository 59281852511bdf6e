"""Connections with a limit on the header of a response, which Twisted lets grow without end."""

from typing import Any, Final

from scrapy.core.downloader.handlers.http11 import (
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.web._newclient import Request
from twisted.web.iweb import IResponse

from crawler.address_policy import AddressPolicy
from crawler.fetch_refusal import FetchRefusedError

# Servers send up to some 16 KB (a content security policy, a dozen cookies) and 60 lines; browsers stop at 256 KB.
MAX_HEADER_BYTES: Final = 65_536
MAX_HEADER_LINES: Final = 256


class LimitedParser(_LenientHTTPClientParser):
    """A parser of responses that raises at a header that is too large; interim responses (1xx) count towards it."""

    MAX_LENGTH = MAX_HEADER_BYTES  # of a line; more than this is never buffered
    header_bytes = 0
    header_lines = 0

    def lineReceived(self, line: bytes) -> None:
        """Take a line of the header.

        Raises:
            FetchRefusedError: it is one too many.
        """
        self.header_lines += 1
        self.header_bytes += len(line) + 1
        if self.header_lines > MAX_HEADER_LINES:
            raise FetchRefusedError("header_too_large", f"over {MAX_HEADER_LINES} lines")
        if self.header_bytes > MAX_HEADER_BYTES:
            raise FetchRefusedError("header_too_large", f"over {MAX_HEADER_BYTES} bytes")
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Take the start of a line that has no end in sight.

        Raises:
            FetchRefusedError: always.
        """
        raise FetchRefusedError("header_too_large", f"over {MAX_HEADER_BYTES} bytes")


class LimitedProtocol(_LenientHTTP11ClientProtocol):
    """A connection whose responses have limited headers, and which is cut off at once when it breaks the protocol."""

    def request(self, request: Request) -> Deferred[IResponse]:
        """Send a request, and parse what comes back with `LimitedParser`; Scrapy swaps in its own parser likewise."""
        answer: Deferred[IResponse] = super().request(request)
        if self._parser is not None:
            self._parser.__class__ = LimitedParser
        return answer

    def _finishResponse_WAITING(self, rest: bytes) -> None:
        # What a server sends beyond its own Content-Length would be read as the answer to the next request.
        if rest and self._currentRequest is not None:
            self._currentRequest.persistent = False
        super()._finishResponse_WAITING(rest)

    def _giveUp(self, reason: Failure) -> None:
        # Twisted says goodbye first. Over TLS it then waits for the answer, and a server that never stops talking
        # would be listened to for ever, after the request has failed and its deadline with it.
        if not isinstance(reason.value, ConnectionDone) and self.transport is not None:
            self.transport.abortConnection()
        super()._giveUp(reason)  # type: ignore[no-untyped-call]


class LimitedFactory(_LenientHTTP11ClientFactory):
    """Makes a `LimitedProtocol` of each connection, after a last look at whom it is with."""

    def __init__(self, policy: AddressPolicy, *args: Any) -> None:
        super().__init__(*args)  # type: ignore[no-untyped-call]
        self._policy = policy

    def buildProtocol(self, addr: Any) -> LimitedProtocol:
        """A protocol for a connection that was made, before a byte goes over it.

        Raises:
            FetchRefusedError: the peer is none that the policy lets be reached. `crawler.guarded_reactor` makes no
                such connection; this holds should another way to connect ever be found.
        """
        if addr is not None and (reason := self._policy.reason_to_refuse(addr.host, addr.port)):
            raise FetchRefusedError(reason, addr.host)
        return LimitedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]
