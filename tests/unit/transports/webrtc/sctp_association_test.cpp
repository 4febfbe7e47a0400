// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/sctp_association.hpp"

#include "tests/unit/transports/webrtc/virtual_time.hpp"
#include "transports/webrtc/crc32c.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <random>
#include <set>

namespace libp2p::webrtc {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::steady_clock::time_point;

/// One end of a link in memory, and what it was told.
class Side final : public SctpEvents {
public:
    void send_packet(ByteView packet) noexcept override { sent.emplace_back(packet.begin(), packet.end()); }
    void on_established(std::uint16_t count) override { streams = count; }
    void on_message(std::uint16_t stream, PayloadProtocol protocol, ByteView piece, bool is_last) override {
        protocols[stream] = protocol;
        auto& message = messages[stream];
        message.insert(message.end(), piece.begin(), piece.end());
        ends[stream] += is_last ? 1 : 0;
        order.push_back("message " + std::to_string(stream));
    }
    void on_remote_reset(std::span<const std::uint16_t> which) override {
        for (auto stream : which) {
            remote_resets.insert(stream);
            order.push_back("reset " + std::to_string(stream));
        }
    }
    void on_local_reset(std::span<const std::uint16_t> which, bool is_done) override {
        for (auto stream : which) {
            local_resets[stream] = is_done;
        }
    }
    void on_writable() override { writable = true; }
    void on_all_acknowledged() override { ++dry; }
    void on_ended(Error why) override { ended = why; }
    void on_looked() override {}
    Time now() const noexcept override { return *clock; }

    const Time* clock = nullptr;
    std::shared_ptr<SctpAssociation> association;
    std::deque<Bytes> sent;
    std::uint16_t streams = 0;
    std::map<std::uint16_t, Bytes> messages;
    std::map<std::uint16_t, int> ends;
    std::map<std::uint16_t, PayloadProtocol> protocols;
    std::set<std::uint16_t> remote_resets;
    std::map<std::uint16_t, bool> local_resets;
    std::vector<std::string> order;
    bool writable = false;
    int dry = 0;
    std::optional<Error> ended;
};

class SctpAssociationTest : public testing::Test {
protected:
    void SetUp() override { EXPECT_EQ(SctpStack::instance().size(), 0U); }
    void TearDown() override {
        near_.association.reset();
        far_.association.reset();
        EXPECT_EQ(SctpStack::instance().size(), 0U);
    }

    void make(Side& side, const SctpOptions& options = {}) {
        side.clock = &now_;
        side.association = SctpAssociation::make(context_.get_executor(), options, side, now_).value();
    }

    void connect(const SctpOptions& near = {}, const SctpOptions& far = {}) {
        make(near_, near);
        make(far_, far);
        ASSERT_TRUE(near_.association->connect());
        ASSERT_TRUE(far_.association->connect());
        ASSERT_TRUE(run([&] { return near_.streams > 0 && far_.streams > 0; }));
    }

    /// Everything that has been sent reaches the other end, unless it is lost; returns false when there was nothing.
    bool exchange() {
        bool any = false;
        for (auto [from, to] : {std::pair(&near_, &far_), std::pair(&far_, &near_)}) {
            auto packets = std::exchange(from->sent, {});
            for (auto& packet : packets) {
                any = true;
                if (lossy_ && random_() % 20 == 0) {
                    continue;
                }
                to->association->receive(packet);
            }
            to->association->look();
        }
        return any;
    }

    bool run(const std::function<bool()>& done, std::chrono::seconds limit = 60s) {
        for (const auto end = now_ + limit; now_ < end;) {
            if (done()) {
                return true;
            }
            if (exchange()) {
                continue;
            }
            tick();
        }
        return done();
    }

    void tick() {
        now_ += 10ms;
        virtual_time_.advance(10ms);
        SctpStack::instance().advance(now_);
        context_.restart();
        context_.poll();
    }

    VirtualTime virtual_time_;
    asio::io_context context_;
    Time now_ = Time() + 1h;
    Side near_;
    Side far_;
    bool lossy_ = false;
    std::mt19937 random_{1};
};

Bytes pattern(std::size_t size, unsigned seed = 1) {
    std::mt19937 random(seed);
    Bytes octets(size);
    for (auto& octet : octets) {
        octet = static_cast<std::uint8_t>(random());
    }
    return octets;
}

TEST(Crc32c, IsCastagnolis) {
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
    EXPECT_EQ(crc32c({}), 0U);
    const Bytes zeros(32, 0);
    EXPECT_EQ(crc32c(zeros), 0x8A9136AAU);
}

TEST_F(SctpAssociationTest, BothEndsOpenItAtOnce) {
    connect();
    EXPECT_EQ(near_.streams, 1024U);
    EXPECT_EQ(far_.streams, 1024U);
}

TEST_F(SctpAssociationTest, TheSmallerNumberOfStreamsCounts) {
    connect(SctpOptions{.streams = 4096}, SctpOptions{.streams = 256});
    EXPECT_EQ(near_.streams, 256U);
    EXPECT_EQ(far_.streams, 256U);
}

TEST_F(SctpAssociationTest, PacketsCarryTheRightChecksum) {
    make(near_);
    ASSERT_TRUE(near_.association->connect());
    ASSERT_EQ(near_.sent.size(), 1U);
    auto packet = near_.sent.front();
    auto again = packet;
    write_sctp_checksum(again);
    EXPECT_EQ(packet, again);
    far_.association = near_.association;
}

TEST_F(SctpAssociationTest, MessagesArriveWholeAndInOrder) {
    connect();
    const auto large = pattern(16'384);
    EXPECT_TRUE(near_.association->send(5, PayloadProtocol::binary, large).value());
    EXPECT_TRUE(near_.association->send(5, PayloadProtocol::binary, as_bytes("then this")).value());
    EXPECT_TRUE(far_.association->send(7, PayloadProtocol::dcep, as_bytes("x")).value());
    ASSERT_TRUE(run([&] { return far_.ends[5] == 2 && near_.ends[7] == 1; }));
    auto expected = large;
    expected.insert(expected.end(), {'t', 'h', 'e', 'n', ' ', 't', 'h', 'i', 's'});
    EXPECT_EQ(far_.messages[5], expected);
    EXPECT_EQ(near_.protocols[7], PayloadProtocol::dcep);
    EXPECT_TRUE(run([&] { return near_.dry > 0; })) << "everything was acknowledged";
}

TEST_F(SctpAssociationTest, ALossyLinkLosesNothing) {
    connect();
    lossy_ = true;
    const auto octets = pattern(2'000'000);
    std::size_t taken = 0;
    auto done = [&] {
        while (taken < octets.size()) {
            auto piece = ByteView(octets).subspan(taken, std::min<std::size_t>(16'384, octets.size() - taken));
            auto sent = near_.association->send(3, PayloadProtocol::binary, piece);
            if (!sent || !*sent) {
                break;
            }
            taken += piece.size();
        }
        return far_.messages[3].size() == octets.size();
    };
    ASSERT_TRUE(run(done, 600s)) << (near_.ended ? near_.ended->message() : "") << far_.messages[3].size();
    EXPECT_EQ(far_.messages[3], octets);
    EXPECT_TRUE(near_.writable) << "it was full at times";
}

TEST_F(SctpAssociationTest, AFullBufferSaysSoAndTellsWhenThereIsRoom) {
    connect();
    far_.association->pause();
    const Bytes message(16'000, 1);
    std::size_t taken = 0;
    auto fill = [&] {
        for (;;) {
            auto sent = near_.association->send(3, PayloadProtocol::binary, message).value();
            if (!sent) {
                return;
            }
            taken += message.size();
        }
    };
    for (int i = 0; i < 50; ++i) {
        fill();
        near_.writable = false;
        run([&] { return near_.writable; }, 1s);
    }
    EXPECT_FALSE(near_.writable) << "nobody reads, but there is room";
    EXPECT_LE(taken, 2U * 256 * 1024 + 64 * 1024) << "more than both buffers hold";
    EXPECT_GT(near_.association->held().to_send, 100'000U);
    EXPECT_GT(far_.association->held().received, 0U);
    far_.association->resume();
    far_.association->look();
    EXPECT_TRUE(run([&] { return near_.writable; }));
    EXPECT_TRUE(run([&] { return far_.messages[3].size() == taken; }));
}

TEST_F(SctpAssociationTest, AResetComesAfterWhatWasSentBefore) {
    connect();
    EXPECT_TRUE(near_.association->send(5, PayloadProtocol::binary, pattern(100'000)).value());
    ASSERT_TRUE(near_.association->reset(5));
    ASSERT_TRUE(run([&] { return far_.remote_resets.count(5) == 1 && near_.local_resets.count(5) == 1; }));
    EXPECT_TRUE(near_.local_resets[5]);
    EXPECT_EQ(far_.messages[5].size(), 100'000U);
    EXPECT_EQ(far_.order.back(), "reset 5");
    EXPECT_TRUE(far_.local_resets.empty()) << "the other half is the other's";
    ASSERT_TRUE(near_.association->send(5, PayloadProtocol::binary, as_bytes("again")).value());
    EXPECT_TRUE(run([&] { return far_.messages[5].size() == 100'005U; })) << "the number can be used again";
}

TEST_F(SctpAssociationTest, ManyResetsAtOnceAllGetThrough) {
    connect();
    for (std::uint16_t stream = 0; stream < 200; ++stream) {
        ASSERT_TRUE(near_.association->send(stream, PayloadProtocol::binary, as_bytes("x")).value());
        ASSERT_TRUE(near_.association->reset(stream)) << stream;
    }
    EXPECT_TRUE(run([&] { return far_.remote_resets.size() == 200 && near_.local_resets.size() == 200; }))
        << far_.remote_resets.size() << " and " << near_.local_resets.size();
}

TEST_F(SctpAssociationTest, AnAbortEndsTheOtherSide) {
    connect();
    near_.association->abort();
    EXPECT_TRUE(run([&] { return far_.ended.has_value(); }));
    EXPECT_FALSE(near_.ended) << "who aborts knows";
    EXPECT_EQ(near_.association->send(3, PayloadProtocol::binary, as_bytes("x")).error(), Errc::connection_closed);
}

TEST_F(SctpAssociationTest, ARemoteThatHasGoneIsNoticed) {
    connect();
    ASSERT_TRUE(near_.association->send(3, PayloadProtocol::binary, as_bytes("x")).value());
    for (int i = 0; i < 60'000 && !near_.ended; ++i) {
        near_.sent.clear();
        tick();
    }
    EXPECT_TRUE(near_.ended);
}

TEST_F(SctpAssociationTest, NoiseOnTheLinkIsIgnored) {
    connect();
    for (std::size_t size = 0; size < 200; ++size) {
        far_.association->receive(pattern(size, static_cast<unsigned>(size)));
    }
    far_.association->look();
    ASSERT_TRUE(near_.association->send(3, PayloadProtocol::binary, as_bytes("still")).value());
    EXPECT_TRUE(run([&] { return far_.messages[3].size() == 5; }));
}

TEST_F(SctpAssociationTest, ThousandsComeAndGo) {
    for (int i = 0; i < 300; ++i) {
        near_ = Side();
        far_ = Side();
        connect(SctpOptions{.streams = 256}, SctpOptions{.streams = 256});
        EXPECT_TRUE(near_.association->send(1, PayloadProtocol::binary, as_bytes("x")).value());
        near_.association.reset();
        far_.association.reset();
    }
}

}  // namespace
}  // namespace libp2p::webrtc
