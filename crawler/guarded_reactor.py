"""Connections only to addresses that a policy lets be reached, judged after names are resolved.

What is connected to is the very address that was judged: a second, different answer of a name server changes nothing.
"""

from typing import Any

from scrapy.resolver import HostResolution
from twisted.internet.interfaces import IHostnameResolver, IReactorPluggableNameResolver, IResolutionReceiver
from zope.interface import implementer

from crawler.address_policy import AddressPolicy
from crawler.fetch_refusal import FetchRefusedError


@implementer(IReactorPluggableNameResolver)
class GuardedReactor:
    """The reactor as an endpoint sees it, with no way to an address that the policy refuses."""

    def __init__(self, reactor: Any, policy: AddressPolicy) -> None:
        self._reactor, self._policy = reactor, policy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    @property
    def nameResolver(self) -> "JudgingResolver":
        """The reactor's own, judging; asked for at each connection, since Scrapy installs its own late."""
        return JudgingResolver(self._reactor.nameResolver, self._policy)

    def connectTCP(self, host: str, port: int, *rest: Any, **more: Any) -> Any:
        """Connect to an address, the last step before the operating system; see Twisted's `IReactorTCP`.

        Raises:
            FetchRefusedError: the policy refuses it, or it is a name, which somebody would have to resolve again.
        """
        if reason := self._policy.reason_to_refuse(host, port):
            raise FetchRefusedError(reason, f"port {port}" if reason == "port_not_allowed" else host)
        return self._reactor.connectTCP(host, port, *rest, **more)


@implementer(IHostnameResolver)
class JudgingResolver:
    """A resolver with the addresses sorted out that may not be reached; what it keeps in a cache is judged each time."""

    def __init__(self, resolver: Any, policy: AddressPolicy) -> None:
        self._resolver, self._policy = resolver, policy

    def resolveHostName(self, receiver: Any, hostName: str, portNumber: int = 0, *rest: Any, **more: Any) -> Any:
        """Look up a name; see Twisted's `IHostnameResolver`."""
        judged = JudgedAddresses(receiver, self._policy)
        try:
            hostName.encode("idna")  # as the system's resolver does; Twisted's never ends when that fails
        except UnicodeError:
            nothing = HostResolution(hostName)
            judged.resolutionBegan(nothing)
            judged.resolutionComplete()
            return nothing
        return self._resolver.resolveHostName(judged, hostName, portNumber, *rest, **more)


@implementer(IResolutionReceiver)
class JudgedAddresses:
    """Takes the addresses of a name, and hands on those that the policy lets be reached.

    Where there are none, one of the others is handed on, for `GuardedReactor` to refuse it by its reason.
    """

    def __init__(self, receiver: Any, policy: AddressPolicy) -> None:
        self._receiver, self._policy = receiver, policy
        self._open: list[Any] = []
        self._closed: list[Any] = []

    def resolutionBegan(self, resolution: Any) -> None:
        """The search has begun."""
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:
        """An address was found."""
        closed = self._policy.reason_to_refuse(address.host, address.port)
        (self._closed if closed else self._open).append(address)

    def resolutionComplete(self) -> None:
        """All addresses were found."""
        for address in self._open or self._closed[:1]:
            self._receiver.addressResolved(address)
        self._receiver.resolutionComplete()
