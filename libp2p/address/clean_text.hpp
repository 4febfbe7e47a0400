// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace libp2p::address {

/// Whether `text` is UTF-8 in its shortest form, without surrogates and without control characters: something that can
/// be printed, logged and put into JSON.
bool is_clean_text(std::string_view text) noexcept;

/// `text` in quotes for a message to people: cut when it is long, and with nothing in it that could steer a terminal.
std::string in_quotes(std::string_view text);

}  // namespace libp2p::address
