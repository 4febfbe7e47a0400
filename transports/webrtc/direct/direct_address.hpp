// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/sha256.hpp"

#include <libp2p/multiaddr.hpp>

#include <boost/asio/ip/udp.hpp>

#include <vector>

namespace libp2p::webrtc {

/// `/ip4|ip6/ADDRESS/udp/PORT/webrtc-direct`, with any number of `/certhash/…` behind it.
struct DirectAddress {
    boost::asio::ip::udp::endpoint endpoint;
    std::vector<crypto::Sha256Digest> certificates;  ///< the remote shows one of these; of SHA-256 alone
};

/// Without looking at the hashes; no I/O.
bool is_direct_address(const Multiaddr& address) noexcept;

/// Fails with `Errc::unsupported_address` when it is another kind of address, and with `Errc::invalid_address` for an
/// unknown zone or when there are hashes and none of them is SHA-256's.
result<DirectAddress> parse_direct_address(const Multiaddr& address);

/// Without a hash.
Multiaddr to_direct_multiaddr(const boost::asio::ip::udp::endpoint& endpoint);

/// The same with the hash of a certificate behind it.
Multiaddr with_certificate(const Multiaddr& address, const crypto::Sha256Digest& certificate);

}  // namespace libp2p::webrtc
