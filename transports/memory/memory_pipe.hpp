// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/byte_stream.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

namespace libp2p::memory {

struct PipeOptions {
    std::chrono::steady_clock::duration latency{};  ///< how long an octet is under way
    std::size_t capacity = 256 * 1024;  ///< octets one way that are sent and not read; a writer waits for room
};

/// Two byte streams of one process that are connected with each other; both are `Readable` too. Each resumes its
/// callers on its own executor; the two executors must not run at the same time.
///
/// What was sent before `abort` or destruction still arrives. Behind it the remote then finds `connection_reset`, or
/// `eof` where `close_write` came first. A write fails with `connection_reset` as soon as the remote is known to be
/// gone, and with `Errc::write_closed` after `close_write`; everything fails with `operation_aborted` after `abort`.
std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> make_pipe(
    asio::any_io_executor first, asio::any_io_executor second, const PipeOptions& options
);

}  // namespace libp2p::memory
