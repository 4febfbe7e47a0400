// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hostile/raw_webrtc_client.hpp"
#include "transports/webrtc/webrtc_session.hpp"

#include <cstdio>
#include <deque>
#include <set>

/// What a peer can do with the data channels of a connection, once it has one.
namespace libp2p::test::hostile {
namespace {

/// Where the heap may be when all is over, from where it was. In octets.
constexpr std::size_t kLeftBehind = 1024 * 1024;

/// What one hostile connection may hold at a time, in octets.
constexpr std::size_t kMostMemory = 4 * 1024 * 1024;

/// A number that only the listener may open a channel with; far above those that it uses itself.
constexpr std::uint16_t kTheirs = 501;

class WebRtcChannelsTest : public testing::Test {
protected:
    using Client = std::shared_ptr<RawWebRtcClient>;

    /// `attack` by a client that is proven, or before it is, with somebody honest who comes before and after.
    void play(std::function<awaitable<void>(RawWebRtcClient&)> attack, bool is_proven = true) {
        HostOptions options;
        options.timeouts.negotiate_stream = kIsMeasured ? 500ms : 2s;
        options.timeouts.upgrade = is_proven ? 10s : kIsMeasured ? 2s : 8s;
        Node victim(io_, options);
        victim_ = &victim;
        auto body = [&]() -> awaitable<void> {
            auto address = co_await listen(victim, kWebRtcListen);
            HonestDialer honest(io_, address);
            honest_ = &honest;
            co_await honest.dial(5);
            idle_ = honest.take_median();
            auto left = co_await conformance::eventually([this] { return usage().is_zero(); });
            EXPECT_TRUE(left);
            const auto before = support::heap_bytes();

            endpoint_ = udp_endpoint_of(address);
            auto client = RawWebRtcClient::make(io_, endpoint_);
            bool is_in = false;
            if (is_proven) {
                is_in = co_await client->join();
            } else {
                is_in = co_await client->connect();
            }
            EXPECT_TRUE(is_in);
            if (is_in) {
                co_await attack(*client);
            }
            co_await honest.dial(3);
            expect_undisturbed(idle_, honest.take_median());
            EXPECT_LT(usage().memory, kMostMemory);
            client->close();
            client.reset();
            left = co_await conformance::eventually([this] { return usage().is_zero(); });
            EXPECT_TRUE(left);
            EXPECT_LT(support::heap_bytes(), before + kLeftBehind);
            co_await close(honest.node());
            co_await close(victim);
        };
        run(io_, body());
    }

    /// Whether a stream with this number is served as if nothing had happened.
    static awaitable<bool> is_served(RawWebRtcClient& client, std::uint16_t stream) {
        const auto text = multistream::encode_message(multistream::kHeader) +
                          multistream::encode_message(echo::kProtocol) + "still here";
        const auto before = client.received();
        (void)co_await client.open(stream);
        (void)co_await client.send_frame(stream, as_bytes(text));
        auto came = co_await client.wait(5s, [&] { return client.received() >= before + text.size(); });
        co_return came;
    }

    /// Whether the listener closes this channel.
    static awaitable<bool> is_closed(RawWebRtcClient& client, std::uint16_t stream) {
        auto closed = co_await client.wait(5s, [&] { return client.closed_by_remote().count(stream) != 0; });
        co_return closed;
    }

    const Usage& usage() { return victim_->host.resources().system_usage(); }

    asio::io_context io_{1};
    Node* victim_ = nullptr;
    HonestDialer* honest_ = nullptr;
    asio::ip::udp::endpoint endpoint_;
    DialTime idle_;
};

TEST_F(WebRtcChannelsTest, OpeningAndResettingOnAndOn) {
    const std::size_t times = kIsMeasured ? 50'000 : 2'000;
    auto attack = [&](RawWebRtcClient& client) -> awaitable<void> {
        const auto start = Clock::now();
        std::size_t opened = 0;
        std::size_t most = 0;
        std::vector<std::uint16_t> free;
        std::vector<std::uint16_t> used;
        for (std::uint16_t id = 2; id + 2 < client.streams(); id = static_cast<std::uint16_t>(id + 2)) {
            free.push_back(id);
        }
        while (opened < times && !client.has_ended() && Clock::now() < start + 4s) {
            while (!free.empty() && opened < times) {
                const auto id = free.back();
                auto sent = co_await client.open(id);
                if (!sent) {
                    break;
                }
                client.reset(id);
                free.pop_back();
                used.push_back(id);
                ++opened;
            }
            std::erase_if(used, [&](std::uint16_t id) {
                const bool is_done = client.take_closed(id);
                if (is_done) {
                    free.push_back(id);
                }
                return is_done;
            });
            most = std::max(most, usage().memory);
            auto waited = co_await client.wait(1ms, [] { return false; });
            (void)waited;
            co_await honest_->dial_once();
        }
        std::printf(
            "%zu channels in %.1f s; at most %zu KiB charged\n",
            opened,
            std::chrono::duration<double>(Clock::now() - start).count(),
            most / 1024
        );
        EXPECT_GT(opened, 500U);
        EXPECT_FALSE(client.has_ended());
        const auto beside = honest_->take_median();
        if (kIsMeasured) {
            EXPECT_LE(beside.cpu, 2 * idle_.cpu + 45ms);
        }
        EXPECT_LT(most, 2 * kMostMemory);
    };
    play(attack);
}

TEST_F(WebRtcChannelsTest, OpeningAllAndSayingNothing) {
    auto attack = [&](RawWebRtcClient& client) -> awaitable<void> {
        std::size_t opened = 0;
        for (std::uint16_t id = 2; id < client.streams(); id = static_cast<std::uint16_t>(id + 2)) {
            auto sent = co_await client.open(id);
            opened += sent;
        }
        EXPECT_EQ(opened, client.streams() / 2 - 1U);
        // Nobody waits for longer than a protocol may take to be named.
        auto closed = co_await client.wait(20s, [&] { return client.closed_by_remote().size() >= opened; });
        EXPECT_TRUE(closed) << client.closed_by_remote().size() << " of " << opened;
        EXPECT_FALSE(client.has_ended());
        EXPECT_LE(usage().streams_inbound, 1U);
        client.reset(2);
        auto free = co_await client.wait(5s, [&] { return client.take_closed(2); });
        EXPECT_TRUE(free);
        auto served = co_await is_served(client, 2);
        EXPECT_TRUE(served);
    };
    play(attack);
}

TEST_F(WebRtcChannelsTest, ANumberOfTheOtherSide) {
    auto attack = [&](RawWebRtcClient& client) -> awaitable<void> {
        auto sent = co_await client.open(kTheirs);
        EXPECT_TRUE(sent);
        auto closed = co_await is_closed(client, kTheirs);
        EXPECT_TRUE(closed);
        EXPECT_EQ(client.acknowledged().count(kTheirs), 0U);
        auto served = co_await is_served(client, 2);
        EXPECT_TRUE(served);
    };
    play(attack);
}

TEST_F(WebRtcChannelsTest, OpeningAChannelTwice) {
    auto attack = [&](RawWebRtcClient& client) -> awaitable<void> {
        auto first = co_await client.open(2);
        EXPECT_TRUE(first);
        auto answered = co_await client.wait(5s, [&] { return client.acknowledged().count(2) != 0; });
        EXPECT_TRUE(answered);
        EXPECT_EQ(client.closed_by_remote().count(2), 0U);
        auto second = co_await client.open(2);
        EXPECT_TRUE(second);
        auto closed = co_await is_closed(client, 2);
        EXPECT_TRUE(closed);
        auto served = co_await is_served(client, 4);
        EXPECT_TRUE(served);
    };
    play(attack);
}

TEST_F(WebRtcChannelsTest, MessagesOnChannelsThatWereNeverOpened) {
    auto attack = [&](RawWebRtcClient& client) -> awaitable<void> {
        const Bytes payload(1000, 0x55);
        for (int i = 0; i < 2000; ++i) {
            const auto id = static_cast<std::uint16_t>(4 + i % 400);
            auto sent = co_await client.send_frame(id, payload);
            EXPECT_TRUE(sent);
        }
        EXPECT_EQ(usage().streams_inbound, 0U);
        auto served = co_await is_served(client, 2);
        EXPECT_TRUE(served);
        EXPECT_FALSE(client.has_ended());
    };
    play(attack);
}

TEST_F(WebRtcChannelsTest, FramesThatAreNone) {
    const std::vector<Bytes> kinds{
        {0x81, 0x88, 0x10},              // 257 KiB and one octet
        {0xff, 0xff, 0xff, 0xff, 0x0f},  // 4 GiB
        Bytes(16, 0xff),                 // a length that never ends
        {0x04, 0x12, 0xff, 0xff, 0x7f},  // a payload that is longer than its frame
        {0x0b, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},  // a flag of more than 64 bits
        {0x02, 0x07, 0x00},                                                        // a wire type that there is not
    };
    auto attack = [&](RawWebRtcClient& client) -> awaitable<void> {
        std::uint16_t id = 2;
        for (const auto& octets : kinds) {
            auto opened = co_await client.open(id);
            EXPECT_TRUE(opened);
            auto sent = co_await client.send_raw(id, octets);
            EXPECT_TRUE(sent);
            auto closed = co_await is_closed(client, id);
            EXPECT_TRUE(closed) << "frame " << id / 2;
            EXPECT_FALSE(client.has_ended());
            id = static_cast<std::uint16_t>(id + 2);
        }
        auto served = co_await is_served(client, id);
        EXPECT_TRUE(served);
    };
    play(attack);
}

TEST_F(WebRtcChannelsTest, UnknownFlagsAndFieldsAreSkipped) {
    auto attack = [&](RawWebRtcClient& client) -> awaitable<void> {
        const Bytes unknown{0x0f, 0x08, 0x4d, 0x7a, 0x03, 'a', 'b', 'c', 0x18, 0x05, 0x25, 1, 2, 3, 4, 0x12};
        const auto header = multistream::encode_message(multistream::kHeader);
        const auto text = header + multistream::encode_message(echo::kProtocol) + "behind the unknown";
        auto opened = co_await client.open(2);
        EXPECT_TRUE(opened);
        Bytes frame = unknown;
        EXPECT_LT(text.size(), 0x80U - unknown.size());
        frame[0] = static_cast<std::uint8_t>(unknown.size() + text.size());
        frame.push_back(static_cast<std::uint8_t>(text.size()));
        frame.insert(frame.end(), text.begin(), text.end());
        auto sent = co_await client.send_raw(2, frame);
        EXPECT_TRUE(sent);
        auto echoed = co_await client.wait(5s, [&] { return client.received() >= text.size(); });
        EXPECT_TRUE(echoed) << client.received() << " of " << text.size();
        EXPECT_EQ(client.closed_by_remote().count(2), 0U);
    };
    play(attack);
}

TEST_F(WebRtcChannelsTest, AStreamNumberBeyondThoseThatWereAgreedOnEndsTheConnection) {
    auto attack = [&](RawWebRtcClient& client) -> awaitable<void> {
        const auto last = static_cast<std::uint16_t>(client.streams() - 1);  // odd: the listener's
        auto sent = co_await client.open(last);
        EXPECT_TRUE(sent);
        auto closed = co_await is_closed(client, last);
        EXPECT_TRUE(closed);
        EXPECT_FALSE(client.has_ended());
        client.forge_stream(client.streams());
        sent = co_await client.open(2);
        EXPECT_TRUE(sent);
        auto ended = co_await client.wait(5s, [&] { return client.has_ended(); });
        EXPECT_TRUE(ended);
        auto gone = co_await conformance::eventually([this] { return usage().is_zero(); });
        EXPECT_TRUE(gone);
    };
    play(attack);
}

/// Chunks of all kinds with nonsense in them, for an association that stands.
TEST_F(WebRtcChannelsTest, ChunksOfNonsense) {
    auto attack = [&](RawWebRtcClient& client) -> awaitable<void> {
        constexpr std::array<std::uint8_t, 3> kEnds{6, 7, 14};  // ABORT and SHUTDOWN: it may leave at any time
        std::mt19937 random(3);
        int sent = 0;
        for (; sent < 5000 && !client.has_ended(); ++sent) {
            Bytes packet(12);
            for (int chunk = 0; chunk < 3; ++chunk) {
                const auto size = 4 + 4 * (random() % 40);
                const auto type = static_cast<std::uint8_t>(random() % 2 == 0 ? random() % 16 : random());
                if (std::find(kEnds.begin(), kEnds.end(), type) != kEnds.end()) {
                    continue;
                }
                const auto at = packet.size();
                packet.resize(at + size);
                for (auto octet = at; octet < packet.size(); ++octet) {
                    packet[octet] = static_cast<std::uint8_t>(random());
                }
                packet[at] = type;
                packet[at + 2] = static_cast<std::uint8_t>(size >> 8);
                packet[at + 3] = static_cast<std::uint8_t>(size);
            }
            client.send_chunks(std::move(packet));
            if (sent % 32 == 0) {
                auto waited = co_await client.wait(1ms, [] { return false; });
                EXPECT_FALSE(waited);
            }
        }
        std::printf("%d packets of nonsense; the connection %s\n", sent, client.has_ended() ? "has ended" : "stands");
        co_await honest_->dial(5);
        expect_undisturbed(idle_, honest_->take_median());
    };
    play(attack);
}

/// A packet of chunks for `RawWebRtcClient::send_chunks`.
class Chunks {
public:
    void data(std::uint32_t number, std::uint16_t stream, std::uint16_t order, std::uint8_t flags, ByteView payload) {
        begin(0, flags, 12 + payload.size());
        put32(number);
        put16(stream);
        put16(order);
        put32(static_cast<std::uint32_t>(protocol_));
        octets_.insert(octets_.end(), payload.begin(), payload.end());
        pad();
    }

    void other(std::uint8_t type, ByteView body) {
        begin(type, 0, body.size());
        octets_.insert(octets_.end(), body.begin(), body.end());
        pad();
    }

    void set_protocol(webrtc::PayloadProtocol protocol) { protocol_ = protocol; }
    std::size_t size() const noexcept { return octets_.size(); }
    Bytes take() { return std::exchange(octets_, Bytes(12)); }

    static constexpr std::uint8_t kBegin = 2;
    static constexpr std::uint8_t kEnd = 1;

private:
    void begin(std::uint8_t type, std::uint8_t flags, std::size_t size) {
        octets_.push_back(type);
        octets_.push_back(flags);
        put16(static_cast<std::uint16_t>(size + 4));
    }
    void put16(std::uint16_t value) {
        octets_.push_back(static_cast<std::uint8_t>(value >> 8U));
        octets_.push_back(static_cast<std::uint8_t>(value));
    }
    void put32(std::uint32_t value) {
        put16(static_cast<std::uint16_t>(value >> 16U));
        put16(static_cast<std::uint16_t>(value));
    }
    void pad() { octets_.resize((octets_.size() + 3) / 4 * 4); }

    Bytes octets_ = Bytes(12);
    webrtc::PayloadProtocol protocol_ = webrtc::PayloadProtocol::binary;
};

constexpr std::size_t kPacket = 1150;

class WebRtcChunksTest : public WebRtcChannelsTest {
protected:
    /// Packets that `make` fills, from a client that does not listen: what they take of the victim is bounded, and at
    /// least so much of it is charged.
    void flood(
        std::size_t packets,
        std::function<void(Chunks&, RawWebRtcClient&, std::size_t)> make,
        std::size_t least_charged = 0
    ) {
        auto attack = [=, this](RawWebRtcClient& client) -> awaitable<void> {
            auto opened = co_await client.open(2);
            EXPECT_TRUE(opened);
            auto answered = co_await client.wait(5s, [&] { return client.acknowledged().count(2) != 0; });
            EXPECT_TRUE(answered);
            client.deafen();
            const auto before = support::heap_bytes();
            const auto charged_before = usage().memory;
            std::size_t most = 0;
            std::size_t charged = 0;
            std::size_t sent = 0;
            Chunks chunks;
            for (std::size_t i = 0; i < packets && !client.has_ended(); ++i) {
                make(chunks, client, i);
                sent += chunks.size();
                client.send_chunks(chunks.take());
                if (i % kVolley == 0) {
                    auto waited = co_await client.wait(1ms, [] { return false; });
                    EXPECT_FALSE(waited);
                    most = std::max(most, support::heap_bytes());
                    charged = std::max(charged, usage().memory);
                }
                if (i % (packets / 5) == 0) {
                    co_await honest_->dial_once();
                }
            }
            std::printf(
                "%zu KiB sent; at most %zu KiB of heap, %zu KiB charged; %zu KiB came back; the connection %s\n",
                sent / 1024,
                (std::max(most, before) - before) / 1024,
                (std::max(charged, charged_before) - charged_before) / 1024,
                client.octets_received() / 1024,
                usage().connections_inbound > 0 ? "stands" : "has ended"
            );
            EXPECT_LT(most, before + kMostMemory);
            EXPECT_GE(std::max(charged, charged_before), charged_before + least_charged);
            EXPECT_GT(sent, packets * 40);
            if (client.has_ended()) {
                std::printf("ended: %s\n", client.ended()->message().c_str());
            }
        };
        play(attack);
    }

    static constexpr std::size_t kPackets = kIsMeasured ? 5'000 : 1'000;
    static constexpr std::size_t kLeastCharged = (kIsMeasured ? 128 : 32) * 1024;
};

/// Nothing of it can be handed out, for the first one never comes.
TEST_F(WebRtcChunksTest, DataBehindAGap) {
    flood(kPackets, [](Chunks& chunks, RawWebRtcClient& client, std::size_t i) {
        const Bytes octet{1};
        while (chunks.size() < kPacket) {
            const auto n = static_cast<std::uint32_t>(i * 60 + chunks.size() / 20);
            const auto order = static_cast<std::uint16_t>(n + 1);
            chunks.data(client.next_number() + 1 + 2 * n, 2, order, Chunks::kBegin | Chunks::kEnd, octet);
        }
    });
}

/// Where every number is within the window that the listener keeps count of.
TEST_F(WebRtcChunksTest, DataBehindAGapOverAndOver) {
    flood(
        kPackets,
        [](Chunks& chunks, RawWebRtcClient& client, std::size_t i) {
            const Bytes payload(i % 1000 + 1, 7);
            while (chunks.size() + payload.size() < kPacket) {
                const auto n = static_cast<std::uint32_t>((i * 31 + chunks.size()) % 4000);
                chunks.data(client.next_number() + 1 + n, static_cast<std::uint16_t>(n % 512), 0, 0, payload);
            }
        },
        kLeastCharged
    );
}

TEST_F(WebRtcChunksTest, AMessageThatNeverEnds) {
    flood(kPackets, [](Chunks& chunks, RawWebRtcClient& client, std::size_t i) {
        const Bytes payload(1100, 0);
        chunks.set_protocol(webrtc::PayloadProtocol::dcep);
        const auto number = client.next_number() + static_cast<std::uint32_t>(i);
        chunks.data(number, 2, 1, i == 0 ? Chunks::kBegin : 0, payload);
    });
}

/// One on every stream, none of which has an end.
TEST_F(WebRtcChunksTest, ManyMessagesThatNeverEnd) {
    flood(
        kPackets,
        [](Chunks& chunks, RawWebRtcClient& client, std::size_t i) {
            const Bytes payload(1100, 0x55);
            const auto stream = static_cast<std::uint16_t>(4 + 2 * (i % 500));
            chunks.data(client.next_number() + static_cast<std::uint32_t>(i), stream, 0, Chunks::kBegin, payload);
        },
        kLeastCharged
    );
}

TEST_F(WebRtcChunksTest, RequestsOfAllKinds) {
    flood(kPackets, [random = std::mt19937(17)](Chunks& chunks, RawWebRtcClient& client, std::size_t i) mutable {
        Bytes body(1000);
        std::generate(body.begin(), body.end(), [&] { return static_cast<std::uint8_t>(random()); });
        const auto put = [&](std::size_t at, std::uint32_t value, std::size_t size) {
            for (std::size_t n = 0; n < size; ++n) {
                body[at + n] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - n)));
            }
        };
        switch (i % 5) {
            case 0:  // HEARTBEAT, with as much to send back as fits
                put(0, 1, 2);
                put(2, 1000, 2);
                chunks.other(4, body);
                break;
            case 1:  // INIT: it begins anew, again and again
                body.resize(16);
                put(4, 0x40000, 4);
                put(8, 0x04000400, 4);
                chunks.other(1, body);
                break;
            case 2:  // COOKIE ECHO
                body.resize(400);
                chunks.other(10, body);
                break;
            case 3:  // RE-CONFIG: reset these, once this number has come
                body.resize(16 + 2 * 480);
                put(0, 13, 2);
                put(2, static_cast<std::uint32_t>(body.size()), 2);
                put(4, client.next_number() + static_cast<std::uint32_t>(i / 5), 4);
                put(8, 0, 4);
                put(12, client.next_number() + 1000 * (random() % 2), 4);
                chunks.other(130, body);
                break;
            default:  // FORWARD TSN, far ahead
                body.resize(4 + 4 * 100);
                put(0, client.next_number() + 100 + static_cast<std::uint32_t>(i), 4);
                chunks.other(192, body);
                break;
        }
    });
}

/// Streams that the listener has answered in full, and whose end the client does not acknowledge.
TEST_F(WebRtcChannelsTest, StreamsThatNeverEndOnTheRemotesSide) {
    const std::size_t times = kIsMeasured ? 2'000 : 600;
    auto attack = [&](RawWebRtcClient& client) -> awaitable<void> {
        const auto text = multistream::encode_message(multistream::kHeader) +
                          multistream::encode_message(echo::kProtocol) + "not acknowledged";
        const Bytes fin{0x02, 0x08, 0x00};
        std::deque<std::uint16_t> free;
        std::set<std::uint16_t> used;
        for (std::uint16_t id = 2; id + 2 < client.streams(); id = static_cast<std::uint16_t>(id + 2)) {
            free.push_back(id);
        }
        const auto before = support::heap_bytes();
        std::size_t most = 0;
        std::size_t charged = 0;
        std::size_t opened = 0;
        const auto start = Clock::now();
        while (opened < times && !client.has_ended() && Clock::now() < start + 20s) {
            const auto expected = client.received();
            std::size_t batch = 0;
            for (; batch < 32 && !free.empty(); ++batch) {
                const auto id = free.front();
                free.pop_front();
                used.insert(id);
                (void)co_await client.open(id);
                (void)co_await client.send_frame(id, as_bytes(text));
                (void)co_await client.send_raw(id, fin);
                ++opened;
            }
            auto answered =
                co_await client.wait(5s, [&] { return client.received() >= expected + batch * text.size(); });
            EXPECT_TRUE(answered);
            auto waited = co_await client.wait(1ms, [] { return false; });
            EXPECT_FALSE(waited);
            most = std::max(most, support::heap_bytes());
            charged = std::max(charged, usage().memory);
            for (const auto id : std::set(used)) {
                if (client.closed_by_remote().count(id) == 0) {
                    continue;  // the listener still waits
                }
                client.reset(id);
                if (client.take_closed(id)) {
                    used.erase(id);
                    free.push_back(id);
                }
            }
            if (opened % 512 == 0) {
                co_await honest_->dial_once();
            }
        }
        std::printf(
            "%zu streams in %.1f s, %zu not ended; at most %zu KiB of heap, %zu KiB charged\n",
            opened,
            std::chrono::duration<double>(Clock::now() - start).count(),
            used.size(),
            (std::max(most, before) - before) / 1024,
            charged / 1024
        );
        EXPECT_GE(opened, times);
        EXPECT_LT(most, before + kMostMemory);
        EXPECT_LT(charged, kMostMemory);
        EXPECT_LE(usage().streams_inbound, 32U);
        EXPECT_FALSE(client.has_ended());
    };
    play(attack);
}

TEST_F(WebRtcChannelsTest, ChannelsAndDataOfAStranger) {
    auto attack = [&](RawWebRtcClient& client) -> awaitable<void> {
        for (std::uint16_t id = 2; id < 402; id = static_cast<std::uint16_t>(id + 2)) {
            auto sent = co_await client.open(id);
            EXPECT_TRUE(sent);
        }
        const auto early = webrtc::WebRtcSession::kEarlyChannels;
        auto refused = co_await client.wait(5s, [&] { return client.closed_by_remote().size() >= 200 - early; });
        EXPECT_TRUE(refused);
        EXPECT_LE(client.acknowledged().size(), early);
        const Bytes payload(8 * 1024, 0x55);
        for (int i = 0; i < 100; ++i) {
            (void)co_await client.send_frame(2, payload);
        }
        auto cut = co_await is_closed(client, 2);
        EXPECT_TRUE(cut);
        EXPECT_LT(usage().memory, kMostMemory);
        EXPECT_EQ(usage().streams_inbound, 0U);
        // It never proves who it is, and is gone at the deadline.
        auto gone = co_await client.wait(20s, [&] { return usage().connections_inbound == 0; });
        EXPECT_TRUE(gone);
        auto told = co_await client.wait(5s, [&] { return client.has_ended(); });
        EXPECT_TRUE(told);
    };
    play(attack, false);
}

/// A connection that seems to move on and on keeps no other from moving.
TEST_F(WebRtcChannelsTest, ChecksFromEverywhereForOneConnection) {
    auto attack = [&](RawWebRtcClient& client) -> awaitable<void> {
        auto mover = RawWebRtcClient::make(io_, endpoint_);
        auto joined = co_await mover->join();
        EXPECT_TRUE(joined);
        for (auto* each : {&client, mover.get()}) {  // the listener learns the names of both
            auto checked = co_await each->check();
            EXPECT_TRUE(checked);
        }
        Witness witness(io_, endpoint_);
        const auto check = client.own_check();
        for (std::size_t i = 0; i < 600; ++i) {
            RawUdp(endpoint_).send(check);
            if (i % kVolley == 0) {
                co_await witness.settle();
            }
        }
        auto moved = co_await mover->move();
        EXPECT_TRUE(moved);
        auto served = co_await is_served(*mover, 2);
        EXPECT_TRUE(served);
        moved = co_await client.move();
        EXPECT_TRUE(moved);
        served = co_await is_served(client, 2);
        EXPECT_TRUE(served);
        mover->close();
    };
    play(attack);
}

/// Two of ours, one stream pushed without end and not read; the other stream of the connection has to go on.
TEST_F(WebRtcChannelsTest, AStreamThatNobodyReadsHoldsUpNoOther) {
    constexpr std::size_t kPushed = 100 * 1024 * 1024;
    Node victim(io_);
    Node pusher(io_);
    asio::steady_timer never(io_);
    never.expires_at(asio::steady_timer::time_point::max());
    victim.host.handle("/hoard/1", [&](std::unique_ptr<Stream>) -> awaitable<void> {
        co_await never.async_wait(asio::use_awaitable);
    });
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(victim, kWebRtcListen);
        auto peer = co_await pusher.host.connect(address);
        EXPECT_TRUE(peer);
        auto hoard = co_await pusher.host.open_stream(*peer, ProtocolId("/hoard/1"));
        EXPECT_TRUE(hoard);
        std::size_t pushed = 0;
        std::optional<Error> ended;
        auto push = [&]() -> awaitable<void> {
            const Bytes block(256 * 1024);
            while (pushed < kPushed) {
                auto written = co_await write(**hoard, block);
                if (!written) {
                    ended = written.error();
                    co_return;
                }
                pushed += block.size();
            }
        };
        std::size_t most = 0;
        auto longest = Clock::duration::zero();
        auto together = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(push());
            for (int i = 0; i < 50; ++i) {
                const auto start = Clock::now();
                auto answer = co_await with_timeout(10s, echo_once(pusher, *peer, "beside"));
                EXPECT_TRUE(answer) << answer.error();
                longest = std::max(longest, Clock::now() - start);
                most = std::max(most, victim.host.resources().system_usage().memory);
            }
            co_await tasks.join();
        };
        co_await with_tasks(together);
        std::printf(
            "%zu KiB pushed before it was cut off; another stream took %.0f ms at most, the victim was charged %zu "
            "KiB\n",
            pushed / 1024,
            std::chrono::duration<double, std::milli>(longest).count(),
            most / 1024
        );
        EXPECT_TRUE(ended);
        EXPECT_EQ(ended.value_or(Error()), Errc::stream_reset);
        EXPECT_LT(pushed, kPushed / 4);
        EXPECT_LT(longest, 3s);
        EXPECT_LT(most, 16U * 1024 * 1024);
        hoard = Errc::shut_down;
        co_await close(pusher);
        co_await close(victim);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test::hostile
