"""Which network addresses a crawl may connect to: public ones on the web's ports, and those that the user opens."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from crawler.plan import CrawlError

Network = IPv4Network | IPv6Network

# What is not globally reachable (https://www.iana.org/assignments/iana-ipv4-special-registry/), and multicast.
CLOSED_V4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host; Linux connects 0.0.0.0 to loopback
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; one cloud has its metadata service there
        "127.0.0.0/8",
        "168.63.129.16/32",  # a public address in form, but a cloud's own service to each of its machines
        "169.254.0.0/16",  # link-local, and the metadata services of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; one cloud has its metadata service there
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# Of IPv6, only this eighth is handed out to the world (https://www.iana.org/assignments/ipv6-address-space/). Loopback,
# unique local (fc00::/7), link-local, site-local, multicast, IPv4-mapped and -compatible forms are all outside.
GLOBAL_V6: Final = IPv6Network("2000::/3")
CLOSED_V6: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo (which holds an IPv4 address), benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which holds an IPv4 address
        "3fff::/20",  # documentation
    )
)
# What DNS64 hands out on networks without IPv4 (RFC 6052): as good as the IPv4 address in its last 32 bits.
NAT64: Final = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which addresses may be connected to.

    Attributes:
        allowed: networks that are open on every port, since servers for local work listen on odd ones.
        ports: those that are open on all other addresses, as long as these are public.
    """

    allowed: tuple[Network, ...] = ()
    ports: frozenset[int] = frozenset((80, 443))

    def reason_to_refuse(self, host: str, port: int) -> str | None:
        """Why an address is not to be connected to, a key of `crawler.reasons.REASONS`; None when it may be.

        Args:
            host: the address itself; a name is none, and so is refused.
            port: of TCP.
        """
        try:
            address = ip_address(host)
        except ValueError:
            return "private_address"
        if any(address in network for network in self.allowed):
            return None
        if not is_public(address):
            return "private_address"
        return None if port in self.ports else "port_not_allowed"


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to a machine on the public internet, as far as its form tells.

    >>> is_public(ip_address("93.184.215.14")), is_public(ip_address("::ffff:93.184.215.14"))
    (True, False)
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in CLOSED_V4)
    if address in NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in GLOBAL_V6 and not any(address in network for network in CLOSED_V6)


def read_address_policy(allow: str, ports: str) -> AddressPolicy:
    """The policy behind the settings `NETGUARD_ALLOW` and `NETGUARD_PORTS`, both lists with commas.

    Raises:
        CrawlError: one of them cannot be read.
    """
    return AddressPolicy(read_networks(allow), read_ports(ports))


def read_networks(text: str) -> tuple[Network, ...]:
    """The networks in a list of networks and addresses.

    Raises:
        CrawlError: an entry is neither.
    """
    networks = []
    for entry in entries(text):
        try:
            networks.append(ip_network(entry))
        except ValueError as error:
            raise CrawlError(
                f"NETGUARD_ALLOW={text} holds {entry}, which is no network: use -s NETGUARD_ALLOW=127.0.0.0/8,::1 or so"
            ) from error
    return tuple(networks)


def read_ports(text: str) -> frozenset[int]:
    """The ports in a list.

    Raises:
        CrawlError: an entry is no port, or there is none.
    """
    found = entries(text)
    if not found or not all(entry.isdecimal() and 0 < int(entry) < 65_536 for entry in found):
        raise CrawlError(f"NETGUARD_PORTS={text} is no list of ports: use -s NETGUARD_PORTS=80,443 or so")
    return frozenset(map(int, found))


def entries(text: str) -> list[str]:
    """What stands between the commas of a list."""
    return [entry for part in text.split(",") if (entry := part.strip())]
