// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/bytes.hpp>

#include <cstddef>
#include <span>

namespace libp2p {

/// Ordered, reliable octets both ways: a socket, a secured channel, a stream.
///
/// One read and one write may be under way at a time, each independent of the other. Spans are borrowed until the
/// operation completes. Cancelling an operation finishes the byte stream: what was moved so far is unknown, and only
/// `abort` and destruction make sense after it.
class ByteStream {
public:
    ByteStream() = default;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;

    /// Destroying an open byte stream aborts it.
    virtual ~ByteStream() = default;

    /// Reads between 1 and `into.size()` octets (`into` is not empty). Fails with `asio::error::eof` once the remote
    /// has closed its side and everything before that was read.
    virtual awaitable<result<std::size_t>> read_some(MutableByteView into) = 0;

    /// Writes all octets of all buffers, in order. Waits while the other side does not take them.
    virtual awaitable<result<void>> write(std::span<const ByteView> buffers) = 0;

    /// Tells the remote that nothing more follows. Reading goes on.
    virtual awaitable<result<void>> close_write() = 0;

    /// Ends both directions at once, waking whoever waits. Idempotent.
    virtual void abort() noexcept = 0;

    virtual asio::any_io_executor executor() const noexcept = 0;
};

/// Writes one buffer.
awaitable<result<void>> write(ByteStream& to, ByteView bytes);

/// Fills `into`. Fails with `asio::error::eof` when the end comes before the first octet, and with
/// `Errc::protocol_violation` when it comes in the middle.
awaitable<result<void>> read_exactly(ByteStream& from, MutableByteView into);

/// Reads one message that is preceded by its length as an unsigned varint. At most `limit` octets: a longer
/// announcement fails with `Errc::protocol_violation` before anything is allocated; memory grows only with what has
/// arrived.
awaitable<result<Bytes>> read_delimited(ByteStream& from, std::size_t limit);

/// Writes `message` preceded by its length as an unsigned varint, in one call.
awaitable<result<void>> write_delimited(ByteStream& to, ByteView message);

}  // namespace libp2p
