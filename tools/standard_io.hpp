// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/bytes.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <optional>

namespace libp2p::tools {

/// Waits for a descriptor that may be shared with other processes, like stdin: its flags are not touched. Files, which
/// are always ready, are not waited for.
class Readiness {
public:
    enum class Event { read, write };

    Readiness(const asio::any_io_executor& executor, int descriptor, Event event);

    awaitable<error_code> wait();

private:
    std::optional<asio::posix::stream_descriptor> poller_;  // an epoll of one descriptor; empty for a file
};

/// stdin, without blocking the executor.
class StandardInput {
public:
    explicit StandardInput(const asio::any_io_executor& executor);

    /// Fails with `asio::error::eof` at the end.
    awaitable<result<std::size_t>> read_some(MutableByteView into);

private:
    Readiness readiness_;
};

/// stdout, without blocking the executor.
class StandardOutput {
public:
    explicit StandardOutput(const asio::any_io_executor& executor);

    awaitable<result<void>> write(ByteView octets);

private:
    Readiness readiness_;
};

}  // namespace libp2p::tools
