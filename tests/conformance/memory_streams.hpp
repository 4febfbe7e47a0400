// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/byte_stream.hpp>
#include <libp2p/security.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

/// Byte streams for tests: between two ends of one process, and decorators that make them fail, lie and stutter.
namespace libp2p::conformance {

using StreamPair = std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>>;

/// How the octets come out of a read, at most as many as asked for.
enum class Chunking {
    whole,   ///< all that is there
    octets,  ///< one at a time
    random,  ///< 1 to 64, by the seed
};

struct PairOptions {
    std::chrono::steady_clock::duration latency{};  ///< how long an octet is under way
    std::size_t capacity = 256 * 1024;              ///< octets one way that are sent and not read
    Chunking chunking = Chunking::whole;
    std::uint64_t seed = 1;
};

/// Two byte streams that are connected with each other. What was sent before `abort` or destruction still arrives;
/// behind it the remote finds `connection_reset`, or `eof` after `close_write`. Both ends are `Readable` while
/// `chunking` is `whole`.
StreamPair memory_pair(const asio::any_io_executor& executor, const PairOptions& options = {});

inline constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

/// When a `FaultyStream` fails, and how; shared, so that the test sees what became of it.
struct Fault {
    enum class Kind {
        error,   ///< `connection_reset`
        cancel,  ///< `operation_aborted`, as if somebody had cancelled it
        eof,     ///< reads find the end; writes find `broken_pipe`
    };

    std::size_t at = kNever;  ///< this operation, counted from 0, fails, and every one after it
    Kind kind = Kind::error;
    std::size_t operations = 0;  ///< so far: reads, waits, writes, `close_write`
    bool is_alive = true;        ///< the stream was not destroyed
};

/// `inner`, until `fault` comes true; then `inner` is aborted. `Readable` if `inner` is.
std::unique_ptr<ByteStream> make_faulty(std::unique_ptr<ByteStream> inner, std::shared_ptr<Fault> fault);

/// What a `TappedStream` does to the octets that are written to it, and what it saw.
struct Tap {
    std::size_t flip_at = kNever;     ///< this octet, counted from 0, arrives with its lowest bit flipped
    std::size_t cut_at = kNever;      ///< from this octet on nothing arrives but the end
    std::size_t octets = 0;           ///< written so far
    std::vector<std::size_t> writes;  ///< octets of each write
};

/// `inner` with something in between. Reads go through untouched.
std::unique_ptr<ByteStream> make_tapped(std::unique_ptr<ByteStream> inner, std::shared_ptr<Tap> tap);

/// A secure channel that secures nothing: the octets of `raw` as they are.
std::unique_ptr<SecureChannel> make_plain_channel(
    std::unique_ptr<ByteStream> raw, PublicKey remote, ProtocolId muxer = {}
);

/// Reads up to the end; an error that is not the end is the result.
awaitable<result<Bytes>> read_to_end(ByteStream& stream, std::size_t piece = 64 * 1024);

}  // namespace libp2p::conformance
