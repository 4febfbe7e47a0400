// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/candidate_json.hpp"

#include "transports/webrtc/private/json.hpp"

namespace libp2p::webrtc {

result<CandidateJson> parse_candidate_json(std::string_view text) {
    auto value = parse_json(text, kMaxCandidateJsonSize);
    if (!value) {
        return value.error().with_context("candidate");
    }
    CandidateJson candidate;
    if (value->is_null()) {
        return candidate;
    }
    const auto* member = value->is_object() ? value->as_object().if_contains("candidate") : &*value;
    if (member == nullptr || !member->is_string()) {
        return Error(Errc::protocol_violation, "candidate: the JSON has no text \"candidate\"");
    }
    candidate.candidate = std::string_view(member->as_string());
    return candidate;
}

std::string to_candidate_json(std::string_view candidate, std::string_view mid, std::string_view ufrag) {
    boost::json::object object;
    object["candidate"] = candidate;
    object["sdpMid"] = mid;
    object["sdpMLineIndex"] = 0;
    object["usernameFragment"] = ufrag;
    return boost::json::serialize(object);
}

}  // namespace libp2p::webrtc
