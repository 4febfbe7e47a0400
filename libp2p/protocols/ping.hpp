// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/stream.hpp>

#include <chrono>
#include <memory>

namespace libp2p::ping {

inline constexpr auto kProtocol = "/ipfs/ping/1.0.0";
inline constexpr std::size_t kSize = 32;  ///< octets of one ping

/// Answers pings until the remote closes or stays silent for `kIdle`. A StreamHandler.
awaitable<void> serve(std::unique_ptr<Stream> stream);

/// A silent pinger is cut off after this time.
inline constexpr std::chrono::seconds kIdle{60};

/// Sends 32 random octets and waits for them to come back; the time between is returned. Other octets fail with
/// `Errc::protocol_violation`. One ping at a time on a stream; the stream's deadline applies.
awaitable<result<std::chrono::nanoseconds>> ping(Stream& stream);

}  // namespace libp2p::ping
