// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/data_channel_message.hpp"
#include "tests/support/quiet_sctp_events.hpp"
#include "tests/unit/transports/webrtc/virtual_time.hpp"
#include "transports/webrtc/webrtc_session.hpp"

#include <libp2p/multiaddr.hpp>
#include <libp2p/resource_manager.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <vector>

// What other implementations do on their data channels, played octet by octet by a dialer that announces as many SCTP
// streams as go-libp2p and rust-libp2p.

namespace libp2p::webrtc {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Not;

const Bytes kFin{0x02, 0x08, 0x00};
const Bytes kStopSending{0x02, 0x08, 0x01};
const Bytes kFinAck{0x02, 0x08, 0x03};
const Bytes kHello{0x07, 0x12, 0x05, 'h', 'e', 'l', 'l', 'o'};

Bytes joined(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const auto& part : parts) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

std::shared_ptr<const crypto::DtlsContext> new_context() {
    return std::make_shared<crypto::DtlsContext>(crypto::Certificate::generate());
}

/// The remote: DTLS and SCTP, and nothing above them.
class Remote final : public QuietSctpEvents, public crypto::DtlsSession::Output {
public:
    void send_datagram(ByteView datagram) override { sent.emplace_back(datagram.begin(), datagram.end()); }
    void send_packet(ByteView packet) noexcept override { (void)dtls.send(packet); }
    void on_established(std::uint16_t) override { is_open = true; }
    void on_message(std::uint16_t stream, PayloadProtocol protocol, ByteView piece, bool is_last) override {
        partial.insert(partial.end(), piece.begin(), piece.end());
        if (is_last) {
            auto message = std::exchange(partial, {});
            if (protocol == PayloadProtocol::binary) {
                messages.emplace_back(stream, std::move(message));
            }
        }
    }
    Clock::time_point now() const noexcept override { return *clock; }

    std::vector<Bytes> messages_of(std::uint16_t stream) const {
        std::vector<Bytes> found;
        for (const auto& [id, message] : messages) {
            if (id == stream) {
                found.push_back(message);
            }
        }
        return found;
    }

    crypto::DtlsSession dtls{new_context(), crypto::DtlsSession::Role::client, std::nullopt, *this, 1232};
    const Clock::time_point* clock = nullptr;
    std::shared_ptr<SctpAssociation> association;
    std::deque<Bytes> sent;
    Bytes partial;
    std::vector<std::pair<std::uint16_t, Bytes>> messages;
    bool is_open = false;
};

class WebRtcSessionPeers : public testing::Test, public WebRtcSession::Driver {
protected:
    static constexpr std::uint16_t kManyStreams = 2048;  // more than those peers want that use a number again

    void SetUp() override {
        scope_.emplace(
            resources_.open_connection(Direction::inbound, false, Multiaddr::parse("/memory/1").value()).value()
        );
        WebRtcSession::Options options;
        options.role = WebRtcSession::Role::server;
        session_.emplace(context_.get_executor(), new_context(), options, limits_, scope_->budget(), *this);
        remote_.clock = &now_;
        session_->start();
        ASSERT_TRUE(remote_.dtls.start(now_));
        exchange();
        ASSERT_TRUE(remote_.dtls.is_established());
        SctpOptions sctp;
        sctp.streams = kManyStreams;
        sctp.receive_buffer = window_;
        remote_.association = SctpAssociation::make(context_.get_executor(), sctp, remote_, now_).value();
        ASSERT_TRUE(remote_.association->connect());
        exchange();
        ASSERT_TRUE(remote_.is_open && session_->is_open());
        if (is_proven_) {
            session_->set_proven();
            session_->release_handshake_channel();
        }
    }

    void TearDown() override {
        remote_.association.reset();
        session_.reset();
        scope_.reset();
        EXPECT_TRUE(resources_.system_usage().is_zero());
        EXPECT_EQ(SctpStack::instance().size(), 0U);
    }

    void send_datagram(ByteView datagram) noexcept override { sent_.emplace_back(datagram.begin(), datagram.end()); }
    void on_change() noexcept override {}
    Clock::time_point now() const noexcept override { return now_; }

    /// Until neither has anything to say, acknowledgements that take their time included.
    void exchange() {
        for (int quiet = 0; quiet < 5;) {
            session_->send_pending();
            if (sent_.empty() && remote_.sent.empty()) {
                tick();
                ++quiet;
                continue;
            }
            for (auto& datagram : std::exchange(remote_.sent, {})) {
                session_->receive(datagram);
            }
            session_->look();
            for (auto& datagram : std::exchange(sent_, {})) {
                const auto take = [&](ByteView packet) {
                    if (remote_.association) {
                        remote_.association->receive(packet);
                    }
                };
                const auto received = remote_.dtls.receive(datagram, take, now_);
                ASSERT_TRUE(received || session_->has_ended());
            }
            if (remote_.association) {
                remote_.association->look();
            }
        }
    }

    void tick() {
        now_ += 10ms;
        virtual_time_.advance(10ms);
        SctpStack::instance().advance(now_);
        context_.restart();
        context_.poll();
    }

    void tell(std::uint16_t stream, ByteView message, PayloadProtocol protocol = PayloadProtocol::binary) {
        ASSERT_TRUE(remote_.association->send(stream, protocol, message).value());
    }

    /// A channel that the remote opens.
    Channel* opened(std::uint16_t id) {
        tell(id, kDataChannelOpen, PayloadProtocol::dcep);
        exchange();
        return session_->accept();
    }

    bool write(Channel& channel, std::initializer_list<ByteView> parts) {
        const std::vector<ByteView> buffers(parts);
        auto written = session_->write(channel, buffers);
        exchange();
        return written && *written;
    }

    std::string read(Channel& channel) {
        Bytes into(64);
        auto got = session_->read(channel, into);
        return got ? std::string(into.begin(), into.begin() + static_cast<std::ptrdiff_t>(*got))
                   : got.error().code().message();
    }

    VirtualTime virtual_time_;
    asio::io_context context_;
    Clock::time_point now_ = Clock::time_point() + 1h;
    Limits limits_;
    ResourceManager resources_{limits_};
    std::optional<ConnectionScope> scope_;
    Remote remote_;
    std::deque<Bytes> sent_;
    std::optional<WebRtcSession> session_;
    bool is_proven_ = true;
    std::uint32_t window_ = SctpOptions().receive_buffer;
};

/// With the window of webrtc-rs.
class WebRtcSessionOfLateRemote : public WebRtcSessionPeers {
protected:
    WebRtcSessionOfLateRemote() { window_ = 1024 * 1024; }
};

/// As long as the remote is not proven.
class WebRtcSessionHandshake : public WebRtcSessionPeers {
protected:
    WebRtcSessionHandshake() { is_proven_ = false; }
};

/// go-libp2p reads through a buffer of 4096 octets: what is longer has to begin with what a message of its own said.
TEST_F(WebRtcSessionPeers, LengthOfALongFrameIsAMessageOfItsOwn) {
    auto* channel = opened(2);
    ASSERT_NE(channel, nullptr);
    const Bytes data(20'000, 7);
    ASSERT_TRUE(write(*channel, {data}));
    std::size_t announced = 0;
    std::size_t total = 0;
    for (const auto& message : remote_.messages_of(2)) {
        if (message.size() > 4096) {
            EXPECT_EQ(message.size(), announced);
        }
        announced = message.size() == 2 ? (message[0] & 0x7FU) | (std::size_t{message[1]} << 7U) : 0;
        total += message.size();
    }
    EXPECT_GT(total, data.size());
    session_->release(*channel);
}

/// litep2p refuses a protocol's proposal with data behind it in the same frame.
TEST_F(WebRtcSessionPeers, FirstBufferIsAFrameOfItsOwn) {
    auto* channel = session_->open().value();
    const Bytes proposal(30, 'p');
    const Bytes data(8, 'd');
    ASSERT_TRUE(write(*channel, {proposal, data}));
    const auto messages = remote_.messages_of(channel->id);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0].size(), 3 + proposal.size());
    EXPECT_EQ(messages[1].size(), 3 + data.size());
    session_->release(*channel);
}

TEST_F(WebRtcSessionPeers, TakesTheAcknowledgementOfPion) {
    auto* channel = session_->open().value();
    exchange();
    tell(channel->id, Bytes{0x02, 0, 0, 0}, PayloadProtocol::dcep);
    tell(channel->id, kHello);
    exchange();
    EXPECT_EQ(read(*channel), "hello");
    session_->release(*channel);
}

/// go-libp2p closes: FIN, STOP_SENDING, and the channel at once.
TEST_F(WebRtcSessionPeers, StreamThatTheRemoteClosedIsClosedNotReset) {
    auto* channel = opened(2);
    ASSERT_NE(channel, nullptr);
    tell(2, joined({kHello, kFin, kStopSending}));
    exchange();
    ASSERT_TRUE(remote_.association->reset(2));
    exchange();
    EXPECT_TRUE(session_->close_write(*channel));
    EXPECT_EQ(read(*channel), "hello");
    EXPECT_EQ(read(*channel), Error(asio::error::make_error_code(asio::error::eof)).code().message());
    session_->release(*channel);
}

TEST_F(WebRtcSessionPeers, StreamThatTheRemoteReadsNoMoreIsStillEndedByAFin) {
    auto* channel = opened(2);
    ASSERT_NE(channel, nullptr);
    tell(2, kStopSending);
    exchange();
    EXPECT_TRUE(session_->close_write(*channel));
    exchange();
    EXPECT_THAT(remote_.messages_of(2), Contains(kFin));
    session_->release(*channel);
}

TEST_F(WebRtcSessionPeers, FinIsAcknowledged) {
    auto* channel = opened(2);
    ASSERT_NE(channel, nullptr);
    tell(2, kFin);
    exchange();
    EXPECT_THAT(remote_.messages_of(2), Contains(kFinAck));
    session_->release(*channel);
}

/// rust-libp2p ends channel 0 by a FIN, perhaps after it has answered on another one; a FIN_ACK breaks its reader.
TEST_F(WebRtcSessionPeers, RustIsKnownEvenWhenItHasAnsweredBefore) {
    auto* ours = session_->open().value();
    exchange();
    tell(ours->id, kDataChannelAck, PayloadProtocol::dcep);
    auto* channel = opened(2);
    ASSERT_NE(channel, nullptr);
    tell(0, kFin);
    exchange();
    tell(2, kFin);
    exchange();
    EXPECT_THAT(remote_.messages_of(2), Not(Contains(kFinAck)));
    const Bytes data(20'000, 7);
    ASSERT_TRUE(write(*channel, {data}));
    for (const auto& message : remote_.messages_of(2)) {
        EXPECT_LE(message.size(), kMaxFrameSentToRust);
        EXPECT_NE(message.size(), 2U);
    }
    session_->release(*channel);
    session_->release(*ours);
}

/// litep2p resets its half once when it closes the channel, and again when the other half is reset.
TEST_F(WebRtcSessionPeers, NumberThatIsResetTwiceIsGivenOutOnce) {
    auto* first = session_->open().value();
    const auto id = first->id;
    exchange();
    session_->abort(*first);
    session_->release(*first);
    exchange();
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(remote_.association->reset(id));
        for (int j = 0; j < 60; ++j) {
            exchange();
        }
    }
    std::vector<Channel*> opened;
    std::set<unsigned> numbers;
    while (auto channel = session_->open()) {
        opened.push_back(*channel);
        numbers.insert((*channel)->id);
    }
    EXPECT_EQ(numbers.size(), opened.size());
    EXPECT_EQ(numbers.count(id), 1U);
    for (auto* channel : opened) {
        session_->release(*channel);
    }
}

/// libdatachannel opens a channel on a number of which we have reset our half, and resets its own only then.
TEST_F(WebRtcSessionPeers, ChannelMayBeOpenedBeforeTheOneBeforeIsReset) {
    auto* first = opened(2);
    ASSERT_NE(first, nullptr);
    tell(2, kFin);
    ASSERT_TRUE(session_->close_write(*first));
    exchange();
    tell(2, kFinAck);
    exchange();
    session_->release(*first);
    for (int i = 0; i < 2; ++i) {
        auto* channel = opened(2);
        ASSERT_NE(channel, nullptr);
        ASSERT_TRUE(remote_.association->reset(2));
        exchange();
        tell(2, kHello);
        exchange();
        EXPECT_EQ(read(*channel), "hello");
        ASSERT_TRUE(write(*channel, {kHello}));
        session_->abort(*channel);
        session_->release(*channel);
        exchange();
        now_ += kResetLinger;
        session_->on_time();
        exchange();
    }
}

class WebRtcSessionBacklog : public WebRtcSessionPeers {
protected:
    WebRtcSessionBacklog() { limits_.stream_window = 64 * 1024; }

    /// Two streams, and more in the first than it should hold.
    Channel& fill() {
        auto* channel = opened(2);
        other_ = opened(4);
        EXPECT_TRUE(channel != nullptr && other_ != nullptr);
        Bytes hellos;
        for (int i = 0; i < 500; ++i) {
            hellos.insert(hellos.end(), kHello.begin(), kHello.end());
        }
        for (std::size_t sent = 0; sent <= limits_.stream_window; sent += 500 * 5) {
            tell(2, hellos);
            exchange();
        }
        return *channel;
    }

    void lose_patience() {
        session_->on_time();
        now_ += WebRtcSession::kPatience;
        session_->on_time();
    }

    void release(Channel& channel) {
        session_->abort(channel);
        session_->release(channel);
        session_->release(*other_);
    }

    Channel* other_ = nullptr;
};

TEST_F(WebRtcSessionBacklog, StreamThatNobodyReadsIsReset) {
    auto& channel = fill();
    lose_patience();
    EXPECT_EQ(read(channel), Error(Errc::limit_exceeded).code().message());
    release(channel);
}

TEST_F(WebRtcSessionBacklog, NobodyHasToReadWhileTheProcessDoesNotRun) {
    auto& channel = fill();
    now_ += 4 * WebRtcSession::kPatience;
    session_->on_time();
    EXPECT_EQ(read(channel).substr(0, 5), "hello");
    lose_patience();
    EXPECT_EQ(read(channel), Error(Errc::limit_exceeded).code().message());
    release(channel);
}

/// An echo, whose remote is slow to read.
TEST_F(WebRtcSessionBacklog, StreamWhoseOwnerIsWritingWaits) {
    auto& channel = fill();
    const Bytes answer(4 * WebRtcSession::kLargestBuffer, 7);
    const std::vector<ByteView> buffers{answer};
    ASSERT_FALSE(session_->write(channel, buffers).value());
    for (int i = 0; i < 5; ++i) {
        lose_patience();
    }
    EXPECT_EQ(read(channel).substr(0, 5), "hello");
    session_->withdraw_write(channel);
    lose_patience();
    EXPECT_EQ(read(channel), Error(Errc::limit_exceeded).code().message());
    release(channel);
}

TEST_F(WebRtcSessionPeers, IsNotLate) {
    EXPECT_FALSE(session_->may_be_late());
}

/// rust-libp2p, which loses a Noise message that comes at once.
TEST_F(WebRtcSessionOfLateRemote, IsKnown) {
    EXPECT_TRUE(session_->may_be_late());
}

TEST_F(WebRtcSessionHandshake, OwnerOfItsChannelOutlivesAReset) {
    auto& channel = session_->handshake_channel();
    tell(0, Bytes{0x02, 0x08, 0x02});
    exchange();
    EXPECT_EQ(read(channel), Error(Errc::stream_reset).code().message());
    tell(0, kDataChannelOpen, PayloadProtocol::dcep);
    exchange();
    EXPECT_EQ(&session_->handshake_channel(), &channel);
    session_->release(channel);
    exchange();
    EXPECT_FALSE(session_->has_ended());
    EXPECT_LE(session_->open_count(), 1U);
}

TEST_F(WebRtcSessionHandshake, OwnerOfItsChannelOutlivesItsClose) {
    auto& channel = session_->handshake_channel();
    ASSERT_TRUE(remote_.association->reset(0));
    exchange();
    EXPECT_EQ(read(channel), Error(Errc::stream_reset).code().message());
    session_->release(channel);
    exchange();
    EXPECT_EQ(session_->open_count(), 0U);
}

/// go-libp2p uses no number again, and does not heed that SCTP refuses those behind the last.
TEST_F(WebRtcSessionPeers, ConnectionEndsWhenTheRemoteRunsOutOfNumbers) {
    const auto packet_on = [](unsigned stream) {
        Bytes packet(12 + 20);
        packet[12 + 1] = 3;   // DATA, a whole message
        packet[12 + 3] = 17;  // with one octet
        packet[12 + 8] = static_cast<std::uint8_t>(stream >> 8U);
        packet[12 + 9] = static_cast<std::uint8_t>(stream & 0xFFU);
        return packet;
    };
    ASSERT_TRUE(remote_.dtls.send(packet_on(kManyStreams - 1)));
    exchange();
    EXPECT_FALSE(session_->has_ended());
    ASSERT_TRUE(remote_.dtls.send(packet_on(kManyStreams)));
    exchange();
    EXPECT_TRUE(session_->has_ended());
    EXPECT_EQ(session_->error(), Errc::limit_exceeded);
}

/// Its heartbeats are answered; then it is there no more, with data under way to it or without.
TEST_F(WebRtcSessionPeers, RemoteThatVanishesIsNoticedWithinHalfAMinute) {
    const auto idle = [&](Clock::duration time) {
        for (const auto until = now_ + time; now_ < until && !session_->has_ended();) {
            exchange();
            session_->on_time();
        }
    };
    idle(3min);
    ASSERT_FALSE(session_->has_ended());
    const auto vanish = [&](Clock::duration limit, Clock::duration check) {
        const auto start = now_;
        auto next_check = check;
        while (now_ - start < limit && !session_->has_ended()) {
            tick();
            sent_.clear();
            if (now_ >= session_->deadline()) {
                session_->on_time();
            }
            if (now_ - start >= next_check) {
                session_->note_check();
                next_check += check;
            }
        }
        return now_ - start;
    };
    // Whoever still sends checks is there, until SCTP gives up.
    vanish(45s, 15s);
    ASSERT_FALSE(session_->has_ended());
    idle(1min);
    ASSERT_FALSE(session_->has_ended());
    const auto took = vanish(2min, 1h);
    EXPECT_TRUE(session_->has_ended());
    EXPECT_EQ(session_->error(), asio::error::make_error_code(asio::error::timed_out));
    EXPECT_GE(took, WebRtcSession::kSilence - 15s);
    EXPECT_LE(took, WebRtcSession::kSilence + 1s);
}

}  // namespace
}  // namespace libp2p::webrtc
