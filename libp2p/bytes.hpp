// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace libp2p {

using Bytes = std::vector<std::uint8_t>;          ///< owned octets
using ByteView = std::span<const std::uint8_t>;   ///< borrowed, read only
using MutableByteView = std::span<std::uint8_t>;  ///< borrowed, writable

/// The octets of `text`, borrowed.
inline ByteView as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// `bytes` seen as text, borrowed; no encoding is checked.
inline std::string_view as_text(ByteView bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace libp2p
