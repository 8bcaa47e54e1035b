"""Which addresses may be connected to, in every way that an address can be written or wrapped."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.outbound.address import public_only
from listener.outbound.http import public_addresses
from listener.outbound.public import why_not

PUBLIC = (
    "93.184.215.14",
    "8.8.8.8",
    "172.32.0.1",
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
)
NOT = {
    "127.0.0.1": "a loopback address",
    "127.9.9.9": "a loopback address",
    "::1": "a loopback address",
    "0.0.0.0": "an unspecified address",  # noqa: S104 - nothing listens there
    "::": "an unspecified address",
    "169.254.169.254": "a link-local address",  # metadata of most clouds
    "fe80::1": "a link-local address",
    "fe80::1%eth0": "a link-local address",
    "224.0.0.1": "a multicast address",
    "ff02::1": "a multicast address",
    "10.1.2.3": "a private address",
    "172.16.0.1": "a private address",
    "192.168.1.1": "a private address",
    "192.0.0.192": "a private address",  # metadata of Oracle's cloud
    "fd00:ec2::254": "a private address",  # metadata of Amazon's
    "fc00::1": "a private address",
    "fec0::1": "a private address",
    "168.63.129.16": "a private address",
    "64:ff9b:1::a00:1": "a private address",
    "2001:0:102:304::1": "a private address",
    "100.100.100.200": "a reserved address",  # metadata of Alibaba's
    "100.64.0.1": "a reserved address",
    "::ffff:127.0.0.1": "a loopback address",
    "::ffff:169.254.169.254": "a link-local address",
    "::ffff:a00:1": "a private address",
    "64:ff9b::127.0.0.1": "a loopback address",
    "64:ff9b::a9fe:a9fe": "a link-local address",
    "2002:a00:1::": "a private address",
    "2002:7f00:1::1": "a loopback address",
    "example.com": "no address",
    "0x7f.1": "no address",
    "2130706433": "no address",
    "": "no address",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_may_be_asked(address: str) -> None:
    assert why_not(address) is None


@pytest.mark.parametrize("address", NOT)
def test_nothing_else_is_ever_connected_to(address: str) -> None:
    assert why_not(address) == NOT[address]


@pytest.mark.parametrize("address", ["240.0.0.1", "255.255.255.255", "::10.0.0.1", "2001:db8::1"])
def test_what_is_reserved_is_not(address: str) -> None:
    assert why_not(address) is not None


@given(st.ip_addresses(v=4))
def test_an_address_in_disguise_is_judged_as_itself(address: IPv4Address) -> None:
    number = int(address)
    disguises = (
        IPv6Address(0xFFFF << 32 | number),
        IPv6Address(0x64FF9B << 96 | number),
        IPv6Address(0x2002 << 112 | number << 80 | 1),
    )
    for disguise in disguises:
        assert why_not(str(disguise)) == why_not(str(address))


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_whatever_is_asked_is_global(address: IPv4Address | IPv6Address) -> None:
    if why_not(str(address)) is None and address.version == 4:
        assert address.is_global


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - it is refused
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
    ],
)
def test_only_public_addresses_are_public(address: str) -> None:
    with pytest.raises(OSError, match="not a public one"):
        public_only(["8.8.8.8", address])


def test_a_public_address_is_one() -> None:
    assert public_only(["8.8.8.8", "2001:4860:4860::8888"]) == ["8.8.8.8", "2001:4860:4860::8888"]
    with pytest.raises(OSError, match="not a public one"):
        public_addresses("localhost", 443)
