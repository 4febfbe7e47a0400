// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/buffers/byte_queue.hpp"
#include "muxing/yamux/yamux_frame.hpp"
#include "muxing/yamux/yamux_windows.hpp"

#include <libp2p/budget.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace libp2p::yamux {

class YamuxStream;

/// Why a stream carries nothing any more.
enum class StreamEnd : std::uint8_t {
    none,               ///< it does
    aborted,            ///< reset by its owner
    reset,              ///< reset by the remote
    refused,            ///< reset by us: the budget had no room for what arrived
    violated,           ///< reset by us: the remote sent after it had finished
    connection_closed,  ///< the session has ended or says goodbye
};

/// A reader's memory, lent while it waits. What arrives is copied here first.
struct ReadSlot {
    std::uint8_t* data = nullptr;
    std::size_t size = 0;
    std::size_t filled = 0;

    std::size_t room() const noexcept { return size - filled; }
};

/// A writer's buffers, lent until all is sent. Octets in flight belong to a write of the channel that is under way: the
/// writer has to wait for its end, whatever else happens.
struct WriteSlot {
    const ByteView* buffer = nullptr;  ///< the first that is not sent
    std::size_t offset = 0;            ///< what of it is sent
    std::size_t left = 0;              ///< octets to send, in all buffers
    std::size_t in_flight = 0;
};

using AutoUnlink = boost::intrusive::link_mode<boost::intrusive::auto_unlink>;
using ListHook = boost::intrusive::list_member_hook<AutoUnlink>;
using SetHook = boost::intrusive::set_member_hook<AutoUnlink>;

/// What the session knows of one stream. Lives in the session's table; a Stream object, its owner, refers to it.
struct StreamState {
    StreamState(StreamId number, Direction opened, Clock::time_point now) noexcept
        : id(number), direction(opened), window(now) {}
    StreamState(const StreamState&) = delete;
    StreamState& operator=(const StreamState&) = delete;

    /// Octets that the remote has not been sent yet.
    std::size_t pending() const noexcept { return unsent.size() + writer.left; }

    /// Everything was sent but the end.
    bool ends_now() const noexcept { return fin_queued && !fin_sent && pending() == 0; }

    bool is_finished() const noexcept { return end != StreamEnd::none || (fin_sent && fin_received); }

    StreamId id;
    Direction direction;
    StreamEnd end = StreamEnd::none;
    std::uint8_t wakes = 0;  ///< see YamuxSession::Wake

    bool syn_pending = false;   ///< ours, and the remote does not know of it
    bool acknowledged = false;  ///< ours, and the remote has answered
    bool ack_pending = false;   ///< the remote's, accepted, and it has not been told
    bool queued_for_accept = false;
    bool owned = false;       ///< a Stream object refers to it
    bool fin_queued = false;  ///< nothing more will be written
    bool fin_sent = false;
    bool fin_received = false;
    bool reset_pending = false;      ///< an RST has to be sent
    bool reset_after_flush = false;  ///< an RST has to be sent after what is pending
    bool discarding = false;         ///< what arrives is thrown away, as nobody will read it
    bool control_urgent = false;     ///< `control_hook` is in the list of those that do not wait
    bool record_charged = false;     ///< this record is held in the account, as no owner pays
    bool expired = false;            ///< the deadline has passed
    bool paused = false;             ///< the session has waited for this reader once

    std::uint32_t reset_code = 0;              ///< for the RST to be sent
    std::optional<std::uint32_t> remote_code;  ///< of the RST that came
    std::uint32_t grown = 0;                   ///< window growth in the account

    YamuxStream* owner = nullptr;  ///< for the driver, which wakes it; the session does not look

    ReceiveWindow window;
    ByteQueue received;
    ReadSlot reader;

    SendWindow credit;
    ByteQueue unsent;  ///< small writes, copied; before what `writer` has
    WriteSlot writer;

    Clock::time_point deadline = Clock::time_point::max();
    Clock::time_point deadline_key;  ///< what `deadline_hook` is sorted by, never after `deadline`
    Clock::time_point linger_until;

    ListHook queue_hook;    ///< waits to be accepted, or to be announced
    ListHook control_hook;  ///< has control frames to send, now or a little later
    ListHook ready_hook;    ///< has data and credit
    ListHook wake_hook;     ///< has news for its owner
    ListHook linger_hook;   ///< finishes without an owner
    SetHook deadline_hook;
};

template <ListHook StreamState::* Hook>
using StreamList = boost::intrusive::list<
    StreamState,
    boost::intrusive::member_hook<StreamState, ListHook, Hook>,
    boost::intrusive::constant_time_size<false>>;

struct DeadlineKey {
    using type = Clock::time_point;
    const type& operator()(const StreamState& stream) const noexcept { return stream.deadline_key; }
};

using StreamDeadlines = boost::intrusive::multiset<
    StreamState,
    boost::intrusive::key_of_value<DeadlineKey>,
    boost::intrusive::member_hook<StreamState, SetHook, &StreamState::deadline_hook>,
    boost::intrusive::constant_time_size<false>>;

}  // namespace libp2p::yamux
