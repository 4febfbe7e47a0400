// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/chat_room.hpp"

#include <libp2p/host.hpp>
#include <libp2p/muxers.hpp>
#include <libp2p/security_protocols.hpp>
#include <libp2p/transports.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace libp2p::tools {
namespace {

using Said = std::pair<std::string, std::string>;  // name, text

struct Node {
    Node(asio::io_context& io, const std::shared_ptr<MemoryNetwork>& network)
        : identity(Identity::generate()), host(io.get_executor(), identity) {
        host.add_security(make_noise(identity));
        host.add_muxer(make_yamux(host.services().limits(), host.services().timeouts()));
        host.add_transport(make_memory_transport(host.services(), network));
    }

    std::string name() const { return ChatRoom::name_of(host.id()); }

    Identity identity;
    Host host;
};

/// A room at a host, and two hosts that may go there.
class ChatRoomTest : public testing::Test {
protected:
    ChatRoomTest() {
        server.host.handle(ChatRoom::kProtocol, [this](std::unique_ptr<Stream> stream) {
            return room.serve(std::move(stream));
        });
    }

    awaitable<std::unique_ptr<Stream>> enter(Node& node) {
        auto peer = co_await node.host.connect(server.host.addresses().front());
        auto stream = co_await node.host.open_stream(peer.value(), ProtocolId(ChatRoom::kProtocol));
        stream.value()->expires_after(std::chrono::seconds(20));
        co_return std::move(stream.value());
    }

    /// Reads until somebody has said something; what the room tells is passed over.
    static awaitable<std::optional<Said>> hear(Stream& stream) {
        for (;;) {
            auto message = co_await read_delimited(stream, 4096);
            if (!message) {
                co_return std::nullopt;
            }
            const std::string text(as_text(*message));
            const auto end = text.find('\n');
            if (end != 0) {
                co_return Said(text.substr(0, end), text.substr(end + 1));
            }
        }
    }

    /// Runs the body between listening and closing.
    template <class Body>
    void run(Body body) {
        auto all = [&]() -> awaitable<void> {
            auto bound = co_await server.host.listen(Multiaddr::parse("/memory/0").value());
            EXPECT_TRUE(bound);
            co_await body();
            for (auto* node : {&alice, &bob, &server}) {
                co_await node->host.close();
                EXPECT_TRUE(node->host.resources().system_usage().is_zero());
            }
            EXPECT_EQ(room.size(), 0u);
        };
        std::exception_ptr failure;
        asio::co_spawn(io, all(), [&](std::exception_ptr thrown) { failure = thrown; });
        io.run();
        if (failure) {
            std::rethrow_exception(failure);
        }
    }

    asio::io_context io;
    std::shared_ptr<MemoryNetwork> network = make_memory_network();
    std::vector<Said> heard;  // by the host
    ChatRoom room{"the host", [this](const auto& name, const auto& text) { heard.emplace_back(name, text); }};
    Node server{io, network};
    Node alice{io, network};
    Node bob{io, network};
};

TEST_F(ChatRoomTest, EverybodyReadsWhatAnybodySays) {
    run([this]() -> awaitable<void> {
        auto first = co_await enter(alice);
        auto sent = co_await write_delimited(*first, as_bytes("anybody?"));
        EXPECT_TRUE(sent);
        auto own = co_await hear(*first);
        EXPECT_EQ(own, Said(alice.name(), "anybody?"));

        auto second = co_await enter(bob);
        sent = co_await write_delimited(*second, as_bytes("me\nand me"));
        EXPECT_TRUE(sent);
        for (auto* stream : {first.get(), second.get()}) {
            auto said = co_await hear(*stream);
            EXPECT_EQ(said, Said(bob.name(), "me\nand me"));
        }
        room.say("welcome");
        for (auto* stream : {first.get(), second.get()}) {
            auto said = co_await hear(*stream);
            EXPECT_EQ(said, Said("the host", "welcome"));
        }
    });
    const std::vector<Said> wanted{
        {"", alice.name() + " has joined"},
        {alice.name(), "anybody?"},
        {"", bob.name() + " has joined"},
        {bob.name(), "me\nand me"},
        {"the host", "welcome"}
    };
    EXPECT_EQ(std::vector(heard.begin(), heard.begin() + 5), wanted);
}

TEST_F(ChatRoomTest, WhoLeavesIsTold) {
    run([this]() -> awaitable<void> {
        auto first = co_await enter(alice);
        auto sent = co_await write_delimited(*first, as_bytes("hello"));
        EXPECT_TRUE(sent);
        auto said = co_await hear(*first);
        EXPECT_TRUE(said);
        EXPECT_EQ(room.size(), 1u);
        auto closed = co_await first->close_write();
        EXPECT_TRUE(closed);
        said = co_await hear(*first);  // the end
        EXPECT_FALSE(said);
    });
    EXPECT_EQ(heard.back(), Said("", alice.name() + " has left"));
}

TEST_F(ChatRoomTest, AMessageThatIsTooLongEndsTheVisit) {
    run([this]() -> awaitable<void> {
        auto stream = co_await enter(alice);
        const std::string longest(ChatRoom::kLongestMessage, 'x');
        auto sent = co_await write_delimited(*stream, as_bytes(longest));
        EXPECT_TRUE(sent);
        auto said = co_await hear(*stream);
        EXPECT_EQ(said, Said(alice.name(), longest));
        (void)co_await write_delimited(*stream, as_bytes(longest + "x"));
        said = co_await hear(*stream);
        EXPECT_FALSE(said);
    });
}

TEST_F(ChatRoomTest, WhatTheHostSaysIsCutBetweenCharacters) {
    std::string text(ChatRoom::kLongestMessage - 1, 'x');
    room.say(text + "é");
    EXPECT_EQ(heard.back(), Said("the host", text));
    room.say("");
    EXPECT_EQ(heard.size(), 1u);
}

/// Messages that fill what the connection's window lets through, and the room's queue, several times.
TEST_F(ChatRoomTest, WhoDoesNotReadLosesTheOldest) {
    constexpr int kCount = 2000;
    run([this]() -> awaitable<void> {
        auto stream = co_await enter(alice);
        auto sent = co_await write_delimited(*stream, as_bytes("here"));
        EXPECT_TRUE(sent);
        auto said = co_await hear(*stream);
        EXPECT_TRUE(said);
        const std::string filler(900, '.');
        for (int i = 0; i < kCount; ++i) {  // at once: nobody reads meanwhile
            room.say(filler + std::to_string(i));
        }
        said = co_await hear(*stream);
        int received = 0;
        int last = -1;
        while (said) {
            const int number = std::stoi(said->second.substr(filler.size()));
            EXPECT_GT(number, last);
            last = number;
            ++received;
            if (last == kCount - 1) {
                break;
            }
            said = co_await hear(*stream);
        }
        EXPECT_EQ(last, kCount - 1);
        EXPECT_LE(received, static_cast<int>(ChatRoom::kMaxWaiting) + 1);
    });
}

TEST_F(ChatRoomTest, AFullRoomTurnsAway) {
    run([this]() -> awaitable<void> {
        std::vector<std::unique_ptr<Stream>> members;
        for (std::size_t i = 0; i < ChatRoom::kMaxMembers; ++i) {
            members.push_back(co_await enter(alice));
            auto sent = co_await write_delimited(*members.back(), as_bytes("in"));
            EXPECT_TRUE(sent);
            auto said = co_await hear(*members.back());
            EXPECT_TRUE(said);
        }
        EXPECT_EQ(room.size(), ChatRoom::kMaxMembers);
        auto late = co_await enter(bob);
        auto said = co_await hear(*late);
        EXPECT_FALSE(said);
        EXPECT_EQ(room.size(), ChatRoom::kMaxMembers);
    });
}

}  // namespace
}  // namespace libp2p::tools
