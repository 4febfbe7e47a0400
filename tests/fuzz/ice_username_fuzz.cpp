// SPDX-License-Identifier: MIT OR Apache-2.0

// Anything as the USERNAME of a STUN request. What is accepted is what a dialer with these credentials would send.

#include "transports/webrtc/ice_credentials.hpp"

#include <cstdlib>

using namespace libp2p::webrtc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view username(reinterpret_cast<const char*>(data), size);
    const auto credentials = parse_username(username);
    if (!credentials) {
        return 0;
    }
    const auto dialer =
        credentials->version == Version::v1
            ? DialerCredentials::version_1(std::string(credentials->server_ufrag))
            : DialerCredentials::version_2(std::string(credentials->client_ufrag), credentials->client_password);
    if (dialer.outbound_username() != username || dialer.password() != credentials->client_password ||
        dialer.server_ufrag() != credentials->password() || size > kMaxUsernameSize) {
        std::abort();
    }
    return 0;
}
