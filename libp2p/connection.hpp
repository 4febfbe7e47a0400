// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/stream.hpp>

#include <memory>

namespace libp2p {

/// A secured and multiplexed connection, whatever transport made it.
///
/// The owner runs it: nothing moves until `run` is awaited, usually by a task of its own next to the one that accepts
/// streams. Streams may outlive the connection object; they then fail with `Errc::connection_closed`.
class Connection {
public:
    explicit Connection(std::shared_ptr<const ConnectionInfo> info) noexcept : info_(std::move(info)) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Aborts what is still open.
    virtual ~Connection() = default;

    const ConnectionInfo& info() const noexcept { return *info_; }
    const std::shared_ptr<const ConnectionInfo>& shared_info() const noexcept { return info_; }

    /// Moves octets until the connection has ended, and tells why: `asio::error::eof` after a polite end by the remote,
    /// `operation_aborted` after our own, else what went wrong. Call it once. Cancelling it aborts the connection.
    virtual awaitable<Error> run() = 0;

    /// Opens a stream without waiting for the remote's consent. Fails with `Errc::connection_closed` once the
    /// connection ends or the remote takes no new streams. May wait while too many streams are unacknowledged;
    /// cancellation leaves nothing behind.
    virtual awaitable<result<std::unique_ptr<Stream>>> open_stream() = 0;

    /// True when `open_stream` would not wait now. A connection that cannot tell says false.
    virtual bool can_open_stream() const noexcept { return false; }

    /// The next stream that the remote opened. Fails with `Errc::connection_closed` when there will be none.
    /// One caller at a time; cancellation loses no stream.
    virtual awaitable<result<std::unique_ptr<Stream>>> accept_stream() = 0;

    /// Says goodbye: takes no new streams, tells the remote why where the transport can, lets what was written go out,
    /// and ends `run`. The caller bounds the time. Streams still open are reset.
    virtual awaitable<result<void>> close(ConnectionErrorCode code) = 0;

    /// Ends everything at once. Idempotent.
    virtual void abort(ConnectionErrorCode code) noexcept = 0;

    /// The code with which the remote said goodbye, once it has.
    virtual ConnectionErrorCode remote_error() const noexcept { return ConnectionErrorCode::none; }

    /// Streams that are open now, both directions.
    virtual std::size_t stream_count() const noexcept = 0;

    /// The latest measured round trip, zero when none was.
    virtual std::chrono::nanoseconds round_trip() const noexcept = 0;

private:
    std::shared_ptr<const ConnectionInfo> info_;  // shared with the streams, and with events about the connection
};

}  // namespace libp2p
