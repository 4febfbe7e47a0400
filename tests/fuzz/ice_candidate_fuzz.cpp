// SPDX-License-Identifier: MIT OR Apache-2.0

// Any text as a candidate, alone and in JSON, and what the filter says of it. What is let through is written back, and
// reads the same; it never leads to what is no host.

#include "transports/webrtc/private/candidate_filter.hpp"
#include "transports/webrtc/private/candidate_json.hpp"
#include "transports/webrtc/private/ice_candidate.hpp"

#include <cstdlib>

using namespace libp2p;
using namespace libp2p::webrtc;

namespace {

void check(std::string_view text) {
    const auto candidate = parse_ice_candidate(text);
    if (!candidate) {
        return;
    }
    CandidateFilter filter({});
    if (filter.check(*candidate) != CandidateFilter::Verdict::contact) {
        return;
    }
    const auto back = parse_ice_candidate(to_string(*candidate));
    if (!back || *back != *candidate || scope_of(*candidate->address) != AddressScope::global) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(text);
    const auto json = parse_candidate_json(text);
    if (json) {
        check(json->candidate);
    }
    return 0;
}
