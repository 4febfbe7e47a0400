// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/private/candidate_filter.hpp"
#include "transports/webrtc/private/ice_path.hpp"
#include "transports/webrtc/private/private_endpoint.hpp"
#include "transports/webrtc/private/signalling_exchange.hpp"
#include "transports/webrtc/private/signalling_talk.hpp"

#include <libp2p/waiter.hpp>

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace libp2p::webrtc {

/// One attempt: from a pipe to an open session. Offer and answer go out first, candidates behind them as they are
/// found; the remote's are tried as they come. Who closes the pipe first does not matter.
class Negotiation final : public std::enable_shared_from_this<Negotiation>, private SignallingTalk::Listener {
public:
    using Role = SignallingExchange::Role;

    /// How long a session may take to open once the pipe has broken; a remote that is connected may have done that.
    static constexpr std::chrono::seconds kGrace{5};
    /// What lies between ICE and our ClientHello, when we have answered libdatachannel: it begins with ICE a moment
    /// before it keeps the answer's fingerprint, and refuses every certificate in between. On a busy machine that
    /// costs one dial in ten.
    static constexpr std::chrono::milliseconds kSettling{50};

    Negotiation(
        std::shared_ptr<PrivateEndpoint> endpoint,
        Role role,
        std::unique_ptr<SignallingPipe> pipe,
        ConnectionScope& scope
    );

    /// Called once. The caller bounds the time; when it fails or is cancelled nothing is left but what ends by itself
    /// in the executor's next turns.
    awaitable<result<std::shared_ptr<WebRtcCore>>> run();

    /// How far it has come, in words, for a timeout.
    std::string story() const;

private:
    class Guard;

    // SignallingTalk::Listener
    void on_message(const SignallingMessage& message) override;
    void on_silence(const Error& why) override;

    awaitable<result<void>> prepare();
    result<IcePath::Charges> pay_for_agent(const IceOptions& options);
    awaitable<result<void>> exchange();
    awaitable<result<void>> open();
    awaitable<result<void>> settle();
    void say(SignallingMessage::Type type, SessionDescription::Setup setup);
    void consider(std::vector<IceCandidate> candidates);
    void give_up_after_grace();
    void fail(Error why);
    void end(Error why);

    std::shared_ptr<PrivateEndpoint> endpoint_;  // shared with the transport, which may go first
    ConnectionScope& scope_;
    Role role_;
    std::shared_ptr<SignallingTalk> talk_;
    bool is_vouched_for_;
    SignallingExchange exchange_;
    std::shared_ptr<IcePath> path_;
    std::shared_ptr<WebRtcCore> core_;
    std::optional<SessionDescription> remote_;
    std::optional<CandidateFilter> filter_;  ///< once candidates can be taken
    std::vector<IceCandidate> early_;        ///< came before that; `SignallingExchange::kMaxMessages` bounds them
    bool is_end_ = false;
    std::string mid_ = "0";
    std::string ufrag_;
    std::size_t heard_ = 0;  ///< candidates of the remote
    Error failure_;
    Waiter progress_;
    asio::steady_timer grace_;
    asio::steady_timer settling_;
};

}  // namespace libp2p::webrtc
