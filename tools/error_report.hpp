// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace libp2p::tools {

/// The name by which the program's users know an error: one of the codes of `p2p --help`. For a dial of several
/// addresses that all ended alike, that end; else `unreachable`.
std::string_view code_name(const Error& error) noexcept;

/// {"event":"error","code":…,"message":…} and, after a dial of several addresses, "attempts".
nlohmann::ordered_json error_as_json(const Error& error);

/// The same for people: one line, and one more for each address that was tried.
std::string error_as_text(const Error& error);

}  // namespace libp2p::tools
