// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/stream.hpp>

#include <chrono>
#include <cstdint>

namespace libp2p::protocols {

/// Largest piece that is copied at once, each way.
inline constexpr std::size_t kSpliceBufferSize = 64 * 1024;

/// What bounds a splice.
struct SpliceLimits {
    std::uint64_t octets = 0;  ///< each way; 0: none
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

/// Octets that were passed on so far. Read it while the splice runs, if you like.
struct SpliceCounts {
    std::uint64_t forward = 0;   ///< from the first stream to the second
    std::uint64_t backward = 0;  ///< and back
};

/// Joins two streams: what one reads is written to the other, in both directions, and an end of writing is passed on as
/// one. Backpressure too: no more is read than the other side takes, but for one buffer a direction, which is charged
/// to the stream that is read from, and is small while little comes.
///
/// Returns once both directions have ended: `asio::error::eof` when both did so by an end of writing. Else both streams
/// are reset, and this tells why: `Errc::limit_exceeded` when more octets came than `limits` allow (not one more was
/// passed on), `asio::error::timed_out` at the deadline, or what went wrong with a stream. Cancellation resets both.
awaitable<Error> splice(Stream& first, Stream& second, SpliceLimits limits, SpliceCounts& counts);

}  // namespace libp2p::protocols
