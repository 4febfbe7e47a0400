// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/dtls.hpp"
#include "transports/webrtc/private/ice_candidate.hpp"
#include "transports/webrtc/private/session_description.hpp"

#include <libp2p/signalling.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace libp2p::webrtc {

/// What the messages of a remote mean, in their order: one description, which decides the roles, and any number of
/// candidates up to a bound. The offerer has sent its offer before. Sans-io.
class SignallingExchange {
public:
    enum class Role : std::uint8_t { offerer, answerer };

    /// Messages of one remote that are read.
    static constexpr std::size_t kMaxMessages = 256;

    /// Candidates that may overtake the answer.
    static constexpr std::size_t kMaxEarlyCandidates = 32;

    explicit SignallingExchange(Role role) noexcept : role_(role) {}

    struct Heard {
        std::optional<SessionDescription> description;  ///< the remote's, once
        std::vector<IceCandidate> candidates;           ///< behind the description; to be filtered
        bool is_end = false;                            ///< no candidates will follow
    };

    /// Fails with `Errc::protocol_violation` for what does not belong here, and with `Errc::limit_exceeded` past a
    /// bound.
    result<Heard> on_message(const SignallingMessage& message);

    bool has_description() const noexcept { return has_description_; }

    /// Who begins with DTLS, by what the remote's description says. Fails with `Errc::protocol_violation` where an
    /// answer leaves that open.
    static result<crypto::DtlsSession::Role> dtls_role(Role role, SessionDescription::Setup remote);

    /// What the answer to `offered` says.
    static SessionDescription::Setup answer_to(SessionDescription::Setup offered) noexcept;

private:
    result<Heard> on_description(const SignallingMessage& message);
    result<Heard> on_candidate(const SignallingMessage& message);

    Role role_;
    std::size_t messages_ = 0;
    std::vector<IceCandidate> early_;
    bool is_early_end_ = false;
    bool has_description_ = false;
};

}  // namespace libp2p::webrtc
