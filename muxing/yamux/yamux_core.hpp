// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "muxing/yamux/yamux_session.hpp"

#include <libp2p/wait_list.hpp>
#include <libp2p/waiter.hpp>

#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace libp2p::yamux {

class YamuxCore;

/// A coroutine that wants to open a stream, while too many are unacknowledged.
class Opener : public boost::intrusive::list_base_hook<AutoUnlink> {
public:
    explicit Opener(YamuxCore& core);
    ~Opener();
    Opener(const Opener&) = delete;
    Opener& operator=(const Opener&) = delete;

    void wake() noexcept;

    Waiter waiter;

private:
    YamuxCore& core_;
    bool woken_ = false;
};

/// The session with those who wait for it: what the driver of a connection and its streams have in common. Shared,
/// because streams may outlive their connection and a connection its streams.
class YamuxCore {
public:
    YamuxCore(
        asio::any_io_executor executor,
        Direction role,
        const Limits& limits,
        const Timeouts& timeouts,
        std::shared_ptr<Budget> budget
    );

    /// To be called after every change of the session: wakes whoever the change concerns.
    void flush() noexcept;

    /// Ends the session and tells everybody.
    void end(Error why) noexcept;

    /// True when `open` need not wait, not even for those that came before.
    bool can_open() const noexcept { return session.open_room() > openers_woken; }

    const asio::any_io_executor& executor() const noexcept { return output.executor(); }

    YamuxSession session;
    Flight flight;    ///< what the write loop is sending
    Waiter output;    ///< the write loop, when there is nothing to send
    Waiter input;     ///< the read loop, while the session is held up
    Waiter accepted;  ///< accept_stream
    boost::intrusive::list<Opener, boost::intrusive::constant_time_size<false>> openers;  ///< open_stream, in order
    std::size_t openers_woken = 0;                                                        ///< have room kept for them
    WaitList ended;  ///< run and close, until the session has ended
    asio::steady_timer timer;
    Clock::time_point armed_for = Clock::time_point::min();  ///< when the timer fires; min: nobody waits for it
};

}  // namespace libp2p::yamux
