// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/json.hpp"

#include <boost/json/parse.hpp>

namespace libp2p::webrtc {

result<boost::json::value> parse_json(std::string_view text, std::size_t limit) {
    if (text.size() > limit) {
        return Error(Errc::protocol_violation, "JSON of more than " + std::to_string(limit) + " octets");
    }
    boost::json::parse_options options;
    options.max_depth = kMaxJsonDepth;
    error_code ec;
    auto value = boost::json::parse(text, ec, {}, options);
    if (ec) {
        return Error(Errc::protocol_violation, "no JSON: " + ec.message());
    }
    return value;
}

}  // namespace libp2p::webrtc
