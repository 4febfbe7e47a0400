// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace libp2p::address {

/// Any octets as text: all but letters, digits and "-_.~" become "%XX".
std::string percent_encode(ByteView octets);

/// The octets that `text` stands for; empty when a percent sign is without its two hexadecimal digits. A plus is a
/// space, as go-multiaddr reads it; we write neither, so nobody has to guess.
std::optional<Bytes> percent_decode(std::string_view text);

}  // namespace libp2p::address
