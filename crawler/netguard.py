"""The network guard: http and https downloads that go only where `crawler.address_policy` lets them, within limits.

Every fetch passes here: pages, images, sitemaps, robots.txt, and each hop of a redirect.
"""

import logging
from functools import partial
from typing import Any, Final

from scrapy.core.downloader.contextfactory import _ScrapyCertificateOptions, _ScrapyClientContextFactory
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _ScrapyAgent
from scrapy.crawler import Crawler
from scrapy.http import Request, Response
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet._sslverify import ClientTLSOptions
from twisted.internet.ssl import platformTrust

from crawler.fetch_refusal import FetchRefusedError, refusal_behind
from crawler.guarded_connection import LimitedFactory
from crawler.guarded_reactor import GuardedReactor
from crawler.network_settings import address_policy

MAX_CODINGS: Final = 4  # content codings over one another: a body can unpack to itself, as often as it says


class GuardedHandler(HTTP11DownloadHandler):
    """Scrapy's handler of http and https with guarded connections, limited headers and verified certificates."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        from twisted.internet import reactor  # installed by now, which it is not when this module is imported

        policy = address_policy(crawler.settings)
        self._guarded = GuardedReactor(reactor, policy)
        self._pool._factory = partial(LimitedFactory, policy)  # type: ignore[assignment]
        if crawler.settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES"):
            self._contextFactory: Any = VerifyingPolicy.from_crawler(crawler)
            logging.getLogger("twisted").addFilter(is_news)

    async def download_request(self, request: Request) -> Response:
        """The response to a request, its body as sent.

        Raises:
            FetchRefusedError: the guard gave it up.
            Exception: one of Scrapy's download errors.
        """
        agent = GuardedAgent(
            self._guarded,
            contextFactory=self._contextFactory,
            bindAddress=self._bind_address,
            pool=self._pool,
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=self._fail_on_dataloss,
            crawler=self._crawler,
            tls_verbose_logging=self._tls_verbose_logging,
        )
        try:
            with wrap_twisted_exceptions():
                response = await maybe_deferred_to_future(agent.download_request(request))
        except Exception as error:
            if refusal := refusal_behind(error, request.url):
                raise refusal from error
            raise
        codings = b",".join(response.headers.getlist("Content-Encoding")).count(b",") + 1
        if codings > MAX_CODINGS:
            raise FetchRefusedError("too_large", f"{codings} content codings over one another", request.url)
        return response


class GuardedAgent(_ScrapyAgent):
    """Scrapy's agent for one request, on a guarded reactor."""

    def __init__(self, guarded: GuardedReactor, **how: Any) -> None:
        super().__init__(**how)
        self._guarded = guarded

    def _get_agent(self, request: Request, timeout: float) -> Any:
        agent = super()._get_agent(request, timeout)
        agent._endpointFactory._reactor = self._guarded
        return agent


def is_news(record: logging.LogRecord) -> bool:
    """Whether a record of Twisted's log says more than the refusal of a page does: certificates that do not hold."""
    return "while verifying certificate" not in record.getMessage()


class VerifyingPolicy(_ScrapyClientContextFactory):
    """Verified TLS with one context for all hosts: Twisted reads the trusted certificates for each connection (8 ms)."""

    _options: Any = None

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        """What makes a connection to a host, and verifies its certificate."""
        if self._options is None:
            trust = platformTrust()  # type: ignore[no-untyped-call]
            self._options = _ScrapyCertificateOptions(trustRoot=trust, **self._get_cert_options_kwargs())
        return ClientTLSOptions(self._options._makeTLSConnection, hostname.decode("ascii"))
