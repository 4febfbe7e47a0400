// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/sctp_stack.hpp"

#include "transports/webrtc/sctp_association.hpp"

#include <boost/asio/post.hpp>

#include <usrsctp.h>

#include <limits>
#include <new>

namespace libp2p::webrtc {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// Packets that wait for the owner of one association. Beyond them they are lost, as packets may be.
constexpr std::size_t kMaxWaiting = 256;

}  // namespace

/// Everything global of usrsctp; what differs between associations is set on their sockets.
SctpStack::SctpStack() {
    usrsctp_init_nothreads(0, SctpAssociation::on_packet, nullptr);
    usrsctp_enable_crc32c_offload();  // DTLS has proved what comes; what goes is filled in by on_packet
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_auth_enable(0);
    usrsctp_sysctl_set_sctp_nrsack_enable(0);
    usrsctp_sysctl_set_sctp_pktdrop_enable(0);
    usrsctp_sysctl_set_sctp_pr_enable(1);
    usrsctp_sysctl_set_sctp_blackhole(2);  // what concerns nobody is not answered
    usrsctp_sysctl_set_sctp_max_chunks_on_queue(10 * 1024);
    usrsctp_sysctl_set_sctp_max_burst_default(0);
    // Each association says for itself what its window is, which takes a first one without end (CongestionControl).
    usrsctp_sysctl_set_sctp_default_cc_module(SCTP_CC_RFC2581);
    usrsctp_sysctl_set_sctp_initial_cwnd(std::numeric_limits<std::uint16_t>::max());
    usrsctp_sysctl_set_sctp_delayed_sack_time_default(20);
    usrsctp_sysctl_set_sctp_rto_min_default(200);
    usrsctp_sysctl_set_sctp_rto_initial_default(500);
    usrsctp_sysctl_set_sctp_rto_max_default(10'000);
    usrsctp_sysctl_set_sctp_init_rto_max_default(2'000);
    usrsctp_sysctl_set_sctp_init_rtx_max_default(8);
    usrsctp_sysctl_set_sctp_assoc_rtx_max_default(8);
    usrsctp_sysctl_set_sctp_path_rtx_max_default(8);
    usrsctp_sysctl_set_sctp_heartbeat_interval_default(10'000);
}

SctpStack& SctpStack::instance() {
    static auto& stack = *new SctpStack;  // never destroyed: usrsctp cannot be, while a late association exists
    return stack;
}

void SctpStack::advance(std::chrono::steady_clock::time_point now) {
    milliseconds elapsed{};
    {
        std::lock_guard lock(mutex_);
        if (mailboxes_.empty()) {
            return;
        }
        elapsed = duration_cast<milliseconds>(now - time_);
        if (elapsed < milliseconds(1)) {
            return;
        }
        time_ += elapsed;
    }
    usrsctp_handle_timers(static_cast<std::uint32_t>(elapsed.count()));
}

std::size_t SctpStack::size() const {
    std::lock_guard lock(mutex_);
    return mailboxes_.size();
}

std::uintptr_t SctpStack::add(
    std::weak_ptr<SctpAssociation> owner, asio::any_io_executor executor, std::chrono::steady_clock::time_point now
) {
    std::lock_guard lock(mutex_);
    if (mailboxes_.empty()) {
        time_ = now;
    }
    auto number = ++last_number_;
    mailboxes_.emplace(number, Mailbox{{}, false, std::move(executor), std::move(owner)});
    usrsctp_register_address(reinterpret_cast<void*>(number));  // NOLINT(performance-no-int-to-ptr)
    return number;
}

void SctpStack::remove(std::uintptr_t number) noexcept {
    usrsctp_deregister_address(reinterpret_cast<void*>(number));  // NOLINT(performance-no-int-to-ptr)
    std::lock_guard lock(mutex_);
    mailboxes_.erase(number);
}

std::vector<Bytes> SctpStack::collect(std::uintptr_t number) noexcept {
    std::lock_guard lock(mutex_);
    auto found = mailboxes_.find(number);
    if (found == mailboxes_.end()) {
        return {};
    }
    found->second.called = false;
    return std::exchange(found->second.packets, {});
}

/// What the owner has to look at; a packet, where there is one, is for the remote.
void SctpStack::leave(std::uintptr_t number, ByteView packet) noexcept {
    try {
        std::lock_guard lock(mutex_);
        auto found = mailboxes_.find(number);
        if (found == mailboxes_.end()) {
            return;
        }
        auto& mailbox = found->second;
        if (!packet.empty() && mailbox.packets.size() < kMaxWaiting) {
            mailbox.packets.emplace_back(packet.begin(), packet.end());
        }
        if (mailbox.called) {
            return;
        }
        asio::post(mailbox.executor, [owner = mailbox.owner] {
            if (auto association = owner.lock()) {
                association->look();
            }
        });
        mailbox.called = true;
    } catch (const std::bad_alloc&) {
        // Lost, as packets may be; the owner looks again with the next one.
    }
}

void SctpTicker::start() {
    if (++users_ == 1) {
        arm();
    }
}

void SctpTicker::stop() noexcept {
    if (--users_ == 0) {
        timer_.cancel();
    }
}

void SctpTicker::arm() {
    timer_.expires_after(SctpStack::kTick);
    timer_.async_wait([weak = weak_from_this()](error_code ec) {
        auto self = weak.lock();
        if (ec || !self || self->users_ == 0) {
            return;
        }
        SctpStack::instance().advance(std::chrono::steady_clock::now());
        self->arm();
    });
}

}  // namespace libp2p::webrtc
