// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/data_channel_message.hpp"
#include "transports/webrtc/webrtc_session.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

// Data channels: what the remote does with them, and what is sent on them.

namespace libp2p::webrtc {
namespace {

/// Longest DATA_CHANNEL_OPEN that is put together; label and protocol mean nothing here.
constexpr std::size_t kMaxEstablishment = 4096;

/// The label of a channel that js-libp2p makes before its offer and closes as soon as it is open.
constexpr std::string_view kInitLabel = "init";

/// The longest frame that every peer takes as one message. In octets.
constexpr std::size_t kMaxUndivided = 4096;
static_assert(kMaxFrameSent <= (1U << 14U));

}  // namespace

// --- from the remote

void WebRtcSession::on_message(std::uint16_t stream, PayloadProtocol protocol, ByteView piece, bool is_last) {
    grow_receive_buffer(piece.size());
    if (protocol == PayloadProtocol::dcep) {
        if (establishment_.size() + piece.size() <= kMaxEstablishment) {
            establishment_.insert(establishment_.end(), piece.begin(), piece.end());
        } else {
            establishment_.resize(kMaxEstablishment);  // of no use any more, and not decodable
        }
        if (is_last) {
            on_establishment(stream, std::exchange(establishment_, {}));
        }
        return;
    }
    auto* channel = find(stream);
    if (channel == nullptr || protocol == PayloadProtocol::binary_empty || protocol == PayloadProtocol::text_empty) {
        return;  // on its way when we closed the channel; or the zero octet that stands for an empty message
    }
    on_data(*channel, piece);
    bury_if_done(*channel);
}

void WebRtcSession::on_establishment(std::uint16_t id, ByteView octets) {
    auto message = decode_data_channel_message(octets);
    if (!message) {
        refuse(id);
        return;
    }
    if (const auto* open = std::get_if<DataChannelOpen>(&*message)) {
        on_remote_open(id, open->label);
        return;
    }
    is_not_rust_ = is_not_rust_ || (octets.size() > kDataChannelAck.size() && !is_rust_);  // pion's
    auto* channel = find(id);
    if (channel != nullptr) {
        on_acknowledgement(*channel);
    }
}

void WebRtcSession::on_remote_open(std::uint16_t id, std::string_view label) {
    if (id == 0 && handshake_ != nullptr && !handshake_->is_detached) {
        handshake_->ack_pending = true;  // it was agreed on, but who opens it all the same gets the answer
        mark(*handshake_);
        pump_later();
        return;
    }
    const auto limit = is_proven_ ? std::size_t{limits_.accept_backlog} : kEarlyChannels;
    const bool is_usable = id < streams_ && !is_ours(id) && find(id) == nullptr;
    if (!is_usable || !takes_streams() || accept_queue_size_ >= limit) {
        refuse(id);
        return;
    }
    auto& channel = add(id, Direction::inbound);
    const auto closing = closing_.find(id);
    if (closing != closing_.end() && !closing->second.remote) {
        // libdatachannel gives a number away again before it has reset its half of the channel before.
        channel.reset_is_owed = true;
        closing->second.remote = true;
        settle_number(id);
    }
    channel.acknowledged = true;
    channel.ack_pending = true;
    if (!proves_on_channel_0_ && label == kInitLabel && !std::exchange(has_init_, true)) {
        channel.is_ignored = true;  // until the remote closes it
    } else {
        channel.queued_for_accept = true;
        accept_queue_.push_back(channel);
        ++accept_queue_size_;
        ++open_count_;
    }
    mark(channel);
    pump_later();
}

/// The remote has answered: by a DATA_CHANNEL_ACK, or by what it sends.
void WebRtcSession::on_acknowledgement(Channel& channel) {
    if (!std::exchange(channel.acknowledged, true)) {
        --unacknowledged_;
    }
}

void WebRtcSession::on_data(Channel& channel, ByteView octets) {
    if (&channel != handshake_) {
        on_acknowledgement(channel);
    }
    for (;;) {
        auto piece = channel.frames.next(octets);
        if (!piece) {
            violate(channel, Error(Errc::protocol_violation, "webrtc: " + channel.frames.problem()));
            return;
        }
        if (!*piece) {
            return;
        }
        const auto now = driver_.now();
        if (!(*piece)->payload.empty()) {
            const auto actions = channel.state.on_payload(now);
            if (actions.deliver && !(&channel == handshake_ && handshake_is_released_)) {
                deliver(channel, (*piece)->payload);
            }
            apply(channel, actions);
        }
        if ((*piece)->flag) {
            on_flag(channel, *(*piece)->flag);
        }
    }
}

void WebRtcSession::on_flag(Channel& channel, Flag flag) {
    if (&channel == handshake_ && handshake_is_released_ && flag == Flag::fin) {
        on_handshake_channel_end();
    }
    apply(channel, channel.state.on_flag(flag, driver_.now()));
}

/// Of those that may be rust-libp2p nobody else ends this channel by a FIN. It may come behind the first
/// acknowledgements: another task sends those.
void WebRtcSession::on_handshake_channel_end() {
    if (is_not_rust_ || std::exchange(is_rust_, true)) {
        return;
    }
    for (auto& channel : channels_) {
        channel.state.expect_no_fin_ack(driver_.now());
        channel.fin_ack_pending = false;
        update_timer(channel);
    }
}

/// To the reader that waits, else into the buffer.
void WebRtcSession::deliver(Channel& channel, ByteView payload) {
    if (channel.is_ignored) {
        return;
    }
    auto& reader = channel.reader;
    if (reader.room() > 0 && channel.received.empty()) {
        const auto n = std::min(reader.room(), payload.size());
        std::memcpy(reader.data + reader.filled, payload.data(), n);
        reader.filled += n;
        payload = payload.subspan(n);
        wake(channel, wake_reader);
    }
    if (payload.empty()) {
        return;
    }
    if (!is_proven_ && channel.received.size() + payload.size() > kEarlyBacklog) {
        violate(channel, Error(Errc::limit_exceeded, "webrtc: too much data before the remote was proven"));
        return;
    }
    if (!channel.received.append(payload, memory_)) {
        violate(channel, memory_.refusal());
        return;
    }
    on_backlog(channel);
    wake(channel, wake_reader);
}

/// To be called when the octets that wait in a channel have become more or fewer.
void WebRtcSession::on_backlog(Channel& channel) noexcept {
    const bool is_full = channel.received.size() >= backlog();
    if (is_full != channel.is_full) {
        channel.is_full = is_full;
        full_ = is_full ? full_ + 1 : full_ - 1;
    }
}

void WebRtcSession::violate(Channel& channel, Error why) {
    channel.failure = std::move(why);
    apply(channel, channel.state.on_violation(driver_.now()));
}

/// Closes a channel that was not taken.
void WebRtcSession::refuse(std::uint16_t id) {
    if (auto* channel = find(id)) {
        violate(*channel, Error(Errc::protocol_violation, "webrtc: a channel was opened twice or oddly"));
        bury_if_done(*channel);
        return;
    }
    close_number(id, false);
}

void WebRtcSession::on_remote_reset(std::span<const std::uint16_t> streams) {
    for (auto id : streams) {
        auto* channel = find(id);
        if (channel == nullptr) {
            auto closing = closing_.find(id);
            if (closing != closing_.end()) {  // else it rests: some peers reset a stream twice
                closing->second.remote = true;
                settle_number(id);
            }
            continue;
        }
        if (std::exchange(channel->reset_is_owed, false)) {
            continue;
        }
        channel->remote_closed = true;
        apply(*channel, channel->state.on_channel_closed(driver_.now()));
        bury_if_done(*channel);
    }
}

void WebRtcSession::on_local_reset(std::span<const std::uint16_t> streams, bool is_done) {
    for (auto id : streams) {
        auto closing = closing_.find(id);
        if (closing != closing_.end() && is_done) {  // else the number is never used again
            closing->second.local = true;
            settle_number(id);
        }
    }
}

// --- to the remote

Channel& WebRtcSession::add(std::uint16_t id, Direction direction) {
    auto channel = std::make_unique<Channel>(id, direction, !is_rust_);
    by_id_.emplace(id, channel.get());
    channels_.push_back(*channel);
    return *channel.release();
}

Channel* WebRtcSession::find(std::uint16_t id) noexcept {
    auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

void WebRtcSession::apply(Channel& channel, const HalfClose::Actions& actions) {
    if (actions.discard_unsent) {
        channel.writer.left = 0;
    }
    channel.fin_ack_pending |= actions.send_fin_ack;
    channel.stop_pending |= actions.send_stop_sending;
    channel.fin_pending |= actions.send_fin;
    channel.close_pending |= actions.close_channel;
    if (actions.send_reset) {
        if (!channel.ending_hook.is_linked()) {
            ending_.push_back(channel);
        }
        channel.reset_pending = true;
        channel.fin_ack_pending = false;
        channel.stop_pending = false;
    }
    const auto write_half = channel.state.write_half();
    if (write_half == HalfClose::WriteHalf::reset || write_half == HalfClose::WriteHalf::aborted) {
        channel.writer.left = 0;
        channel.fin_pending = false;
    }
    const auto read_half = channel.state.read_half();
    if (read_half == HalfClose::ReadHalf::reset || read_half == HalfClose::ReadHalf::aborted) {
        channel.received.clear(memory_);
        on_backlog(channel);
    }
    if (actions.wake_reader) {
        wake(channel, wake_reader);
    }
    if (actions.wake_writer) {
        wake(channel, wake_writer);
    }
    mark(channel);
    update_timer(channel);
    pump_later();
}

/// Has `pump` look at the channel, if it has something to send. The remote may use a number again before it is known
/// here that our half of the channel before was reset: then what is to be sent waits for that.
void WebRtcSession::mark(Channel& channel) noexcept {
    if (closing_.count(channel.id) != 0) {
        return;
    }
    const bool has_control = channel.has_control() || (channel.close_pending && !channel.has_output());
    if (has_control && !channel.control_hook.is_linked()) {
        control_.push_back(channel);
    }
    if (channel.has_output() && !channel.ready_hook.is_linked()) {
        ready_.push_back(channel);
    }
}

/// Sends until nothing is left or SCTP takes no more: what is small and waits for nobody first, then one frame of each
/// channel in turn.
void WebRtcSession::pump() {
    if (is_pumping_ || streams_ == 0 || phase_ == Phase::ended) {
        return;
    }
    is_pumping_ = true;
    for (bool has_room = true; has_room && phase_ != Phase::ended;) {
        if (!control_.empty()) {
            auto& channel = control_.front();
            association_->set_bundling(has_more_to_send(channel));
            has_room = send_controls(channel);
            if (has_room) {
                channel.control_hook.unlink();
                mark(channel);
                bury_if_done(channel);
            }
        } else if (!ready_.empty()) {
            auto& channel = ready_.front();
            has_room = send_frame(channel);
            if (has_room) {
                channel.ready_hook.unlink();
                mark(channel);
            }
        } else {
            break;
        }
    }
    association_->set_bundling(false);
    is_pumping_ = false;
    is_pump_due_ = false;  // what has no room is sent when there is some
}

/// Whether a message will follow those that the controls of `channel`, the first in its list, are sent in.
bool WebRtcSession::has_more_to_send(const Channel& channel) const noexcept {
    if (!ready_.empty() && ready_.front().has_output()) {
        return true;
    }
    const auto next = std::next(control_.iterator_to(channel));
    return next != control_.end() && next->has_control();
}

/// For what is small and would fill no packet alone: whoever writes in this turn takes it along.
void WebRtcSession::pump_later() noexcept {
    is_pump_due_ = streams_ != 0 && phase_ != Phase::ended && (!control_.empty() || !ready_.empty());
}

/// False when SCTP has no room; what was sent is not pending any more.
bool WebRtcSession::send_controls(Channel& channel) {
    const auto send = [&](bool& pending, PayloadProtocol protocol, ByteView message) {
        if (pending && !try_send(channel.id, protocol, message)) {
            return false;
        }
        pending = false;
        return true;
    };
    const auto send_flag = [&](bool& pending, Flag flag) {
        return send(pending, PayloadProtocol::binary, FrameHeader(0, flag).bytes());
    };
    if (!send(channel.open_pending, PayloadProtocol::dcep, kDataChannelOpen) ||
        !send(channel.ack_pending, PayloadProtocol::dcep, kDataChannelAck) ||
        !send_flag(channel.fin_ack_pending, Flag::fin_ack) || !send_flag(channel.stop_pending, Flag::stop_sending) ||
        !send_flag(channel.reset_pending, Flag::reset)) {
        return false;
    }
    if (channel.close_pending && !channel.has_output()) {
        channel.close_pending = false;
        by_id_.erase(channel.id);
        channel.is_detached = true;
        if (&channel == handshake_ && handshake_is_released_) {
            handshake_ = nullptr;
        }
        if (!std::exchange(channel.acknowledged, true)) {
            --unacknowledged_;
        }
        close_number(channel.id, channel.remote_closed);
    }
    return true;
}

/// Sends one frame of what the writer has lent, or the FIN behind it. False when SCTP has no room.
bool WebRtcSession::send_frame(Channel& channel) {
    auto& writer = channel.writer;
    if (writer.left == 0) {
        if (!channel.fin_pending) {
            return true;
        }
        association_->set_bundling(false);
        if (!try_send(channel.id, PayloadProtocol::binary, FrameHeader(0, Flag::fin).bytes())) {
            return false;
        }
        channel.fin_pending = false;
        if (!channel.ending_hook.is_linked()) {
            ending_.push_back(channel);
        }
        apply(channel, channel.state.on_fin_written(driver_.now()));
        return true;
    }
    static thread_local std::array<std::uint8_t, kMaxFrameSent> frame;
    auto payload = std::min(writer.left, max_payload(frame_size(), false));
    // A protocol is proposed in the first buffer. litep2p refuses a proposal with data behind it in one frame.
    if (!channel.has_begun && writer.buffer->size() > writer.offset) {
        payload = std::min(payload, writer.buffer->size() - writer.offset);
    }
    const FrameHeader header(payload);
    auto* end = std::copy(header.bytes().begin(), header.bytes().end(), frame.data());
    const auto* buffer = writer.buffer;
    auto offset = writer.offset;
    for (auto left = payload; left > 0;) {
        const auto n = std::min(left, buffer->size() - offset);
        std::copy_n(buffer->begin() + static_cast<std::ptrdiff_t>(offset), n, end);
        end += n;
        left -= n;
        offset += n;
        if (offset == buffer->size()) {
            ++buffer;
            offset = 0;
        }
    }
    const auto next = std::next(ready_.iterator_to(channel));
    association_->set_bundling(payload < writer.left || (next != ready_.end() && next->has_output()));
    if (!try_send_frame(channel.id, {frame.data(), end})) {
        grow_send_buffer();
        return false;
    }
    writer.buffer = buffer;
    writer.offset = offset;
    writer.left -= payload;
    channel.has_begun = true;
    const auto now = driver_.now();
    if (writer.left == 0) {
        wake(channel, wake_writer);
        if (channel.is_full && patience_until_ != Clock::time_point::max()) {
            patience_until_ = now + kPatience;  // now it can read again
        }
    }
    channel.state.on_progress(now);
    return true;
}

bool WebRtcSession::try_send(std::uint16_t id, PayloadProtocol protocol, ByteView message) {
    return check_sent(id, association_->send(id, protocol, message));
}

/// go-libp2p reads the length of a frame through a buffer of 4096 octets and fails when the message is longer: there
/// the length is a message of its own.
bool WebRtcSession::try_send_frame(std::uint16_t id, ByteView frame) {
    if (!is_spender_ || is_rust_ || frame.size() <= kMaxUndivided) {
        return try_send(id, PayloadProtocol::binary, frame);
    }
    const std::size_t length_size = 2;  // of all that is longer than 127 and shorter than 2^14 octets
    const auto length = frame.first(length_size);
    return check_sent(id, association_->send_both(id, PayloadProtocol::binary, length, frame.subspan(length_size)));
}

bool WebRtcSession::check_sent(std::uint16_t id, const result<bool>& sent) {
    if (!sent) {
        end(sent.error().with_context("webrtc: sending on channel " + std::to_string(id)));
        return false;
    }
    is_quiet_ = is_quiet_ && !*sent;
    return *sent;
}

/// Resets our half of an SCTP stream; its number rests until the remote has reset the other.
void WebRtcSession::close_number(std::uint16_t id, bool remote_has_closed) {
    if (id >= streams_ || phase_ == Phase::ended) {
        return;
    }
    auto [closing, is_new] = closing_.try_emplace(id);
    closing->second.remote |= remote_has_closed;
    if (is_new) {
        (void)association_->reset(id);  // of what cannot be reset the number is never used again
    }
    settle_number(id);
}

void WebRtcSession::settle_number(std::uint16_t id) {
    auto closing = closing_.find(id);
    if (closing == closing_.end() || !closing->second.local || !closing->second.remote) {
        return;
    }
    closing_.erase(closing);
    if (is_ours(id)) {
        ids_.give_back(id);
    } else if (auto* channel = find(id)) {
        mark(*channel);
        pump_later();
    }
}

void WebRtcSession::on_writable() {
    pump();
}

void WebRtcSession::update_timer(Channel& channel) noexcept {
    const auto owners = channel.expired || !channel.owned ? Clock::time_point::max() : channel.deadline;
    const auto next = channel.state.is_over() ? owners : std::min(owners, channel.state.deadline());
    if (channel.timer_hook.is_linked()) {
        if (channel.timer <= next) {
            return;  // looked at again when the earlier time has come: moving a deadline on costs nothing
        }
        channel.timer_hook.unlink();
    }
    if (next != Clock::time_point::max()) {
        channel.timer = next;
        timers_.insert(channel);
    }
}

void WebRtcSession::wake(Channel& channel, std::uint8_t whom) noexcept {
    if (!channel.owned) {
        return;
    }
    channel.wakes = static_cast<std::uint8_t>(channel.wakes | whom);
    if (!channel.wake_hook.is_linked()) {
        woken_.push_back(channel);
    }
}

/// Holds the connection up while a stream is full, and lets it go on when none is.
void WebRtcSession::check_backlog() noexcept {
    if (!association_ || phase_ == Phase::ended) {
        return;
    }
    if (full_ > 0 && !association_->is_paused()) {
        association_->pause();
        patience_until_ = driver_.now() + kPatience;
    } else if (full_ == 0 && association_->is_paused()) {
        association_->resume();
        patience_until_ = Clock::time_point::max();
    }
}

/// The connection has been held up for long enough.
void WebRtcSession::reset_hoarders() {
    const auto now = driver_.now();
    const bool is_late = now - std::exchange(patience_until_, Clock::time_point::max()) > kPatience / 2;
    if (open_count_ < 2) {
        return;  // nobody else waits
    }
    if (is_late) {  // nobody could read while this process did not run
        patience_until_ = now + kPatience;
        return;
    }
    for (auto& channel : channels_) {
        // Who waits to write does not read meanwhile, an echo for one: then it is the remote that does not read.
        if (channel.is_full && channel.writer.left > 0) {
            patience_until_ = now + kPatience;
        } else if (channel.is_full) {
            violate(
                channel,
                Error(Errc::limit_exceeded, "webrtc: nobody read this stream while it held up the connection's others")
            );
            bury_if_done(channel);
        }
    }
    check_backlog();
    look();
}

/// As many full packets as a frame may have: the datagrams of a long write are then of one size, and the system sends
/// dozens of them at once.
std::size_t WebRtcSession::frame_size() const noexcept {
    const auto limit = is_not_rust_ ? kMaxFrameSent : kMaxFrameSentToRust;
    const auto fragment = SctpAssociation::max_fragment(packet_size());
    return limit - limit % fragment;
}

std::uint32_t WebRtcSession::packet_size() const noexcept {
    return path_mtu_ - static_cast<std::uint32_t>(crypto::DtlsSession::kRecordOverhead);
}

std::size_t WebRtcSession::backlog() const noexcept {
    return std::min(limits_.stream_window, kBacklog);
}

bool WebRtcSession::is_ours(std::uint16_t id) const noexcept {
    return (id % 2 == 0) == (role_ == Role::client);
}

}  // namespace libp2p::webrtc
