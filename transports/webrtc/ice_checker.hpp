// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/ice_credentials.hpp"
#include "transports/webrtc/stun_message.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace libp2p::webrtc {

/// The first check is repeated after this time, the next ones after twice the time before, up to the maximum. RFC 8445
/// says 500 ms to begin with; some listeners answer only the second request, and a network that takes longer is asked a
/// few times too often.
inline constexpr std::chrono::milliseconds kFirstCheckInterval{30};
inline constexpr std::chrono::milliseconds kMaxCheckInterval{500};

/// How often the remote is asked whether it still wants to be sent to (RFC 7675), a fifth more or less; sooner when an
/// answer is missing.
inline constexpr std::chrono::seconds kConsentInterval{15};
inline constexpr std::chrono::seconds kMissedConsentInterval{4};

/// How long the last answer counts.
inline constexpr std::chrono::seconds kConsentTimeout{30};

/// How long a remote that the system takes for gone has for an answer, and how often it is asked meanwhile.
inline constexpr std::chrono::seconds kDoubtTimeout{2};
inline constexpr std::chrono::milliseconds kDoubtInterval{250};

/// The ICE agent of a dialer, which knows one remote address and its credentials beforehand: sends checks, answers
/// those of a remote that is not lite, and keeps the consent fresh (RFC 8445, RFC 7675).
///
/// Every check nominates: there is no other pair to choose, and a remote that has to see a check of its own succeed
/// first gets another one right after that. It does no I/O and reads no clock; `now` never goes back. Start with
/// `next_check`, and call it at `next_time` again. Give all STUN from the remote to `receive`, send the answer, look at
/// `next_time`. It never gives up on the first answer: the caller has a deadline for the whole dial.
class IceChecker {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    enum class State : std::uint8_t {
        checking,
        connected,
        lost,  ///< no answer for `kConsentTimeout`, or in doubt: nothing may be sent any more
    };

    /// `remote` is the listener's address, in any notation. `tie_breaker` decides, should the remote take itself for
    /// the controlling side too; random.
    IceChecker(DialerCredentials credentials, const Endpoint& remote, std::uint64_t tie_breaker, TimePoint now);

    /// Writes the check that is due, if one is, to `out`, which has `kMaxStunSent` octets. Returns its size, to be sent
    /// to the remote, else 0.
    std::size_t next_check(TimePoint now, MutableByteView out) noexcept;

    struct Received {
        std::size_t answer_size = 0;  ///< of the answer in `out`, to be sent to the remote; 0 for none
        bool is_connected = false;    ///< this was the first good answer
    };

    /// Takes a datagram that `classify` takes for STUN. What is not from the remote, not for us or not signed is
    /// ignored. It may move `next_time`.
    Received receive(ByteView datagram, const Endpoint& source, TimePoint now, MutableByteView out) noexcept;

    /// The system says that nobody is there any more. Anybody can make it say so, so the remote is asked at once;
    /// without an answer within `kDoubtTimeout` it is lost. True when that moved `next_time`.
    bool doubt(TimePoint now) noexcept;
    bool is_in_doubt() const noexcept { return is_in_doubt_; }

    /// When `next_check` has to be called, to send or to see that the remote is lost; `TimePoint::max()` once it is.
    TimePoint next_time() const noexcept;

    State state() const noexcept { return state_; }
    IceRole role() const noexcept { return role_; }

    /// Where the remote sees us, as of its last answer; valid once connected.
    const Endpoint& mapped() const noexcept { return mapped_; }

private:
    /// Answers to the latest checks count. As many reach four seconds back even while they come fast.
    static constexpr std::size_t kMaxOutstanding = 12;

    /// How often the remote can hurry our next check, so that two agents do not keep each other busy.
    static constexpr int kMaxTriggered = 4;

    std::size_t on_request(ByteView datagram, TimePoint now, MutableByteView out) noexcept;
    void on_success(const Endpoint& mapped, TimePoint now) noexcept;
    void switch_role(TimePoint now) noexcept;
    void hurry(TimePoint now) noexcept;

    DialerCredentials credentials_;
    Endpoint remote_;
    Endpoint mapped_;
    std::uint64_t tie_breaker_;
    std::array<TransactionId, kMaxOutstanding> outstanding_{};
    std::size_t sent_ = 0;       // checks so far; the latest are in `outstanding_`
    std::size_t forgotten_ = 0;  // the first so many of them count no more
    int triggered_ = 0;
    bool is_in_doubt_ = false;
    IceRole role_ = IceRole::controlling;
    State state_ = State::checking;
    std::chrono::milliseconds interval_ = kFirstCheckInterval;
    TimePoint next_check_;
    TimePoint consent_until_ = TimePoint::max();
};

}  // namespace libp2p::webrtc
