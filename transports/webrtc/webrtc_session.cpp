// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/webrtc_session.hpp"

#include "transports/webrtc/sctp_filter.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

// The connection: DTLS, the association on it, memory and time.

namespace libp2p::webrtc {
namespace {

using namespace std::chrono_literals;

/// What SCTP keeps for a stream that may be used, both ways together, and for an association without any.
constexpr std::size_t kStreamMemory = 104;
constexpr std::size_t kAssociationMemory = 16 * 1024;

/// What SCTP holds is looked at this coarsely, in octets.
constexpr std::size_t kHeldStep = 16 * 1024;

/// The window of webrtc-rs, octets. go-libp2p, which announces as many streams, sets another one.
constexpr std::uint32_t kWindowOfTheLate = 1024 * 1024;

/// The window that the first packet announces. It becomes the limit of the remote's slow start (RFC 9260, 7.2.1), which
/// would end after a few round trips if it were the first buffer's. Nothing is kept for it: the window shrinks to what
/// is paid for as soon as the association stands.
constexpr std::uint32_t kAnnouncedWindow = WebRtcSession::kLargestBuffer;

/// A window that fills within this time is too small; one that has not for this long is too large.
constexpr auto kGrowWithin = 300ms;
constexpr auto kShrinkAfter = 5s;

/// DTLS itself refuses all others; of several, the session does.
std::optional<crypto::Sha256Digest> only_one(const std::vector<crypto::Sha256Digest>& certificates) {
    return certificates.size() == 1 ? std::optional(certificates.front()) : std::nullopt;
}

}  // namespace

WebRtcSession::WebRtcSession(
    asio::any_io_executor executor,
    std::shared_ptr<const crypto::DtlsContext> context,
    const Options& options,
    const Limits& limits,
    std::shared_ptr<Budget> budget,
    Driver& driver
)
    : executor_(std::move(executor)),
      role_(options.role),
      driver_(driver),
      limits_(limits),
      memory_(std::move(budget), limits.connection_window_growth),
      path_mtu_(options.path_mtu),
      context_(std::move(context)),
      remote_certificates_(options.remote_certificates),
      dtls_(context_, options.role, only_one(remote_certificates_), *this, options.path_mtu),
      ids_(options.role == Role::client, options.proves_on_channel_0),
      proves_on_channel_0_(options.proves_on_channel_0) {
    if (!proves_on_channel_0_) {
        is_proven_ = true;
        return;
    }
    handshake_ = &add(0, role_ == Role::client ? Direction::outbound : Direction::inbound);
    handshake_->acknowledged = true;
    handshake_->owned = true;
}

WebRtcSession::~WebRtcSession() {
    end(asio::error::make_error_code(asio::error::operation_aborted));
    erase_dead();
    channels_.clear_and_dispose([this](Channel* channel) {
        channel->received.clear(memory_);
        delete channel;
    });
}

void WebRtcSession::start() {
    auto started = dtls_.start(driver_.now());
    if (!started) {
        end(started.error());
    }
}

bool WebRtcSession::receive(ByteView datagram) {
    if (phase_ == Phase::ended) {
        return false;
    }
    const auto now = driver_.now();
    const bool was_established = dtls_.is_established();
    bool is_proven = false;
    const auto take = [&](ByteView packet) {
        is_proven = true;
        heard_ = now;
        on_packet(packet);
    };
    auto received = dtls_.receive(datagram, take, now);
    if (!received) {
        if (association_) {  // what came in front of a goodbye counts
            const auto association = association_;
            association->look();
        }
        end(received.error());
        return is_proven;
    }
    if (!was_established && dtls_.is_established() && !remote_certificates_.empty() &&
        std::find(remote_certificates_.begin(), remote_certificates_.end(), remote_certificate()) ==
            remote_certificates_.end()) {
        end(Error(Errc::authentication_failed, "the remote's certificate has none of the certhashes that were dialled")
        );
        return is_proven;
    }
    // A client speaks SCTP as soon as it can. A server has to hear first how many streams the client wants.
    if (!was_established && dtls_.is_established() && role_ == Role::client && !association_) {
        auto associated = associate(dtls_.saw_cookie_request());
        if (!associated) {
            end(associated.error());
        }
    }
    return is_proven;
}

void WebRtcSession::on_packet(ByteView packet) {
    if (check_sctp_packet(packet) != SctpVerdict::pass) {
        return;
    }
    if (!association_) {
        const auto init = init_of(packet);
        if (!init) {
            return;
        }
        is_late_ = init->streams > kStreams && init->window == kWindowOfTheLate;
        auto associated = associate(init->streams > kStreams);
        if (!associated) {
            end(associated.error());
            return;
        }
    }
    if (streams_ != 0 && uses_stream_beyond(packet, streams_)) {
        end(Error(Errc::limit_exceeded, "webrtc: the remote has used up the numbers of its streams"));
        return;
    }
    const auto admitted = resets_.admit(packet);
    if (!admitted.empty()) {
        association_->receive(admitted);
    }
    process_held_reset();
}

void WebRtcSession::process_held_reset() {
    if (const auto request = resets_.take_due()) {
        association_->receive(*request);
    }
}

/// `is_spender`: see kStreamsForSpenders.
result<void> WebRtcSession::associate(bool is_spender) {
    is_spender_ = is_spender;
    is_not_rust_ = !is_spender || !proves_on_channel_0_;  // rust speaks no private WebRTC
    const auto streams = is_spender ? kStreamsForSpenders : kStreams;
    unacknowledged_limit_ = is_spender ? kUnacknowledgedForSpenders : kUnacknowledged;
    if (!memory_.hold(streams * kStreamMemory + kAssociationMemory)) {
        return memory_.refusal();
    }
    sctp_held_ = 0;
    fixed_memory_ = streams * kStreamMemory + kAssociationMemory;
    SctpOptions options;
    options.streams = streams;
    options.send_buffer = send_buffer_;
    options.receive_buffer = kAnnouncedWindow;
    options.path_mtu = packet_size();
    auto made = SctpAssociation::make(executor_, options, *this, driver_.now());
    if (!made) {
        return made.error();
    }
    association_ = std::move(*made);
    return association_->connect();
}

void WebRtcSession::look() {
    if (association_) {
        const auto association = association_;
        process_held_reset();
        association->look();
    } else {
        driver_.on_change();
    }
}

void WebRtcSession::on_looked() {
    settle_memory();
    check_backlog();
    finish_closing();
    erase_dead();
    driver_.on_change();
}

void WebRtcSession::on_established(std::uint16_t streams) {
    streams_ = streams;
    ids_.set_limit(streams);
    association_->set_receive_buffer(receive_buffer_);
    if (phase_ == Phase::handshake) {
        phase_ = Phase::open;
        silent_at_ = driver_.now() + kSilence;
    }
    if (handshake_ != nullptr) {
        wake(*handshake_, wake_reader | wake_writer);
    }
    pump();
}

void WebRtcSession::on_ended(Error why) {
    end(std::move(why));
}

void WebRtcSession::send_datagram(ByteView datagram) {
    driver_.send_datagram(datagram);
}

void WebRtcSession::send_packet(ByteView packet) noexcept {
    resets_.on_sent(packet);
    (void)dtls_.send(packet);  // fails once DTLS has ended, when nobody misses it
}

void WebRtcSession::on_all_acknowledged() {
    is_quiet_ = true;
    const auto now = driver_.now();
    for (auto& channel : ending_) {
        if (!channel.has_output() && !channel.reset_pending) {
            apply(channel, channel.state.on_acknowledged(now));
            bury_if_done(channel);
        }
    }
}

Clock::time_point WebRtcSession::deadline() const noexcept {
    if (phase_ == Phase::ended) {
        return Clock::time_point::max();
    }
    auto earliest = std::min({dtls_.next_time(), closing_until_, shrink_at_, patience_until_, silent_at_});
    return timers_.empty() ? earliest : std::min(earliest, timers_.begin()->timer);
}

void WebRtcSession::on_time() {
    if (phase_ == Phase::ended) {
        return;
    }
    const auto now = driver_.now();
    if (now >= dtls_.next_time()) {
        dtls_.on_time(now);
    }
    while (!timers_.empty() && timers_.begin()->timer <= now) {
        auto& channel = *timers_.begin();
        channel.timer_hook.unlink();
        if (channel.deadline <= now && !channel.expired) {
            channel.expired = true;
            wake(channel, wake_reader | wake_writer);
        }
        apply(channel, channel.state.on_time(now));
        bury_if_done(channel);
    }
    if (now >= patience_until_) {
        reset_hoarders();
    }
    if (now >= shrink_at_) {
        shrink_buffers();
    }
    if (now >= silent_at_) {
        silent_at_ = heard_ + kSilence;
        if (now >= silent_at_) {
            end(Error(asio::error::make_error_code(asio::error::timed_out), "the remote is gone"));
        }
    }
    finish_closing();
    erase_dead();
    driver_.on_change();
}

void WebRtcSession::close() {
    if (phase_ == Phase::ended || phase_ == Phase::closing) {
        return;
    }
    if (phase_ == Phase::handshake) {
        end(asio::error::make_error_code(asio::error::operation_aborted));
        return;
    }
    pump();
    phase_ = Phase::closing;
    closing_until_ = driver_.now() + kGoodbye;
    for (auto& channel : channels_) {
        channel.writer.left = 0;  // what was not taken is not sent
        wake(channel, wake_reader | wake_writer);
    }
    finish_closing();
}

void WebRtcSession::finish_closing() {
    if (phase_ != Phase::closing) {
        return;
    }
    const bool is_sent = is_quiet_ || association_->held().to_send == 0;
    if (is_sent || driver_.now() >= closing_until_) {
        dtls_.close();  // the goodbye; after it nobody hears how SCTP ends
        end(asio::error::make_error_code(asio::error::operation_aborted));
    }
}

void WebRtcSession::end(Error why) {
    if (phase_ == Phase::ended) {
        return;
    }
    phase_ = Phase::ended;
    error_ = std::move(why);
    if (association_) {
        association_->abort();
    }
    dtls_.close();
    memory_.shrink(send_buffer_ - kFirstBuffer);
    memory_.shrink(receive_buffer_ - kFirstBuffer);
    send_buffer_ = kFirstBuffer;
    receive_buffer_ = kFirstBuffer;
    memory_.release(std::exchange(sctp_held_, 0) + std::exchange(fixed_memory_, 0));
    ready_.clear();
    control_.clear();
    while (!accept_queue_.empty()) {
        auto& channel = accept_queue_.front();
        accept_queue_.pop_front();
        --accept_queue_size_;
        --open_count_;
        channel.queued_for_accept = false;
    }
    for (auto& channel : channels_) {
        channel.writer.left = 0;
        wake(channel, wake_reader | wake_writer);
        bury_if_done(channel);
    }
}

std::chrono::nanoseconds WebRtcSession::round_trip() const noexcept {
    return association_ ? association_->path().round_trip : std::chrono::nanoseconds();
}

// --- memory

/// Pays for what lies in SCTP's queues: sent and not acknowledged, or arrived and not whole.
void WebRtcSession::settle_memory() {
    if (!association_ || phase_ == Phase::ended) {
        return;
    }
    const auto held = association_->held();
    const auto now_held = held.to_send + held.received;
    if (now_held > sctp_held_ + kHeldStep) {
        if (!memory_.hold(now_held - sctp_held_)) {
            end(memory_.refusal());
            return;
        }
        sctp_held_ = now_held;
    } else if (now_held + kHeldStep < sctp_held_) {
        memory_.release(sctp_held_ - now_held);
        sctp_held_ = now_held;
    }
}

/// When a send has found no room: the buffer has to hold what the path holds, and as much again to follow.
void WebRtcSession::grow_send_buffer() {
    if (send_buffer_ >= kLargestBuffer || association_->path().congestion_window < send_buffer_ / 2 ||
        !memory_.grow(send_buffer_)) {
        return;
    }
    send_buffer_ *= 2;
    association_->set_send_buffer(send_buffer_);
    shrink_at_ = driver_.now() + kShrinkAfter;
}

/// When as much has arrived in a short time as the window allows, the window may be what holds it up.
void WebRtcSession::grow_receive_buffer(std::size_t arrived) {
    arrived_ += arrived;
    if (arrived_ < receive_buffer_) {
        return;
    }
    const auto now = driver_.now();
    const bool was_fast = now - epoch_ <= kGrowWithin;
    epoch_ = now;
    arrived_ = 0;
    if (was_fast && receive_buffer_ < kLargestBuffer && memory_.grow(receive_buffer_)) {
        receive_buffer_ *= 2;
        association_->set_receive_buffer(receive_buffer_);
    }
    if (receive_buffer_ > kFirstBuffer) {
        shrink_at_ = now + kShrinkAfter;
    }
}

void WebRtcSession::shrink_buffers() noexcept {
    shrink_at_ = Clock::time_point::max();
    if (!association_ || (association_->held().to_send > kFirstBuffer)) {
        shrink_at_ = driver_.now() + kShrinkAfter;
        return;
    }
    memory_.shrink(send_buffer_ - kFirstBuffer);
    memory_.shrink(receive_buffer_ - kFirstBuffer);
    send_buffer_ = kFirstBuffer;
    receive_buffer_ = kFirstBuffer;
    association_->set_send_buffer(send_buffer_);
    association_->set_receive_buffer(receive_buffer_);
}

}  // namespace libp2p::webrtc
