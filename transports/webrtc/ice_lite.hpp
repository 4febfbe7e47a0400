// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/ice_credentials.hpp"
#include "transports/webrtc/stun_message.hpp"

namespace libp2p::webrtc {

/// A connectivity check of a dialer that was answered.
struct AnsweredCheck {
    ListenerCredentials credentials;  ///< borrowed from the datagram
    std::size_t answer_size;          ///< octets of the answer
    std::uint32_t priority;
    bool use_candidate;  ///< the dialer wants to use this pair of addresses
};

/// The whole ICE agent of a listener (RFC 8445, 2.5: a lite one): answers a check from the datagram alone and remembers
/// nothing, so that no flood of checks can take anything but the time for a hash each. Whatever is not the check of a
/// dialer of version 1 or 2 gets no answer, and neither does one that an answer would be larger than: nobody can be
/// made to amplify a forged datagram.
///
/// The answer is written to `out`, to be sent to `source`; empty when there is none. `out` of `kBindingResponseSize6`
/// is enough.
std::optional<AnsweredCheck> answer_check(ByteView datagram, const Endpoint& source, MutableByteView out) noexcept;

}  // namespace libp2p::webrtc
