// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/signalling_exchange.hpp"

#include "transports/webrtc/private/candidate_json.hpp"

#include <utility>

namespace libp2p::webrtc {

using Type = SignallingMessage::Type;
using Setup = SessionDescription::Setup;
using DtlsRole = crypto::DtlsSession::Role;

result<SignallingExchange::Heard> SignallingExchange::on_message(const SignallingMessage& message) {
    if (++messages_ > kMaxMessages) {
        return Error(
            Errc::limit_exceeded, "signalling: more than " + std::to_string(kMaxMessages) + " messages of the remote"
        );
    }
    switch (message.type) {
        case Type::offer:
        case Type::answer: return on_description(message);
        case Type::candidate:
        case Type::done: break;
    }
    if (role_ == Role::answerer && !has_description_) {
        return Error(Errc::protocol_violation, "signalling: the first message is no offer");
    }
    return on_candidate(message);
}

result<SignallingExchange::Heard> SignallingExchange::on_description(const SignallingMessage& message) {
    const auto expected = role_ == Role::offerer ? Type::answer : Type::offer;
    if (message.type != expected || std::exchange(has_description_, true)) {
        return Error(
            Errc::protocol_violation,
            message.type == Type::offer ? "signalling: an offer that nobody expects"
                                        : "signalling: an answer that nobody expects"
        );
    }
    auto description = parse_session_description(message.data);
    if (!description) {
        return description.error();
    }
    auto role = dtls_role(role_, description->setup);
    if (!role) {
        return role.error();
    }
    Heard heard;
    for (const auto& text : description->candidates) {
        auto candidate = parse_ice_candidate(text);
        if (!candidate) {
            return candidate.error();
        }
        heard.candidates.push_back(std::move(*candidate));
    }
    for (auto& candidate : early_) {
        heard.candidates.push_back(std::move(candidate));
    }
    early_.clear();
    heard.is_end = description->is_end_of_candidates || is_early_end_;
    heard.description = std::move(*description);
    return heard;
}

result<SignallingExchange::Heard> SignallingExchange::on_candidate(const SignallingMessage& message) {
    Heard heard;
    heard.is_end = message.type == Type::done;
    if (!heard.is_end) {
        auto json = parse_candidate_json(message.data);
        if (!json) {
            return json.error();
        }
        heard.is_end = json->is_end();
        if (!heard.is_end) {
            auto candidate = parse_ice_candidate(json->candidate);
            if (!candidate) {
                return candidate.error();
            }
            heard.candidates.push_back(std::move(*candidate));
        }
    }
    if (has_description_) {
        return heard;
    }
    if (early_.size() + heard.candidates.size() > kMaxEarlyCandidates) {
        return Error(
            Errc::limit_exceeded,
            "signalling: more than " + std::to_string(kMaxEarlyCandidates) + " candidates before the answer"
        );
    }
    early_.insert(early_.end(), heard.candidates.begin(), heard.candidates.end());
    is_early_end_ = is_early_end_ || heard.is_end;
    return Heard();
}

result<DtlsRole> SignallingExchange::dtls_role(Role role, Setup remote) {
    switch (remote) {
        case Setup::active: return DtlsRole::server;
        case Setup::passive: return DtlsRole::client;
        case Setup::actpass: break;
    }
    if (role == Role::answerer) {
        return DtlsRole::client;
    }
    return Error(Errc::protocol_violation, "signalling: the answer does not say who begins with DTLS");
}

Setup SignallingExchange::answer_to(Setup offered) noexcept {
    return offered == Setup::active ? Setup::passive : Setup::active;
}

}  // namespace libp2p::webrtc
