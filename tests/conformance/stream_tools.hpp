// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/connection.hpp>
#include <libp2p/tasks.hpp>

#include <cstdint>
#include <memory>

/// What tests of streams do again and again.
namespace libp2p::conformance {

/// The two ends of one stream.
struct StreamEnds {
    std::unique_ptr<Stream> near;
    std::unique_ptr<Stream> far;
};

/// Opens a stream and accepts it on the other side. One octet goes through, for muxers that announce a stream only
/// then.
awaitable<result<StreamEnds>> open_pair(Connection& from, Connection& to);

/// Accepts streams and echoes what comes, each to its end, until the connection ends. Runs in `tasks`.
awaitable<void> serve_echo(Connection& connection, TaskScope& tasks);

/// Sends `octets` to `serve_echo`, closes, reads to the end; true when the same came back. Says what went wrong
/// otherwise.
awaitable<bool> echoes(Connection& connection, ByteView octets);

/// Sends `size` random octets of `seed`; false when that fails, which is a failure of the test.
awaitable<bool> send_random(ByteStream& stream, std::uint64_t seed, std::size_t size);

/// Reads `size` octets and compares them with what `send_random` sends.
awaitable<bool> expect_random(ByteStream& stream, std::uint64_t seed, std::size_t size);

/// Reads until that fails, and tells how.
awaitable<Error> read_to_failure(ByteStream& stream);

/// Results of one operation, kept for later.
awaitable<void> keep_read(ByteStream& stream, result<std::size_t>& outcome, bool& done);
awaitable<void> keep_write(ByteStream& stream, std::size_t size, result<void>& outcome, bool& done);

}  // namespace libp2p::conformance
