// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/ice_lite.hpp"

#include <algorithm>

namespace libp2p::webrtc {

std::optional<AnsweredCheck> answer_check(ByteView datagram, const Endpoint& source, MutableByteView out) noexcept {
    const auto username = peek_username(datagram);
    if (!username) {
        return std::nullopt;
    }
    const auto credentials = parse_username(*username);
    if (!credentials) {
        return std::nullopt;
    }
    const auto request = read_binding_request(datagram, credentials->password());
    // A lite agent is always the controlled one, and a dialer the controlling.
    if (!request || request->role == IceRole::controlled) {
        return std::nullopt;
    }
    // Every request with such a user name is larger than its answer. It stays a rule of its own.
    const auto allowed = out.first(std::min(out.size(), datagram.size()));
    const auto size = write_binding_response(allowed, request->transaction, source, credentials->password());
    if (size == 0) {
        return std::nullopt;
    }
    return AnsweredCheck{*credentials, size, request->priority, request->use_candidate};
}

}  // namespace libp2p::webrtc
