// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/dial_story.hpp"

#include "tools/story_teller.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>

namespace libp2p::tools {
namespace {

using namespace std::chrono_literals;

constexpr auto kPeer = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo";
constexpr auto kRelay = "12D3KooWKWWgBad9Caryix6fwkcAYyhNv25N3knJwjk4kKT4GNgP";
const std::string kCircuit = std::string("/ip4/192.0.2.1/tcp/4001/p2p/") + kRelay + "/p2p-circuit";
const std::string kArranged = kCircuit + "/webrtc";

/// A dial, event by event.
class Dial {
public:
    /// The step that the event makes; one without a topic where it makes none.
    DialStep hear(std::string_view subsystem, std::string_view name, std::initializer_list<LogField> fields) {
        const std::span<const LogField> all(fields.begin(), fields.size());
        const LogEvent event{{}, LogLevel::debug, subsystem, name, all};
        auto step = story.hear(now, event);
        return step ? std::move(*step) : DialStep{};
    }

    DialStep candidate(const char* from, const char* type, const char* place, bool contacted = true) {
        const auto* verdict = contacted ? "contacted" : "not UDP";
        return hear(
            "webrtc",
            "ice.candidate",
            {{"from", from}, {"type", type}, {"place", place}, {"contacted", contacted}, {"verdict", verdict}}
        );
    }

    void select(const char* local_type, const char* local, const char* remote_type, const char* remote) {
        hear(
            "webrtc",
            "ice.selected",
            {{"local_type", local_type}, {"local", local}, {"remote_type", remote_type}, {"remote", remote}}
        );
    }

    /// Until the peer has answered the offer.
    void arrange() {
        hear("swarm", "dial.begun", {{"peer", kPeer}, {"address", kArranged}, {"alone", false}});
        hear("webrtc", "signalling.heard", {{"type", "answer"}});
    }

    DialVerdict over(const char* transport) const {
        const DialledConnection connection{transport, "/p2p-circuit", true};
        return verdict_on(story.facts(), connection, 3'040ms);
    }

    std::chrono::nanoseconds now{0};
    DialStory story{kPeer};
};

void expect_words(const DialVerdict& verdict, DialVerdict::Path path, const std::string& words) {
    EXPECT_EQ(verdict.path, path) << verdict.words;
    EXPECT_NE(verdict.words.find(words), std::string::npos) << verdict.words;
}

TEST(DialStory, TellsAnAddressOnceAndWhenItsTurnComes) {
    Dial dial;
    const auto step = dial.hear("swarm", "dial.address", {{"peer", kPeer}, {"address", kCircuit}, {"delay_ms", 3'030}});
    EXPECT_EQ(step.topic, "address");
    EXPECT_EQ(step.text, "/ip4/192.0.2.1/tcp/4001/p2p/…T4GNgP/p2p-circuit, after 3.03 s");
    EXPECT_EQ(step.details["address"], kCircuit);
    EXPECT_EQ(step.details["delay_ms"], 3'030);
    EXPECT_TRUE(
        dial.hear("swarm", "dial.address", {{"peer", kPeer}, {"address", kCircuit}, {"delay_ms", 0}}).topic.empty()
    );
    EXPECT_EQ(dial.story.facts().addresses, 1U);
}

TEST(DialStory, KeepsApartWhatServesTheDialAndTheDialItself) {
    Dial dial;
    const auto mine = dial.hear("swarm", "dial.begun", {{"peer", kPeer}, {"address", kArranged}, {"alone", false}});
    EXPECT_EQ(mine.topic, "dial");
    const auto way = dial.hear("swarm", "dial.begun", {{"peer", kPeer}, {"address", kCircuit}, {"alone", true}});
    EXPECT_EQ(way.topic, "relay");
    EXPECT_NE(way.text.find("for signalling"), std::string::npos);
    const auto relay = dial.hear("swarm", "dial.begun", {{"peer", kRelay}, {"address", "/ip4/192.0.2.1/tcp/4001"}});
    EXPECT_EQ(relay.topic, "relay");
    EXPECT_EQ(relay.details["target"], false);
    const auto signalling = dial.hear("rendezvous", "signalling.open", {{"peer", kPeer}, {"remote", "/ws/webrtc"}});
    EXPECT_EQ(signalling.topic, "signal");
    EXPECT_EQ(signalling.text, "over /ws/webrtc");
    const auto other = dial.hear("relay", "circuit.granted", {{"relay", kRelay}, {"destination", kRelay}});
    EXPECT_TRUE(other.topic.empty());
}

TEST(DialStory, TellsFailureFromBeingOvertaken) {
    Dial dial;
    const std::string address = "/ip4/192.0.2.7/tcp/4001";
    const Error refused(Errc::refused_by_remote, "no");
    const auto failed =
        dial.hear("swarm", "dial.ended", {{"peer", kPeer}, {"address", address}, {"time", 10ms}, {"error", refused}});
    EXPECT_EQ(failed.details["state"], "failed");
    dial.hear("swarm", "dial.connected", {{"peer", kPeer}, {"address", kCircuit}, {"time", 10ms}});
    const auto overtaken =
        dial.hear("swarm", "dial.ended", {{"peer", kPeer}, {"address", address}, {"time", 10ms}, {"error", refused}});
    EXPECT_EQ(overtaken.details["state"], "given_up");
}

TEST(DialStory, TellsCandidatesInColumnsAndWhatWasDoneWithThem) {
    Dial dial;
    EXPECT_EQ(dial.candidate("local", "host", "10.1.0.2:4000").text, "host  10.1.0.2:4000");
    const auto theirs = dial.candidate("remote", "host", "0f0e-11.local:5000", false);
    EXPECT_EQ(theirs.text, "host  0f0e-11.local:5000       left out: not UDP");
    EXPECT_EQ(theirs.details["place"], "0f0e-11.local:5000");
    EXPECT_EQ(theirs.details["contacted"], false);
}

TEST(DialStory, WhatPeersSayCannotSteerATerminalOrFillMemory) {
    Dial dial;
    const auto step = dial.candidate("remote", "host", "\x1b[2J:5000", false);
    EXPECT_EQ(step.text.find('\x1b'), std::string::npos);
    for (std::size_t i = 0; i < 2 * DialStory::kMaxKept; ++i) {
        dial.candidate("remote", "host", "192.0.2.1:5000");
    }
    EXPECT_EQ(dial.story.facts().theirs.size(), DialStory::kMaxKept);
}

TEST(DialStory, WhatIsNoPartOfItIsLeftOut) {
    Dial dial;
    EXPECT_TRUE(dial.hear("yamux", "dial.begun", {{"peer", kPeer}}).topic.empty());
    EXPECT_TRUE(dial.hear("swarm", "listening", {{"address", kCircuit}}).topic.empty());
    EXPECT_TRUE(dial.hear("swarm", "disconnected", {{"peer", kRelay}, {"remote", kCircuit}}).topic.empty());
}

TEST(DialStory, TheEndOfAReleasedConnectionIsToldOnce) {
    Dial dial;
    EXPECT_EQ(dial.hear("swarm", "relayed.released", {{"peer", kPeer}, {"remote", kCircuit}}).topic, "relay");
    EXPECT_TRUE(dial.hear("swarm", "disconnected", {{"peer", kPeer}, {"remote", kCircuit}}).topic.empty());
    EXPECT_EQ(dial.hear("swarm", "disconnected", {{"peer", kPeer}, {"remote", kCircuit}}).topic, "end");
}

TEST(DialVerdict, NamesTheNatsOnTheWay) {
    Dial dial;
    dial.arrange();
    dial.candidate("local", "host", "10.1.0.2:4000");
    dial.candidate("local", "srflx", "198.51.100.1:4000");
    dial.candidate("remote", "srflx", "198.51.100.2:5000");
    dial.select("host", "10.1.0.2:4000", "srflx", "198.51.100.2:5000");
    expect_words(
        dial.over("webrtc"),
        DialVerdict::Path::direct,
        "direct through both NATs: 10.1.0.2:4000 <-> 198.51.100.2:5000, because"
    );
    dial.select("host", "10.1.0.2:4000", "host", "198.51.100.9:5000");
    expect_words(dial.over("webrtc"), DialVerdict::Path::direct, "direct through our NAT: ");
    dial.select("host", "10.1.0.2:4000", "host", "10.1.0.3:5000");
    expect_words(dial.over("webrtc"), DialVerdict::Path::direct, "because both peers are in one network");
    dial.select("host", "[::1]:4000", "host", "[::1]:5000");
    expect_words(dial.over("webrtc"), DialVerdict::Path::direct, "because both peers are on this machine");
    dial.select("relay", "198.51.100.3:4000", "prflx", "198.51.100.2:5000");
    expect_words(dial.over("webrtc"), DialVerdict::Path::turn, "through a TURN server of ours: ");
}

TEST(DialVerdict, AMachineWithAPublicAddressIsBehindNoNat) {
    Dial dial;
    dial.arrange();
    dial.candidate("local", "host", "198.51.100.1:4000");
    dial.candidate("local", "srflx", "198.51.100.1:4000");
    dial.select("host", "198.51.100.1:4000", "prflx", "198.51.100.2:5000");
    expect_words(dial.over("webrtc"), DialVerdict::Path::direct, "direct through the peer's NAT: ");
}

TEST(DialVerdict, SaysWhyItStayedOnTheRelay) {
    Dial dial;
    expect_words(dial.over("relay"), DialVerdict::Path::relayed, "does not end in /webrtc");
    dial.hear("swarm", "dial.begun", {{"peer", kPeer}, {"address", kArranged}, {"alone", false}});
    expect_words(dial.over("relay"), DialVerdict::Path::relayed, "did not answer our offer within 3.0 s");
    dial.arrange();
    dial.candidate("local", "host", "10.1.0.2:4000");
    expect_words(dial.over("relay"), DialVerdict::Path::relayed, "the peer has offered no candidate");
    dial.candidate("remote", "host", "10.2.0.2:4000", false);
    expect_words(dial.over("relay"), DialVerdict::Path::relayed, "each of the peer's 1 candidates was left out");
    dial.candidate("remote", "host", "198.51.100.2:4000");
    expect_words(dial.over("relay"), DialVerdict::Path::relayed, "without a STUN server (--stun)");
    dial.candidate("local", "srflx", "198.51.100.1:4000");
    expect_words(dial.over("relay"), DialVerdict::Path::relayed, "no address outside of its network");
    dial.candidate("remote", "srflx", "198.51.100.2:4001");
    expect_words(dial.over("relay"), DialVerdict::Path::relayed, "a TURN server would help (--turn)");
}

TEST(DialVerdict, AFailureIsToldWithWhatIceHasMet) {
    Dial dial;
    expect_words(
        verdict_on(dial.story.facts(), "Connection refused"), DialVerdict::Path::none, "no path: Connection refused"
    );
    dial.arrange();
    dial.candidate("local", "host", "10.1.0.2:4000");
    expect_words(
        verdict_on(dial.story.facts(), "timed out"), DialVerdict::Path::none, "the peer has offered no candidate"
    );
}

TEST(StoryTeller, LongWordsAreCutToTheirEnd) {
    EXPECT_EQ(shortened("/ip4/192.0.2.1/tcp/4001/p2p/" + std::string(kPeer)), "/ip4/192.0.2.1/tcp/4001/p2p/…CVe2Xo");
    EXPECT_EQ(shortened("relay " + std::string(kRelay) + " answered"), "relay …T4GNgP answered");
    EXPECT_EQ(shortened(""), "");
}

TEST(StoryTeller, WrapsAtWordsAndIndents) {
    EXPECT_EQ(wrapped("1 s  ", "aaa bbb ccc", 12), "1 s  aaa bbb\n     ccc");
    EXPECT_EQ(wrapped("1 s  ", "aaaaaaaaaaaaaaa b", 12), "1 s  aaaaaaaaaaaaaaa\n     b");
    EXPECT_EQ(wrapped("1 s  ", "…aa …bb", 12), "1 s  …aa …bb");
}

}  // namespace
}  // namespace libp2p::tools
