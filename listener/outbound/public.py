"""Which addresses are public: the one list, for whatever connects where others said."""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

# Addresses of IPv6 that a gateway turns into the IPv4 address in their last 32 bits (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")
# They look public, but the machine's own surroundings or a gateway of theirs answer there.
_NEAR: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",  # Azure's own services, metadata among them
        "192.88.99.0/24",  # relays of 6to4
        "64:ff9b:1::/48",  # NAT64 of local use (RFC 8215)
        "2001::/32",  # Teredo: whatever is behind somebody's router
    )
)


def why_not(text: str) -> str | None:
    """Say of what kind an address is that is not public; None if it is."""
    try:
        address = ip_address(text)
    except ValueError:
        return "no address"
    return _why_not(address)


def _why_not(address: IPv4Address | IPv6Address) -> str | None:
    if isinstance(address, IPv6Address) and (inner := _embedded(address)) is not None:
        return _why_not(inner)
    kinds = {
        "a loopback address": address.is_loopback,
        "an unspecified address": address.is_unspecified,
        "a link-local address": address.is_link_local,
        "a multicast address": address.is_multicast,
        "a private address": address.is_private or _is_near(address),
        "a reserved address": address.is_reserved or not address.is_global,
    }
    return next((kind for kind, is_it in kinds.items() if is_it), None)


def _is_near(address: IPv4Address | IPv6Address) -> bool:
    is_site_local = isinstance(address, IPv6Address) and address.is_site_local
    return is_site_local or any(address in network for network in _NEAR)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that a packet to this one reaches in the end; None if none."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
