// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/signalling.hpp>
#include <libp2p/waiter.hpp>

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

namespace libp2p::webrtc {

/// Both directions of a pipe beside the negotiation that uses it. It may outlive that, for a polite end: the remote may
/// not be connected yet, and would take an abrupt one for a failure.
class SignallingTalk : public std::enable_shared_from_this<SignallingTalk> {
public:
    /// What waits to be sent, in messages; those past it are dropped.
    static constexpr std::size_t kMaxWaiting = 128;

    /// How long the remote may go on talking after the end, and the messages that it may send then.
    static constexpr std::chrono::seconds kFarewell{5};
    static constexpr std::size_t kMaxIgnored = 64;

    class Listener {
    public:
        virtual void on_message(const SignallingMessage& message) = 0;

        /// The remote says nothing more: `asio::error::eof`, or what broke the pipe. Called once, as the last.
        virtual void on_silence(const Error& why) = 0;

    protected:
        ~Listener() = default;
    };

    /// Starts a task that somebody joins.
    using Spawn = std::function<void(awaitable<void>)>;

    SignallingTalk(asio::any_io_executor executor, std::unique_ptr<SignallingPipe> pipe);

    const SignallingRemote& remote() const noexcept { return pipe_->remote(); }

    /// `listener` is told of everything until `finish` or `abort`.
    void start(Listener& listener, const Spawn& spawn);

    /// Sends `message` behind the others.
    void say(SignallingMessage message);

    /// Drops what was not sent, says so, and lets the remote finish too. To be called instead of `abort`.
    void finish() noexcept;

    void abort() noexcept;

private:
    static awaitable<void> read_all(std::shared_ptr<SignallingTalk> self);
    static awaitable<void> write_all(std::shared_ptr<SignallingTalk> self);

    std::unique_ptr<SignallingPipe> pipe_;
    Listener* listener_ = nullptr;
    std::deque<SignallingMessage> waiting_;
    Waiter more_;
    asio::steady_timer farewell_;
    bool is_finishing_ = false;
    bool is_aborted_ = false;
    bool is_silent_ = false;  ///< the remote has said its last
};

}  // namespace libp2p::webrtc
