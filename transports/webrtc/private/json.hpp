// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string_view>

namespace libp2p::webrtc {

/// How deep the JSON of others may be nested.
inline constexpr std::size_t kMaxJsonDepth = 8;

/// Reads one JSON value of at most `limit` octets. Fails with `Errc::protocol_violation`.
result<boost::json::value> parse_json(std::string_view text, std::size_t limit);

}  // namespace libp2p::webrtc
