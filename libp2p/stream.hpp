// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/byte_stream.hpp>
#include <libp2p/connection_info.hpp>
#include <libp2p/error_codes.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace libp2p {

/// One stream of a connection, for one conversation in one protocol.
///
/// After…              read_some            write                 close_write
/// close_write()       works                Errc::write_closed    ok
/// remote close_write  eof, after the data  works                 ok
/// abort()             operation_aborted    operation_aborted     operation_aborted
/// remote reset        Errc::stream_reset   Errc::stream_reset    Errc::stream_reset
/// deadline passed     timed_out            timed_out             timed_out
/// connection ended    Errc::connection_closed, for all three (data that had arrived is delivered first)
///
/// Data that arrived before a remote close_write is always delivered; a reset discards it. Destroying a stream that was
/// not closed by both sides: when this side has called close_write, the rest of the remote's data is read and thrown
/// away; otherwise the stream is reset.
class Stream : public ByteStream {
public:
    /// Resets the stream, telling the remote why where the transport can. Idempotent.
    virtual void abort(StreamErrorCode code) noexcept = 0;
    void abort() noexcept final { abort(StreamErrorCode::none); }

    /// From `time` on, the read and the write that are under way or started later fail with `timed_out`, until the
    /// deadline is moved. Unlike cancellation this leaves the stream usable: nothing that was read is lost, and a write
    /// that timed out has sent an unknown part of its octets.
    virtual void expires_at(std::chrono::steady_clock::time_point time) noexcept = 0;
    void expires_after(std::chrono::steady_clock::duration limit) noexcept {
        expires_at(std::chrono::steady_clock::now() + limit);
    }
    void expires_never() noexcept { expires_at(std::chrono::steady_clock::time_point::max()); }

    /// The code that came with the remote's reset, once it has.
    virtual std::optional<StreamErrorCode> remote_error() const noexcept = 0;

    /// The transport's number for the stream, unique in its connection while the stream lives. For logs.
    virtual std::uint64_t id() const noexcept = 0;

    Direction direction() const noexcept { return direction_; }

    /// The protocol that both sides agreed on; empty before.
    const ProtocolId& protocol() const noexcept { return protocol_; }

    /// The connection that carries the stream; valid even after it has ended.
    const ConnectionInfo& connection() const noexcept { return *connection_; }

    /// The authenticated remote.
    const PeerId& remote_peer() const noexcept { return connection_->peer; }

    /// Called once, by whoever negotiated the protocol.
    void set_protocol(ProtocolId protocol) { protocol_ = std::move(protocol); }

    /// Hands the stream what pays for it: kept until the stream is destroyed.
    void set_charge(Charge charge) noexcept { charge_ = std::move(charge); }

    /// What pays for the stream; empty in tests without a budget.
    Charge& charge() noexcept { return charge_; }

    /// The stream's scope in the budget, for a charge of its own; null in tests without one.
    const std::shared_ptr<Budget>& budget() const noexcept { return charge_.budget(); }

protected:
    Stream(Direction direction, std::shared_ptr<const ConnectionInfo> connection) noexcept
        : direction_(direction), connection_(std::move(connection)) {}

private:
    Direction direction_;
    std::shared_ptr<const ConnectionInfo> connection_;  // shared: streams may outlive the connection's owner
    ProtocolId protocol_;
    Charge charge_;
};

}  // namespace libp2p
