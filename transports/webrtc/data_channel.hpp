// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/buffers/byte_queue.hpp"
#include "proto/webrtc_frame.hpp"
#include "transports/webrtc/half_close.hpp"

#include <libp2p/direction.hpp>
#include <libp2p/error.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace libp2p::webrtc {

using Clock = std::chrono::steady_clock;

class WebRtcStream;

/// A reader's memory, lent while it waits. What arrives is copied here first.
struct ReadSlot {
    std::uint8_t* data = nullptr;
    std::size_t size = 0;
    std::size_t filled = 0;

    std::size_t room() const noexcept { return size - filled; }
};

/// A writer's buffers, lent until SCTP has taken all of them.
struct WriteSlot {
    const ByteView* buffer = nullptr;  ///< the first that is not taken
    std::size_t offset = 0;            ///< what of it is taken
    std::size_t left = 0;              ///< octets, in all buffers
};

using AutoUnlink = boost::intrusive::link_mode<boost::intrusive::auto_unlink>;
using ListHook = boost::intrusive::list_member_hook<AutoUnlink>;
using SetHook = boost::intrusive::set_member_hook<AutoUnlink>;

/// What the session knows of one data channel, and of the stream that it carries. Lives in the session; a Stream
/// object, its owner, refers to it, and may outlive the use of the channel's number.
struct Channel {
    Channel(std::uint16_t number, Direction opened, bool has_fin_ack) noexcept
        : id(number), direction(opened), state(has_fin_ack) {}
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    bool has_output() const noexcept { return writer.left > 0 || fin_pending; }

    /// Something small has to be sent, ahead of the output.
    bool has_control() const noexcept {
        return open_pending || ack_pending || fin_ack_pending || stop_pending || reset_pending;
    }

    std::uint16_t id;
    Direction direction;
    HalfClose state;
    FrameReader frames;
    std::uint8_t wakes = 0;  ///< see WebRtcSession::Wake

    bool owned = false;              ///< a Stream object refers to it
    bool queued_for_accept = false;  ///< the remote's, and nobody has taken it yet
    bool acknowledged = false;       ///< ours, and the remote has answered
    bool has_begun = false;          ///< a frame with payload was sent

    bool open_pending = false;  ///< DATA_CHANNEL_OPEN has to be sent, before all else
    bool ack_pending = false;   ///< DATA_CHANNEL_ACK has to be sent
    bool fin_ack_pending = false;
    bool stop_pending = false;
    bool reset_pending = false;
    bool fin_pending = false;    ///< behind what `writer` has
    bool close_pending = false;  ///< behind all of these

    bool reset_is_owed = false;   ///< the remote's next reset is of the channel that had the number before
    bool remote_closed = false;   ///< the remote has reset its half of the SCTP stream
    bool is_detached = false;     ///< its number may be another channel's
    bool is_ignored = false;      ///< carries no stream
    bool is_full = false;         ///< more waits to be read than should
    bool is_lingering = false;    ///< it ends without an owner
    bool record_charged = false;  ///< in the account, as no owner pays
    bool expired = false;         ///< the owner's deadline has passed

    Error failure;  ///< why we have ended it, where that says more than its state

    WebRtcStream* owner = nullptr;  ///< for the driver, which wakes it; the session does not look

    ByteQueue received;
    ReadSlot reader;
    WriteSlot writer;

    Clock::time_point deadline = Clock::time_point::max();  ///< the owner's
    Clock::time_point timer;                                ///< what `timer_hook` is sorted by

    ListHook all_hook;      ///< every channel is in one list
    ListHook accept_hook;   ///< waits to be accepted
    ListHook control_hook;  ///< has something small to send
    ListHook ready_hook;    ///< has data to send, or a FIN
    ListHook ending_hook;   ///< has sent its FIN or a RESET
    ListHook dead_hook;     ///< is of no use to anybody
    ListHook wake_hook;     ///< has news for its owner
    SetHook timer_hook;
};

template <ListHook Channel::* Hook>
using ChannelList = boost::intrusive::
    list<Channel, boost::intrusive::member_hook<Channel, ListHook, Hook>, boost::intrusive::constant_time_size<false>>;

struct TimerKey {
    using type = Clock::time_point;
    const type& operator()(const Channel& channel) const noexcept { return channel.timer; }
};

using ChannelTimers = boost::intrusive::multiset<
    Channel,
    boost::intrusive::key_of_value<TimerKey>,
    boost::intrusive::member_hook<Channel, SetHook, &Channel::timer_hook>,
    boost::intrusive::constant_time_size<false>>;

}  // namespace libp2p::webrtc
