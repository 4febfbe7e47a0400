// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace libp2p {

/// Why a stream was reset, as it is told to the remote where the transport can carry it (libp2p error codes, draft).
/// Applications may use values from 0x2000 on; 1 to 100 belong to the transports.
enum class StreamErrorCode : std::uint32_t {
    none = 0,
    protocol_negotiation_failed = 0x1001,
    resource_limit_exceeded = 0x1002,
    rate_limited = 0x1003,
    protocol_violation = 0x1004,
    supplanted = 0x1005,
    garbage_collected = 0x1006,
    shut_down = 0x1007,
    gated = 0x1008,
    code_out_of_range = 0x1009,
};

/// Why a connection was closed. The same list as for streams, shifted by one.
enum class ConnectionErrorCode : std::uint32_t {
    none = 0,
    protocol_negotiation_failed = 0x1000,
    resource_limit_exceeded = 0x1001,
    rate_limited = 0x1002,
    protocol_violation = 0x1003,
    supplanted = 0x1004,
    garbage_collected = 0x1005,
    shut_down = 0x1006,
    gated = 0x1007,
    code_out_of_range = 0x1008,
};

/// Words for a code, "code 4711" for one that is not in the list.
std::string_view describe(StreamErrorCode code) noexcept;
std::string_view describe(ConnectionErrorCode code) noexcept;

}  // namespace libp2p
