// SPDX-License-Identifier: MIT OR Apache-2.0

// Both roles of multistream-select, fed with anything. The first octet chooses the role and how the input is cut.
// However it is cut, the outcome is the same, and nothing is kept, sent or read past the bounds.

#include "proto/multistream.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace {

using libp2p::multistream::Negotiator;
namespace multistream = libp2p::multistream;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

struct Outcome {
    Negotiator::State state;
    std::string protocol;
    std::string output;
    std::size_t taken;

    bool operator==(const Outcome&) const = default;
};

Outcome run(Negotiator negotiator, std::span<const std::uint8_t> input, std::size_t step, bool exact) {
    Outcome outcome{};
    outcome.output = negotiator.take_output();
    while (outcome.taken < input.size() && negotiator.state() == Negotiator::State::negotiating) {
        const auto wanted = negotiator.wanted();
        require(wanted > 0 && wanted <= multistream::kMaxMessageSize + 64);
        auto part = input.subspan(outcome.taken);
        part = part.first(std::min({part.size(), step, exact ? wanted : part.size()}));
        const auto taken = negotiator.consume(part);
        require(taken <= part.size());
        require(taken == part.size() || negotiator.state() != Negotiator::State::negotiating);
        outcome.taken += taken;
        outcome.output += negotiator.take_output();
    }
    outcome.state = negotiator.state();
    outcome.protocol = negotiator.protocol();
    require((negotiator.wanted() == 0) == (outcome.state != Negotiator::State::negotiating));
    require(outcome.taken <= multistream::kMaxOctets);
    require(outcome.output.size() <= multistream::kMaxListSize + multistream::kMaxRounds * 1100);
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto mode = data[0];
    const std::span<const std::uint8_t> input(data + 1, size - 1);
    const std::vector<std::string> proposals{"/noise", "/a", std::string(200, 'x')};
    const Negotiator::Supports supports = [](std::string_view name) { return name == "/noise" || name.size() > 150; };
    const Negotiator::List list = [&] { return proposals; };
    auto make = [&] {
        return mode % 2 == 0 ? Negotiator::initiator(std::span(proposals).first(1U + mode / 2U % 3U))
                             : Negotiator::responder(supports, list);
    };
    const auto whole = run(make(), input, input.size() + 1, false);
    require(whole == run(make(), input, 1, false));
    require(whole == run(make(), input, 1U + mode / 8U, false));
    auto exact = run(make(), input, input.size() + 1, true);
    require(whole == exact);
    if (whole.state == Negotiator::State::agreed) {
        require(multistream::is_valid_name(whole.protocol));
        require(
            mode % 2 == 0 ? std::find(proposals.begin(), proposals.end(), whole.protocol) != proposals.end()
                          : supports(whole.protocol)
        );
    }
    return 0;
}
