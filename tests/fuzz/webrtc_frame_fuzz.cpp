// SPDX-License-Identifier: MIT OR Apache-2.0

// Anything as the octets of a WebRTC stream. The first octet says how they are cut into slices; however that is, the
// same comes out. What comes out is written back and read again.

#include "proto/webrtc_frame.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

using namespace libp2p;
using namespace libp2p::webrtc;

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

/// What was said up to a flag.
struct Said {
    proto::Bytes payload;
    std::optional<Flag> flag;

    bool operator==(const Said&) const = default;
};

struct Outcome {
    std::vector<Said> said;
    bool failed = false;
    bool unfinished = false;
    std::string problem;

    bool operator==(const Outcome&) const = default;
};

Outcome read(proto::ByteView octets, std::size_t slice) {
    Outcome outcome;
    outcome.said.emplace_back();
    FrameReader reader;
    while (!octets.empty() && !outcome.failed) {
        auto input = octets.first(std::min(slice, octets.size()));
        octets = octets.subspan(input.size());
        for (;;) {
            const auto* from = input.data();
            const auto piece = reader.next(input);
            if (!piece) {
                outcome.failed = true;
                outcome.problem = reader.problem();
                require(reader.next(input).error() == piece.error());
                break;
            }
            if (!*piece) {
                require(input.empty());
                break;
            }
            const auto& payload = (*piece)->payload;
            require(payload.empty() == (*piece)->flag.has_value());
            require(payload.empty() || (payload.data() >= from && payload.data() + payload.size() == input.data()));
            auto& said = outcome.said.back();
            said.payload.insert(said.payload.end(), payload.begin(), payload.end());
            if ((*piece)->flag) {
                said.flag = (*piece)->flag;
                outcome.said.emplace_back();
            }
        }
    }
    outcome.unfinished = !outcome.failed && !reader.is_between_frames();
    return outcome;
}

proto::Bytes write(const std::vector<Said>& list) {
    proto::Bytes octets;
    for (const auto& said : list) {
        proto::ByteView payload = said.payload;
        do {
            const auto part = payload.first(std::min(payload.size(), max_payload(kMaxFrameSent)));
            payload = payload.subspan(part.size());
            const auto flag = payload.empty() ? said.flag : std::nullopt;
            if (part.empty() && !flag) {
                break;
            }
            const FrameHeader header(part.size(), flag);
            require(header.bytes().size() + part.size() <= kMaxFrameSent);
            octets.insert(octets.end(), header.bytes().begin(), header.bytes().end());
            octets.insert(octets.end(), part.begin(), part.end());
        } while (!payload.empty());
    }
    return octets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const proto::ByteView octets(data + 1, size - 1);
    const auto whole = read(octets, octets.size() + 1);
    require(whole == read(octets, 1));
    require(whole == read(octets, 2U + data[0]));
    const auto again = read(write(whole.said), 1 + size);
    require(again.said == whole.said && !again.failed && !again.unfinished);
    return 0;
}
