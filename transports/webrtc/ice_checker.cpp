// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/ice_checker.hpp"

#include "libp2p/crypto/random.hpp"

#include <boost/assert.hpp>

#include <algorithm>

namespace libp2p::webrtc {
namespace {

/// RFC 8445, 5.1.2.1, for a peer-reflexive candidate, the only one.
constexpr std::uint32_t kPriority = 110U << 24 | 65'535U << 8 | 255U;

/// Between four and six fifths of `time`: agents that started together do not go on together.
std::chrono::milliseconds about(std::chrono::milliseconds time) noexcept {
    const auto fifth = static_cast<std::uint64_t>(time.count()) / 5;
    return time - std::chrono::milliseconds(fifth) +
           std::chrono::milliseconds(crypto::random_uint64() % (2 * fifth + 1));
}

}  // namespace

IceChecker::IceChecker(DialerCredentials credentials, const Endpoint& remote, std::uint64_t tie_breaker, TimePoint now)
    : credentials_(std::move(credentials)), remote_(unmapped(remote)), tie_breaker_(tie_breaker), next_check_(now) {}

std::size_t IceChecker::next_check(TimePoint now, MutableByteView out) noexcept {
    if (state_ != State::lost && now >= consent_until_) {
        state_ = State::lost;
    }
    if (state_ == State::lost || now < next_check_) {
        return 0;
    }
    BindingRequest request;
    crypto::random_bytes(request.transaction);
    request.username = credentials_.outbound_username();
    request.priority = kPriority;
    request.role = role_;
    request.tie_breaker = tie_breaker_;
    request.use_candidate = role_ == IceRole::controlling;
    outstanding_.at(sent_ % kMaxOutstanding) = request.transaction;
    ++sent_;
    if (state_ == State::checking) {
        next_check_ = now + interval_;
        interval_ = std::min(2 * interval_, kMaxCheckInterval);
    } else {
        next_check_ = now + about(std::min<std::chrono::milliseconds>(interval_, kMissedConsentInterval));
    }
    const auto size = write_binding_request(out, request, credentials_.server_ufrag());
    BOOST_ASSERT(size > 0);
    return size;
}

IceChecker::Received IceChecker::receive(
    ByteView datagram, const Endpoint& source, TimePoint now, MutableByteView out
) noexcept {
    Received received;
    if (state_ == State::lost || unmapped(source) != remote_) {
        return received;
    }
    const auto transaction = peek_response(datagram);
    if (!transaction) {
        received.answer_size = on_request(datagram, now, out);
        return received;
    }
    const auto oldest = std::max(forgotten_, sent_ - std::min(sent_, kMaxOutstanding));
    for (auto i = sent_; i > oldest; --i) {
        if (outstanding_.at((i - 1) % kMaxOutstanding) != *transaction) {
            continue;
        }
        const auto response = read_binding_response(datagram, *transaction, credentials_.server_ufrag());
        if (response && response->error_code == 0) {
            received.is_connected = state_ == State::checking;
            forgotten_ = i;  // an answer counts once
            on_success(response->mapped, now);
        } else if (response && response->error_code == kRoleConflict) {
            tie_breaker_ = crypto::random_uint64();
            switch_role(now);
        }
        break;
    }
    return received;
}

bool IceChecker::doubt(TimePoint now) noexcept {
    if (state_ != State::connected || is_in_doubt_) {
        return false;
    }
    is_in_doubt_ = true;
    interval_ = kDoubtInterval;
    next_check_ = now;
    consent_until_ = std::min(consent_until_, now + kDoubtTimeout);
    return true;
}

IceChecker::TimePoint IceChecker::next_time() const noexcept {
    return state_ == State::lost ? TimePoint::max() : std::min(next_check_, consent_until_);
}

std::size_t IceChecker::on_request(ByteView datagram, TimePoint now, MutableByteView out) noexcept {
    const auto username = peek_username(datagram);
    if (!username || *username != credentials_.inbound_username()) {
        return 0;
    }
    const auto& password = credentials_.password();
    const auto request = read_binding_request(datagram, password);
    if (!request) {
        return 0;
    }
    if (request->role == role_) {  // RFC 8445, 7.3.1.1
        const bool we_win = tie_breaker_ >= request->tie_breaker;
        if (we_win == (role_ == IceRole::controlling)) {
            return write_role_conflict(out, request->transaction, password);
        }
        switch_role(now);
    }
    // Our answer makes the pair valid at the remote, which may not have taken our nomination before.
    hurry(now);
    return write_binding_response(out, request->transaction, remote_, password);
}

void IceChecker::on_success(const Endpoint& mapped, TimePoint now) noexcept {
    if (state_ == State::checking) {
        state_ = State::connected;
        interval_ = kFirstCheckInterval;
    } else {
        // The first ones come soon, to repeat a nomination that came too early.
        interval_ = std::min<std::chrono::milliseconds>(4 * interval_, kConsentInterval);
    }
    if (next_check_ > now) {
        next_check_ = now + about(interval_);
    }
    is_in_doubt_ = false;
    mapped_ = mapped;
    consent_until_ = now + kConsentTimeout;
}

void IceChecker::switch_role(TimePoint now) noexcept {
    role_ = role_ == IceRole::controlling ? IceRole::controlled : IceRole::controlling;
    forgotten_ = sent_;  // they were sent in the other role: one conflict changes it once
    hurry(now);
}

void IceChecker::hurry(TimePoint now) noexcept {
    if (triggered_ < kMaxTriggered) {
        ++triggered_;
        next_check_ = std::min(next_check_, now);
    }
}

}  // namespace libp2p::webrtc
