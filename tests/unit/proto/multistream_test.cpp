// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/multistream.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace libp2p::multistream {
namespace {

using State = Negotiator::State;

std::span<const std::uint8_t> octets(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string hex(std::string_view text) {
    std::string out;
    for (auto c : octets(text)) {
        out += "0123456789abcdef"[c / 16];
        out += "0123456789abcdef"[c % 16];
    }
    return out;
}

const std::string kHello = encode_message(kHeader);

const Negotiator::Supports kSupportsEcho = [](std::string_view name) { return name == "/echo/1.0.0"; };
const Negotiator::List kNoList;

Negotiator echo_responder() {
    return Negotiator::responder(kSupportsEcho, kNoList);
}

/// Feeds `input` as the driver does: never more than is wanted. Returns what was not read.
std::string_view feed_exactly(Negotiator& negotiator, std::string_view input, std::string& output) {
    while (negotiator.wanted() > 0 && !input.empty()) {
        const auto count = std::min(negotiator.wanted(), input.size());
        EXPECT_EQ(negotiator.consume(octets(input.substr(0, count))), count);
        output += negotiator.take_output();
        input.remove_prefix(count);
    }
    return input;
}

TEST(Multistream, EncodesTheFixedMessages) {
    EXPECT_EQ(hex(encode_message("/multistream/1.0.0")), "132f6d756c746973747265616d2f312e302e300a");
    EXPECT_EQ(hex(encode_message("/noise")), "072f6e6f6973650a");
    EXPECT_EQ(hex(encode_message("/tls/1.0.0")), "0b2f746c732f312e302e300a");
    EXPECT_EQ(hex(encode_message("/yamux/1.0.0")), "0d2f79616d75782f312e302e300a");
    EXPECT_EQ(hex(encode_message("/ipfs/ping/1.0.0")), "112f697066732f70696e672f312e302e300a");
    EXPECT_EQ(hex(encode_message("na")), "036e610a");
    EXPECT_EQ(hex(encode_message("ls")), "036c730a");
    EXPECT_EQ(hex(encode_message(std::string(126, 'x'))).substr(0, 4), "7f78");
    EXPECT_EQ(hex(encode_message(std::string(127, 'x'))).substr(0, 6), "800178");
    EXPECT_EQ(hex(encode_message(std::string(300, 'x'))).substr(0, 6), "ad0278");
}

TEST(Multistream, TellsWhatCanBeAName) {
    EXPECT_TRUE(is_valid_name("/noise"));
    EXPECT_TRUE(is_valid_name(std::string(kMaxNameSize, 'x')));
    EXPECT_FALSE(is_valid_name(std::string(kMaxNameSize + 1, 'x')));
    EXPECT_FALSE(is_valid_name(""));
    EXPECT_FALSE(is_valid_name("na"));
    EXPECT_FALSE(is_valid_name("ls"));
    EXPECT_FALSE(is_valid_name("/a\n"));
}

TEST(Multistream, InitiatorPutsHeaderAndFirstProposalTogether) {
    const std::vector<std::string> proposals{"/noise", "/tls/1.0.0"};
    auto initiator = Negotiator::initiator(proposals);
    EXPECT_TRUE(initiator.is_between_messages());
    EXPECT_EQ(initiator.take_output(), kHello + encode_message("/noise"));
    EXPECT_FALSE(initiator.has_output());
    EXPECT_EQ(initiator.wanted(), 24U);  // the header and, at least, "na"
}

TEST(Multistream, InitiatorTakesTheEcho) {
    const std::vector<std::string> proposals{"/noise"};
    auto initiator = Negotiator::initiator(proposals);
    initiator.take_output();
    const auto answer = kHello + encode_message("/noise");
    EXPECT_EQ(initiator.consume(octets(answer)), answer.size());
    EXPECT_EQ(initiator.state(), State::agreed);
    EXPECT_EQ(initiator.protocol(), "/noise");
    EXPECT_FALSE(initiator.has_output());
    EXPECT_EQ(initiator.wanted(), 0U);
}

TEST(Multistream, InitiatorGoesThroughItsProposals) {
    const std::vector<std::string> proposals{"/a", "/b", "/c"};
    auto initiator = Negotiator::initiator(proposals);
    EXPECT_EQ(initiator.take_output(), kHello + encode_message("/a"));
    initiator.consume(octets(kHello + encode_message("na")));
    EXPECT_EQ(initiator.take_output(), encode_message("/b"));
    initiator.consume(octets(encode_message("na")));
    EXPECT_EQ(initiator.take_output(), encode_message("/c"));
    EXPECT_EQ(initiator.state(), State::negotiating);
    initiator.consume(octets(encode_message("/c")));
    EXPECT_EQ(initiator.state(), State::agreed);
    EXPECT_EQ(initiator.protocol(), "/c");
}

TEST(Multistream, InitiatorRunsOutOfProposals) {
    const std::vector<std::string> proposals{"/a", "/b"};
    auto initiator = Negotiator::initiator(proposals);
    initiator.consume(octets(kHello + encode_message("na")));
    initiator.take_output();
    initiator.consume(octets(encode_message("na")));
    EXPECT_EQ(initiator.state(), State::refused);
    EXPECT_EQ(initiator.refused(), "/b");
    EXPECT_EQ(initiator.wanted(), 0U);
    EXPECT_FALSE(initiator.has_output());
}

TEST(Multistream, InitiatorWithoutProposalsIsRefusedAtOnce) {
    EXPECT_EQ(Negotiator::initiator({}).state(), State::refused);
}

TEST(Multistream, InitiatorRefusesAnAnswerThatWasNotProposed) {
    const std::vector<std::string> proposals{"/a", "/b"};
    for (const auto* answer : {"/b", "/c", "/a/", "/", "ls", "/multistream/1.0.0", "NA"}) {
        auto initiator = Negotiator::initiator(proposals);
        initiator.consume(octets(kHello + encode_message(answer)));
        EXPECT_EQ(initiator.state(), State::violated) << answer;
    }
    // An earlier proposal that the remote has refused already.
    auto initiator = Negotiator::initiator(proposals);
    initiator.consume(octets(kHello + encode_message("na") + encode_message("/a")));
    EXPECT_EQ(initiator.state(), State::violated);
}

TEST(Multistream, ResponderPutsHeaderAndEchoTogether) {
    auto responder = echo_responder();
    EXPECT_FALSE(responder.has_output());
    EXPECT_EQ(responder.wanted(), 23U);  // the header and, at least, a name of one character
    responder.consume(octets(kHello + encode_message("/echo/1.0.0")));
    EXPECT_EQ(responder.state(), State::agreed);
    EXPECT_EQ(responder.protocol(), "/echo/1.0.0");
    EXPECT_EQ(responder.take_output(), kHello + encode_message("/echo/1.0.0"));
}

TEST(Multistream, ResponderGreetsADialerThatWaitsForIt) {
    auto responder = echo_responder();
    responder.consume(octets(kHello));
    EXPECT_TRUE(responder.is_between_messages());
    EXPECT_EQ(responder.take_output(), kHello);
    EXPECT_EQ(responder.wanted(), 3U);
}

TEST(Multistream, ResponderRefusesUntilItKnowsOne) {
    auto responder = echo_responder();
    responder.consume(octets(kHello + encode_message("/a") + encode_message("na") + encode_message("/echo/1.0.0")));
    EXPECT_EQ(responder.state(), State::agreed);
    EXPECT_EQ(
        responder.take_output(), kHello + encode_message("na") + encode_message("na") + encode_message("/echo/1.0.0")
    );
    EXPECT_EQ(responder.refused(), "na");
}

TEST(Multistream, ResponderListsOnce) {
    const Negotiator::List list = [] { return std::vector<std::string>{"/noise", "/yamux/1.0.0"}; };
    auto responder = Negotiator::responder(kSupportsEcho, list);
    responder.consume(octets(kHello + encode_message("ls") + encode_message("ls")));
    EXPECT_EQ(
        hex(responder.take_output()).substr(hex(kHello).size()),
        "17072f6e6f6973650a0d2f79616d75782f312e302e300a0a"
        "036e610a"
    );
    EXPECT_EQ(responder.state(), State::negotiating);
}

TEST(Multistream, ResponderWithoutAListAnswersNa) {
    for (const auto& list : {Negotiator::List(), Negotiator::List([] { return std::vector<std::string>(); })}) {
        auto responder = Negotiator::responder(kSupportsEcho, list);
        responder.consume(octets(kHello + encode_message("ls")));
        EXPECT_EQ(responder.take_output(), kHello + encode_message("na"));
    }
}

TEST(Multistream, ListIsBounded) {
    const Negotiator::List list = [] { return std::vector<std::string>(1000, std::string(200, 'x')); };
    auto responder = Negotiator::responder(kSupportsEcho, list);
    responder.consume(octets(kHello + encode_message("ls")));
    const auto output = responder.take_output();
    EXPECT_GT(output.size(), kMaxListSize - 300);
    EXPECT_LE(output.size(), kHello.size() + 2 + kMaxListSize);
}

TEST(Multistream, HeaderMustBeFirstAndExact) {
    for (const auto& first :
         {encode_message("/noise"),
          encode_message("na"),
          encode_message("/multistream/1.0.1"),
          std::string("GET / HTTP"),
          std::string("\x16\x03\x01"),
          std::string("\x13/multistream/1.0.0 "),
          std::string("\x93\x00/multistream", 14)}) {
        auto responder = echo_responder();
        responder.consume(octets(first));
        EXPECT_EQ(responder.state(), State::violated) << first;
        EXPECT_FALSE(responder.has_output());
    }
}

TEST(Multistream, GarbageIsRefusedAtItsFirstOctet) {
    auto responder = echo_responder();
    EXPECT_EQ(responder.consume(octets("GET / HTTP/1.1\r\n")), 1U);
    EXPECT_EQ(responder.state(), State::violated);
}

TEST(Multistream, MessagesAreExactlyOneLine) {
    const std::string messages[] = {
        std::string("\x02/a", 3),      // no newline
        std::string("\x04/a\n\n", 5),  // two
        std::string("\x04/\na\n", 5),  // one inside
        std::string("\x01\n", 2),      // nothing else
        std::string("\x00", 1),        // nothing at all
    };
    for (const auto& message : messages) {
        auto responder = echo_responder();
        responder.consume(octets(kHello + message));
        EXPECT_EQ(responder.state(), State::violated) << hex(message);
    }
}

TEST(Multistream, LengthIsCheckedBeforeAnythingIsKept) {
    struct Case {
        std::string prefix;
        State expected;
    };
    const Case cases[] = {
        {std::string("\x7f", 1), State::negotiating},
        {std::string("\x80\x01", 2), State::negotiating},
        {std::string("\xff\x07", 2), State::negotiating},  // 1023
        {std::string("\x80\x08", 2), State::negotiating},  // 1024
        {std::string("\x81\x08", 2), State::violated},     // 1025
        {std::string("\xff\x7f", 2), State::violated},     // 16383
        {std::string("\x80\x80", 2), State::violated},     // three octets at least
        {std::string("\x80\x00", 2), State::violated},     // not the shortest form
        {std::string("\x93\x00", 2), State::violated},
        {std::string("\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9), State::violated},
    };
    for (const auto& item : cases) {
        auto responder = echo_responder();
        responder.consume(octets(kHello + item.prefix));
        EXPECT_EQ(responder.state(), item.expected) << hex(item.prefix);
    }
}

TEST(Multistream, LongestMessageIsUnderstood) {
    auto responder = echo_responder();
    std::string output;
    const auto longest = encode_message(std::string(kMaxMessageSize - 1, 'x'));
    EXPECT_EQ(feed_exactly(responder, kHello + longest, output), "");
    EXPECT_EQ(output, kHello + encode_message("na"));
}

TEST(Multistream, EndlessProposalsAreCut) {
    auto responder = echo_responder();
    responder.consume(octets(kHello));
    std::size_t rounds = 0;
    while (responder.state() == State::negotiating && rounds < 2 * kMaxRounds) {
        responder.consume(octets(encode_message("/a")));
        responder.take_output();
        ++rounds;
    }
    EXPECT_EQ(responder.state(), State::exhausted);
    EXPECT_EQ(rounds, kMaxRounds + 1);
}

TEST(Multistream, OctetsOfANegotiationAreBounded) {
    auto responder = echo_responder();
    responder.consume(octets(kHello));
    std::size_t sent = kHello.size();
    const auto proposal = encode_message(std::string(1000, 'x'));
    while (responder.state() == State::negotiating) {
        sent += responder.consume(octets(proposal));
        responder.take_output();
    }
    EXPECT_EQ(responder.state(), State::exhausted);
    EXPECT_LE(sent, kMaxOctets);
}

TEST(Multistream, LeavesWhatFollowsWhateverTheCut) {
    const std::string data = "data of the next layer, \x13/multistream/1.0.0\n";
    const auto request = kHello + encode_message("/unknown") + encode_message("/echo/1.0.0") + data;
    const std::vector<std::string> proposals{"/unknown", "/echo/1.0.0"};
    const auto answer = kHello + encode_message("na") + encode_message("/echo/1.0.0") + data;

    for (std::size_t cut = 0; cut <= request.size(); ++cut) {
        auto responder = echo_responder();
        const std::string_view all = request;
        auto taken = responder.consume(octets(all.substr(0, cut)));
        taken += responder.consume(octets(all.substr(taken)));
        EXPECT_EQ(responder.state(), State::agreed);
        EXPECT_EQ(request.substr(taken), data);
    }
    for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
        auto initiator = Negotiator::initiator(proposals);
        const std::string_view all = answer;
        auto taken = initiator.consume(octets(all.substr(0, cut)));
        taken += initiator.consume(octets(all.substr(taken)));
        EXPECT_EQ(initiator.state(), State::agreed);
        EXPECT_EQ(answer.substr(taken), data);
    }
}

TEST(Multistream, NeverWantsWhatFollows) {
    const std::string data = "x";
    for (const std::string& name :
         {std::string("a"),
          std::string("/echo/1.0.0"),
          std::string(126, 'x'),
          std::string(127, 'x'),
          std::string(128, 'x'),
          std::string(512, 'x')}) {
        const Negotiator::Supports supports = [&](std::string_view proposal) { return proposal == name; };
        auto responder = Negotiator::responder(supports, kNoList);
        std::string output;
        const auto request = kHello + encode_message(name) + data;
        EXPECT_EQ(feed_exactly(responder, request, output), data);
        EXPECT_EQ(responder.state(), State::agreed);
        const std::vector<std::string> proposals{name};
        auto initiator = Negotiator::initiator(proposals);
        EXPECT_EQ(initiator.take_output() + data, request);
        output += data;
        std::string nothing;
        EXPECT_EQ(feed_exactly(initiator, output, nothing), data);
        EXPECT_EQ(initiator.state(), State::agreed);
        // A refusal is shorter than the name.
        auto refused = Negotiator::initiator(proposals);
        refused.take_output();
        const auto refusal = kHello + encode_message("na") + data;
        EXPECT_EQ(feed_exactly(refused, refusal, nothing), data);
        EXPECT_EQ(refused.state(), State::refused);
    }
}

TEST(Multistream, OctetByOctetIsTheSame) {
    auto responder = echo_responder();
    std::string output;
    const auto request = kHello + encode_message(std::string(300, 'y')) + encode_message("/echo/1.0.0");
    for (auto octet : octets(request)) {
        EXPECT_EQ(responder.consume(std::span(&octet, 1)), 1U);
        output += responder.take_output();
    }
    EXPECT_EQ(responder.state(), State::agreed);
    EXPECT_EQ(output, kHello + encode_message("na") + encode_message("/echo/1.0.0"));
    std::uint8_t next = 'z';
    EXPECT_EQ(responder.consume(std::span(&next, 1)), 0U);
}

}  // namespace
}  // namespace libp2p::multistream
