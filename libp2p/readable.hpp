// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/bytes.hpp>

namespace libp2p {

/// What a byte stream may offer besides `read_some`: to wait for octets without lending it memory meanwhile, so that an
/// idle connection holds no read buffer. A `ByteStream` that can do it inherits from this class too; whoever reads asks
/// with `dynamic_cast`.
class Readable {
public:
    virtual ~Readable() = default;

    /// Reads what is at hand, without waiting: between 1 and `into.size()` octets (`into` is not empty). Else returns 0
    /// and sets `ec`: `asio::error::would_block` when nothing is, `asio::error::eof` at the end, or what went wrong.
    virtual std::size_t try_read_some(MutableByteView into, error_code& ec) noexcept = 0;

    /// Waits until `try_read_some` has something to say. Counts as the one read that may be under way. May succeed too
    /// early; cancellation and `abort` end it like a read.
    virtual awaitable<result<void>> wait_readable() = 0;
};

}  // namespace libp2p
