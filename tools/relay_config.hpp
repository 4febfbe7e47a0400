// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>
#include <libp2p/multiaddr.hpp>
#include <libp2p/protocols/relay_service.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace libp2p::tools {

/// What `p2p relay` is told, by its options or by a file.
struct RelayConfig {
    std::vector<Multiaddr> listen;
    std::vector<Multiaddr> announce;  ///< what clients are told; empty: where it listens
    std::string key_file;             ///< empty: a key for this run only
    std::string http;                 ///< where the page for browsers is served; empty: nowhere
    relay::RelayLimits limits;
    std::chrono::milliseconds drain{10'000};  ///< how long circuits may go on once it is to stop
    std::chrono::milliseconds table{0};       ///< between two prints of the table; 0: when SIGUSR1 comes alone
};

/// "introduce-only", "carry-traffic".
const std::vector<std::string>& relay_preset_names();

/// The limits of one of them.
relay::RelayLimits relay_preset(std::string_view name);

/// Sets the limit that `name` names, as refusals do without their "relay.": counts are numbers ("128"), sizes octets
/// with a unit ("64MiB"), times seconds or with a unit ("2m"), rates a count and a time ("30/2m"); 0 is no limit where
/// there may be none. Fails with `invalid_argument` and says what is wrong.
result<void> set_relay_limit(relay::RelayLimits& limits, std::string_view name, std::string_view value);

/// Reads the file of `--config`, a JSON object: "listen" and "announce" (lists of addresses), "key" (a file), "http"
/// (an address as that of `--http`), "preset", "limits" (an object of names and values as above), "drain" and "table"
/// (times). Fails with `invalid_argument` and says what is wrong where; what the file does not say stays as it is in
/// `config`.
result<void> read_relay_config(const std::string& path, RelayConfig& config);

/// The same for the text itself.
result<void> parse_relay_config(std::string_view text, RelayConfig& config);

}  // namespace libp2p::tools
