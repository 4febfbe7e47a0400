// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace libp2p::webrtc {

/// Longest JSON of a candidate that is read, in octets.
inline constexpr std::size_t kMaxCandidateJsonSize = 4096;

/// What `RTCIceCandidate.toJSON` of the W3C's WebRTC gives. Its other members say which section a candidate is of;
/// there is only one.
struct CandidateJson {
    std::string candidate;  ///< "candidate:…", not parsed; empty: no more follow

    bool is_end() const noexcept { return candidate.empty(); }
};

/// Reads the JSON of a candidate in the forms that peers write: unknown members are skipped, and `null` or an empty
/// text stand for the end. Fails with `Errc::protocol_violation`.
result<CandidateJson> parse_candidate_json(std::string_view text);

/// `candidate` is "candidate:…"; `mid` the section's name; `ufrag` the sender's.
std::string to_candidate_json(std::string_view candidate, std::string_view mid, std::string_view ufrag);

}  // namespace libp2p::webrtc
