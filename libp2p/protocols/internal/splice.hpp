// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/stream.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace libp2p::protocols {

/// Largest piece that is copied at once, each way.
inline constexpr std::size_t kSpliceBufferSize = 64 * 1024;

/// What the splices of one relay have in common: how many directions much flows through. The more there are, the
/// smaller the pieces, so that each has a piece to pass on whenever its turn comes, and none gets more than others
/// because its peer has more in flight.
struct SpliceTurns {
    /// Pieces are never cut below this.
    static constexpr std::size_t kSmallestPiece = 8 * 1024;

    std::size_t busy = 0;

    std::size_t piece() const noexcept {
        return std::clamp(8 * kSpliceBufferSize / std::max<std::size_t>(busy, 1), kSmallestPiece, kSpliceBufferSize);
    }
};

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
awaitable<Error> splice(Stream& first, Stream& second, SpliceLimits limits, SpliceTurns& turns, SpliceCounts& counts);

}  // namespace libp2p::protocols
