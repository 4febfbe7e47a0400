// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/dns/resolver.hpp"

#include <libp2p/multiaddr.hpp>

#include <cstddef>
#include <vector>

namespace libp2p::dns {

/// How often one /dnsaddr may lead to another.
inline constexpr std::size_t kMaxDnsaddrDepth = 4;

/// True when `resolve` would look a name up.
bool has_name(const Multiaddr& address) noexcept;

/// Replaces the name that `address` begins with: /dns, /dns4 and /dns6 by the addresses of the name, what follows kept,
/// and the name put behind /tls as /sni, where there is none (`/dns4/a.example/tcp/443/wss` gives
/// `/ip4/…/tcp/443/tls/sni/a.example/ws`);
/// /dnsaddr by the addresses in the TXT records of `_dnsaddr.<name>` that end in what follows, and these are resolved
/// in turn. An address without a name comes back as it is; names behind /p2p-circuit are left to the relay.
///
/// At most `limit` addresses come back, and about as many names are asked for. Parts that fail are left out; when
/// nothing is left, the first failure is the error, or `Errc::no_addresses` where the answers held no address that
/// fits.
awaitable<result<std::vector<Multiaddr>>> resolve(Resolver& resolver, Multiaddr address, std::size_t limit);

}  // namespace libp2p::dns
