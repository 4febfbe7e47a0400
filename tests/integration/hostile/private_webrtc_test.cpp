// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/webrtc/private_node.hpp"

#include <libp2p/conformance/loop.hpp>

#include <utility>
#include <vector>

/// Signalling of remotes that mean ill, and of whoever passes it on.
namespace libp2p::test {
namespace {

using Type = SignallingMessage::Type;

/// Two nodes, and what is done to their messages.
struct Pair {
    explicit Pair(bool is_trusted = true) : network(std::make_shared<MemorySignallingNetwork>(is_trusted)) {}

    /// Dials, closes both, and returns how the dial ended. The listener has no connection then, unless it succeeded.
    result<PeerId> dial() {
        result<PeerId> outcome = Errc::shut_down;
        run(io, [&]() -> awaitable<void> {
            const auto address = co_await listen(listener, "/memory/0/webrtc");
            outcome = co_await dialer.host.connect(address);
            if (!outcome) {
                const bool gone = co_await conformance::eventually([&] { return listener.host.connections().empty(); });
                EXPECT_TRUE(gone);
            }
            co_await close(dialer);
            co_await close(listener);
        }());
        return outcome;
    }

    asio::io_context io;
    std::shared_ptr<MemorySignallingNetwork> network;
    PrivateNode listener{io, network};
    PrivateNode dialer{io, network};
};

/// Another certificate in the place of the one that is named.
void change_fingerprint(std::string& sdp) {
    const auto at = sdp.find("sha-256 ") + 8;
    sdp[at] = sdp[at] == '0' ? '1' : '0';
}

TEST(PrivateWebRtcHostile, OtherCertificatesThanTheDescriptionsSayEndTheDial) {
    for (const auto type : {Type::offer, Type::answer}) {
        Pair pair;
        pair.network->tamper = [&](SignallingMessage& message) {
            if (message.type == type) {
                change_fingerprint(message.data);
            }
            return true;
        };
        const auto outcome = pair.dial();
        EXPECT_FALSE(outcome);
        if (type == Type::answer) {
            EXPECT_EQ(outcome.error(), Errc::authentication_failed) << outcome.error();
        }
    }
}

/// Who passes messages on between peers that prove themselves sits in the middle and names certificates of its own.
TEST(PrivateWebRtcHostile, NamesOfOthersAreFoundOutByNoise) {
    auto network = std::make_shared<MemorySignallingNetwork>(false);
    asio::io_context io;
    PrivateNode listener(io, network);
    PrivateNode dialer(io, network);
    run(io, [&]() -> awaitable<void> {
        const auto address = co_await listen(listener, "/memory/0/webrtc");
        const auto other = Identity::generate().peer_id();
        auto outcome = co_await dialer.host.connect(address.with_peer(other));
        EXPECT_FALSE(outcome);
        EXPECT_EQ(outcome.error(), Errc::peer_mismatch) << outcome.error();
        co_await close(dialer);
        co_await close(listener);
    }());
}

TEST(PrivateWebRtcHostile, EachKindOfNonsenseHasItsError) {
    const std::vector<std::pair<std::string, Errc>> answers = {
        {"", Errc::protocol_violation},
        {"v=0\r\n", Errc::protocol_violation},
        {std::string(70'000, 'v'), Errc::protocol_violation},
    };
    for (const auto& [text, error] : answers) {
        Pair pair;
        pair.network->tamper = [&, said = text](SignallingMessage& message) {
            if (message.type == Type::answer) {
                message.data = said;
            }
            return true;
        };
        EXPECT_EQ(pair.dial().error(), error) << text.substr(0, 20);
    }
    for (const std::string candidate : {"{", "{}", R"({"candidate":"nonsense"})"}) {
        Pair pair;
        pair.network->tamper = [&](SignallingMessage& message) {
            if (message.type == Type::candidate) {
                message.data = candidate;
            }
            return true;
        };
        const auto outcome = pair.dial();
        EXPECT_FALSE(outcome) << candidate;
    }
    Pair pair;
    pair.network->tamper = [](SignallingMessage& message) {
        if (message.type == Type::answer) {
            message.type = Type::offer;
        }
        return true;
    };
    EXPECT_EQ(pair.dial().error(), Errc::protocol_violation);
}

TEST(PrivateWebRtcHostile, AnAnswerWithoutAFingerprintIsRefused) {
    Pair pair;
    pair.network->tamper = [](SignallingMessage& message) {
        if (message.type == Type::answer) {
            message.data.replace(message.data.find("sha-256"), 7, "sha-999");
        }
        return true;
    };
    EXPECT_EQ(pair.dial().error(), Errc::authentication_failed);
}

/// What the listener says to somebody who signals by hand.
class Raw {
public:
    explicit Raw(Pair& pair) : pair_(pair), signalling_(pair.network, pair.io.get_executor(), who_.public_key()) {}

    awaitable<std::unique_ptr<SignallingPipe>> open(Multiaddr address) {
        auto opened = co_await signalling_.open(address.without_peer().value(), pair_.listener.host.id());
        co_return std::move(opened.value());
    }

private:
    Pair& pair_;
    Identity who_ = Identity::generate();
    MemorySignalling signalling_;
};

/// How the pipe ends after what was said.
awaitable<Error> end_of(SignallingPipe& pipe) {
    for (;;) {
        auto message = co_await pipe.receive();
        if (!message) {
            co_return message.error();
        }
    }
}

std::string an_offer() {
    std::string hash = "00";
    for (int i = 1; i < 32; ++i) {
        hash += ":00";
    }
    return "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=ice-ufrag:abcd\r\n"
           "a=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\na=fingerprint:sha-256 " +
           hash + "\r\n";
}

TEST(PrivateWebRtcHostile, WhatBeginsWithoutAnOfferIsCut) {
    Pair pair;
    Raw raw(pair);
    run(pair.io, [&]() -> awaitable<void> {
        const auto address = co_await listen(pair.listener, "/memory/0/webrtc");
        for (const auto type : {Type::answer, Type::candidate, Type::done}) {
            auto pipe = co_await raw.open(address);
            SignallingMessage message{type, an_offer()};
            auto sent = co_await pipe->send(std::move(message));
            EXPECT_TRUE(sent);
            const auto end = co_await end_of(*pipe);
            EXPECT_EQ(end, Errc::stream_reset) << end;
        }
        co_await close(pair.dialer);
        co_await close(pair.listener);
    }());
}

TEST(PrivateWebRtcHostile, EndlessSignallingIsCut) {
    Pair pair;
    Raw raw(pair);
    run(pair.io, [&]() -> awaitable<void> {
        const auto address = co_await listen(pair.listener, "/memory/0/webrtc");
        auto pipe = co_await raw.open(address);
        SignallingMessage offer{Type::offer, an_offer()};
        auto sent = co_await pipe->send(std::move(offer));
        int said = 0;
        while (sent && said < 10'000) {
            const auto port = std::to_string(2000 + said % 60'000);
            SignallingMessage candidate;
            candidate.type = Type::candidate;
            candidate.data = R"({"candidate":"candidate:1 1 udp 1 127.0.0.1 )" + port + R"( typ host"})";
            sent = co_await pipe->send(std::move(candidate));
            co_await conformance::settle();
            ++said;
        }
        EXPECT_FALSE(sent);
        EXPECT_LT(said, 300);
        co_await close(pair.dialer);
        co_await close(pair.listener);
    }());
}

TEST(PrivateWebRtcHostile, ManySilentPipesHoldNoMoreThanTheLimits) {
    Pair pair;
    Raw raw(pair);
    run(pair.io, [&]() -> awaitable<void> {
        const auto address = co_await listen(pair.listener, "/memory/0/webrtc");
        std::vector<std::unique_ptr<SignallingPipe>> pipes;
        for (int i = 0; i < 500; ++i) {
            auto pipe = co_await raw.open(address);
            pipes.push_back(std::move(pipe));
            co_await conformance::settle();
        }
        const auto& usage = pair.listener.host.resources().system_usage();
        EXPECT_LE(usage.connections_inbound, Limits().peer.connections_inbound);
        EXPECT_LT(usage.memory, 4 * kMiB);
        pipes.clear();
        const bool gone = co_await conformance::eventually([&] { return usage.connections() == 0; });
        EXPECT_TRUE(gone);
        auto connected = co_await pair.dialer.host.connect(address);
        EXPECT_TRUE(connected) << connected.error().message();
        co_await close(pair.dialer);
        co_await close(pair.listener);
    }());
}

}  // namespace
}  // namespace libp2p::test
