// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/webrtc_session.hpp"

#include <libp2p/wait_list.hpp>
#include <libp2p/waiter.hpp>

#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace libp2p::webrtc {

/// Where the datagrams of one connection go.
class DatagramLink {
public:
    virtual ~DatagramLink() = default;

    /// Takes a datagram for the remote; it may wait for company until `flush`. What cannot be sent is lost.
    virtual void send(ByteView datagram) noexcept = 0;
    virtual void flush() noexcept = 0;

    /// Nothing more will be sent, and nothing that comes is wanted.
    virtual void close() noexcept = 0;
};

/// The session with those who wait for it: what the driver of a connection and its streams have in common. Shared,
/// because streams may outlive their connection, and because a socket feeds it.
class WebRtcCore final : public std::enable_shared_from_this<WebRtcCore>, private WebRtcSession::Driver {
public:
    WebRtcCore(
        asio::any_io_executor executor,
        std::shared_ptr<const crypto::DtlsContext> context,
        const WebRtcSession::Options& options,
        const Limits& limits,
        std::shared_ptr<Budget> budget,
        std::unique_ptr<DatagramLink> link,
        std::shared_ptr<SctpTicker> ticker
    );
    ~WebRtcCore();
    WebRtcCore(const WebRtcCore&) = delete;
    WebRtcCore& operator=(const WebRtcCore&) = delete;

    /// To be called after every change of the session: wakes whoever the change concerns, and sends what was said.
    void flush() noexcept;

    /// Ends the session and tells everybody.
    void end(Error why) noexcept;

    /// Waits until channels can be used, or could be used for a moment. Fails with what the session ended by before;
    /// `operation_aborted` when cancelled.
    awaitable<result<void>> wait_until_open();

    const asio::any_io_executor& executor() const noexcept { return accepted.executor(); }

    WebRtcSession session;
    Waiter accepted;   ///< accept_stream
    WaitList openers;  ///< open_stream, while too many are unacknowledged
    WaitList changed;  ///< run, close and wait_until_open: the session has opened or ended

private:
    void send_datagram(ByteView datagram) noexcept override { link_->send(datagram); }
    void on_change() noexcept override { flush(); }
    Clock::time_point now() const noexcept override { return Clock::now(); }

    void arm();
    void send_at_end_of_turn();

    std::unique_ptr<DatagramLink> link_;
    std::shared_ptr<SctpTicker> ticker_;  // shared by the connections of a host
    asio::steady_timer timer_;
    Clock::time_point armed_for_ = Clock::time_point::max();
    bool was_open_ = false;
    bool will_send_ = false;
    bool ticks_ = true;
};

}  // namespace libp2p::webrtc
