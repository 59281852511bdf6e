import pytest
from OpenSSL import SSL
from scrapy.exceptions import DownloadFailedError
from twisted.internet.address import IPv4Address
from twisted.python.failure import Failure
from twisted.web.client import ResponseFailed

from crawler.address_policy import AddressPolicy, read_address_policy
from crawler.fetch_refusal import FetchRefusedError, refusal_behind
from crawler.guarded_connection import LimitedFactory
from crawler.plan import CrawlError
from crawler.reasons import REASONS, image_reason

CLOSED = (
    # IPv4: this host, private, shared, loopback, link-local
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.0",
    "172.31.255.255",
    "192.168.0.0",
    "192.168.255.255",
    # protocol assignments, documentation, relays, benchmarking, multicast, reserved, broadcast
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    # IPv6: unspecified, loopback, unique local, link-local, site-local, multicast
    "::",
    "::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff:ffff::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    # an IPv4 address inside: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "2001:0:7f00:1::1",
    "fe80::5efe:8.8.8.8",
    # documentation, benchmarking, discard, segment routing, and what is not handed out
    "2001:db8::1",
    "3fff::1",
    "2001:2::1",
    "2001:10::1",
    "100::1",
    "5f00::1",
    "4000::1",
    "e000::1",
    # no addresses at all
    "localhost",
    "127.1",
    "0x7f000001",
    "2130706433",
    "",
)
PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::200e",
    "2001:4860:4860::8888",
    "64:ff9b::8.8.8.8",
)


@pytest.mark.parametrize("host", CLOSED)
def test_what_is_not_public_is_refused_on_every_port(host: str) -> None:
    assert {AddressPolicy().reason_to_refuse(host, port) for port in (80, 443, 8080)} == {"private_address"}


@pytest.mark.parametrize("host", PUBLIC)
def test_what_is_public_is_reached_on_the_ports_of_the_web(host: str) -> None:
    policy = AddressPolicy()
    reasons = [policy.reason_to_refuse(host, port) for port in (80, 443, 22, 8080)]
    assert reasons == [None, None, "port_not_allowed", "port_not_allowed"]


def test_an_opened_network_is_reached_on_every_port_and_nothing_else_is() -> None:
    policy = read_address_policy(" 127.0.0.0/8, ::1,, fd00::/8 ", "80")
    assert [policy.reason_to_refuse(host, 8000) for host in ("127.9.9.9", "::1", "fd12::1")] == [None] * 3
    closed = ("10.0.0.1", "::2", "fc00::1", "::ffff:127.0.0.1")
    assert [policy.reason_to_refuse(host, 80) for host in closed] == ["private_address"] * 4
    assert policy.reason_to_refuse("8.8.8.8", 80) is None
    assert policy.reason_to_refuse("8.8.8.8", 443) == "port_not_allowed"


@pytest.mark.parametrize(
    ("allow", "ports", "message"),
    [
        ("127.0.0.1/8", "80", "NETGUARD_ALLOW=127.0.0.1/8 holds 127.0.0.1/8, which is no network"),
        ("::1,localhost", "80", "NETGUARD_ALLOW=::1,localhost holds localhost, which is no network"),
        ("127.0.0.0/33", "80", "which is no network: use -s NETGUARD_ALLOW=127.0.0.0/8,::1 or so"),
        ("", "", "NETGUARD_PORTS= is no list of ports: use -s NETGUARD_PORTS=80,443 or so"),
        ("", "0", "NETGUARD_PORTS=0 is no list of ports"),
        ("", "65536", "NETGUARD_PORTS=65536 is no list of ports"),
        ("", "http", "NETGUARD_PORTS=http is no list of ports"),
        ("", "-80", "NETGUARD_PORTS=-80 is no list of ports"),
    ],
)
def test_a_list_that_cannot_be_read_is_one_clear_line(allow: str, ports: str, message: str) -> None:
    with pytest.raises(CrawlError) as caught:
        read_address_policy(allow, ports)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_connection_that_was_made_to_a_closed_address_carries_nothing() -> None:
    factory = LimitedFactory(AddressPolicy(), lambda _: None, "")
    with pytest.raises(FetchRefusedError) as caught:
        factory.buildProtocol(IPv4Address("TCP", "10.0.0.1", 80))
    assert (caught.value.reason, caught.value.detail) == ("private_address", "10.0.0.1")
    factory.buildProtocol(IPv4Address("TCP", "8.8.8.8", 80))


@pytest.mark.parametrize(
    ("cause", "refusal"),
    [
        (
            FetchRefusedError("header_too_large", "over 9 bytes"),
            ("header_too_large", "over 9 bytes", "http://a.example/"),
        ),
        (SSL.Error([("SSL routines", "", "bad")]), ("tls_error", "bad", "http://a.example/")),
        (SSL.Error(), ("tls_error", "Error", "http://a.example/")),
        (ConnectionResetError(), None),
    ],
)
def test_a_refusal_is_found_behind_the_errors_that_it_becomes(
    cause: Exception, refusal: tuple[str, str, str] | None
) -> None:
    error = DownloadFailedError("x")
    error.__cause__ = ResponseFailed([Failure(ValueError()), Failure(cause)])  # type: ignore[no-untyped-call]
    found = refusal_behind(error, "http://a.example/")
    assert (found and (found.reason, found.detail, found.url)) == refusal


def test_every_word_for_an_image_has_one_for_a_page() -> None:
    assert image_reason("private_address") == "image_private_address"
    assert image_reason("too_large") == "too_large"
    assert {name.removeprefix("image_") for name in REASONS if name.startswith("image_")} < set(REASONS)
