// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/udp_socket.hpp"

#include "tests/integration/hosts.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace libp2p::webrtc {
namespace {

using Endpoint = UdpSocket::Endpoint;
using Options = UdpSocket::Options;

/// Stands in for the system: counts calls, and fails those that it is told to.
struct System {
    int calls = 0;
    int segmented_calls = 0;
    int fail_segmented = 0;  ///< the error of calls that send several datagrams
    int fail_all = 0;
    std::uint16_t fail_port = 0;  ///< with ENETUNREACH
    int block_after = -1;         ///< calls that succeed before all others would block; negative: no end

    static System& instance() {
        static System system;
        return system;
    }

    static ssize_t send_message(int descriptor, const msghdr* message, int flags) {
        auto& self = instance();
        ++self.calls;
        const bool segmented = message->msg_controllen > 0;
        self.segmented_calls += segmented;
        Endpoint to;
        to.resize(message->msg_namelen);
        std::copy_n(static_cast<const char*>(message->msg_name), to.size(), reinterpret_cast<char*>(to.data()));
        int failure = self.block_after >= 0 && self.calls > self.block_after ? EAGAIN : self.fail_all;
        if (segmented && self.fail_segmented != 0) {
            failure = self.fail_segmented;
        } else if (self.fail_port != 0 && to.port() == self.fail_port) {
            failure = ENETUNREACH;
        }
        if (failure != 0) {
            errno = failure;
            return -1;
        }
        return ::sendmsg(descriptor, message, flags);
    }
};

Endpoint loopback(bool v6 = false) {
    if (v6) {
        return {asio::ip::address_v6::loopback(), 0};
    }
    return {asio::ip::address_v4::loopback(), 0};
}

class UdpSocketTest : public testing::Test {
protected:
    UdpSocketTest() { System::instance() = {}; }
    void TearDown() override { System::instance() = {}; }

    std::unique_ptr<UdpSocket> make(Options options = {}, bool v6 = false) {
        options.send_message = &System::send_message;
        auto bound = UdpSocket::bind(io.get_executor(), loopback(v6), options);
        EXPECT_TRUE(bound) << bound.error().message();
        return std::move(bound).value();
    }

    /// Waits until `count` datagrams have come.
    static awaitable<void> collect(UdpSocket& socket, std::size_t count, std::vector<Bytes>& into, Endpoint& from) {
        Bytes buffer(UdpSocket::kReceiveBufferSize);
        while (into.size() < count) {
            error_code ec;
            const auto received = socket.receive(buffer, ec);
            if (ec == asio::error::would_block) {
                auto readable = co_await socket.wait_readable();
                if (!readable) {
                    ADD_FAILURE() << readable.error().message();
                    co_return;
                }
                continue;
            }
            EXPECT_FALSE(ec) << ec.message();
            from = received.from;
            received.each([&](ByteView datagram) { into.emplace_back(datagram.begin(), datagram.end()); });
        }
    }

    std::vector<Bytes> receive(UdpSocket& socket, std::size_t count) {
        std::vector<Bytes> received;
        io.restart();
        test::run(io, collect(socket, count, received, from));
        return received;
    }

    /// What is there at once; on loopback that is all that was sent.
    static std::vector<Bytes> poll(UdpSocket& socket) {
        std::vector<Bytes> received;
        Bytes buffer(UdpSocket::kReceiveBufferSize);
        for (;;) {
            error_code ec;
            const auto got = socket.receive(buffer, ec);
            if (ec) {
                EXPECT_EQ(ec, asio::error::would_block);
                return received;
            }
            got.each([&](ByteView datagram) { received.emplace_back(datagram.begin(), datagram.end()); });
        }
    }

    asio::io_context io;
    Endpoint from;
};

/// Datagrams that can be told apart.
Bytes datagram(std::size_t size, std::size_t number) {
    Bytes octets(size);
    for (std::size_t i = 0; i < size; ++i) {
        octets[i] = static_cast<std::uint8_t>(number + i * 7);
    }
    return octets;
}

struct Mode {
    bool segmentation;
    bool coalescing;
    bool v6;
};

class UdpSocketModes : public UdpSocketTest, public testing::WithParamInterface<Mode> {};

TEST_P(UdpSocketModes, CarriesDatagramsAsTheyWere) {
    const auto mode = GetParam();
    Options sending;
    sending.segmentation = mode.segmentation;
    Options receiving;
    receiving.coalescing = mode.coalescing;
    auto sender = make(sending, mode.v6);
    auto one = make(receiving, mode.v6);
    auto other = make(receiving, mode.v6);
    EXPECT_TRUE(mode.segmentation || !sender->uses_segmentation());
    EXPECT_TRUE(mode.coalescing || !one->uses_coalescing());
    for (int round = 0; round < 5; ++round) {
        std::vector<Bytes> to_one;
        std::vector<Bytes> to_other;
        const auto send = [&](UdpSocket& to, std::vector<Bytes>& sent, std::size_t size) {
            sent.push_back(datagram(size, sent.size() + static_cast<std::size_t>(round)));
            sender->send(to.local_endpoint(), sent.back());
        };
        for (int i = 0; i < 20; ++i) {
            send(*one, to_one, 1200);
        }
        send(*one, to_one, 700);   // shorter: the last of its batch
        send(*one, to_one, 1200);  // so this is the first of another
        send(*one, to_one, 1201);
        send(*other, to_other, 1);
        send(*one, to_one, 1);
        for (std::size_t size : {std::size_t{9000}, std::size_t{9000}, std::size_t{100}, std::size_t{30'000}}) {
            send(*other, to_other, size);
        }
        sender->flush();
        sender->flush();
        EXPECT_EQ(receive(*one, to_one.size()), to_one);
        EXPECT_EQ(from, sender->local_endpoint());
        EXPECT_EQ(receive(*other, to_other.size()), to_other);
    }
    EXPECT_EQ(sender->queued(), 0U);
    EXPECT_EQ(sender->dropped(), 0U);
    EXPECT_TRUE(poll(*one).empty());
}

INSTANTIATE_TEST_SUITE_P(
    All,
    UdpSocketModes,
    testing::Values(
        Mode{true, true, false},
        Mode{true, false, false},
        Mode{false, true, false},
        Mode{false, false, false},
        Mode{true, true, true},
        Mode{true, false, true},
        Mode{false, true, true},
        Mode{false, false, true}
    ),
    [](const auto& test) {
        return std::string(test.param.segmentation ? "Gso" : "NoGso") + (test.param.coalescing ? "Gro" : "NoGro") +
               (test.param.v6 ? "V6" : "V4");
    }
);

TEST_F(UdpSocketTest, SendsABatchInOneCall) {
    auto sender = make();
    auto receiver = make();
    if (!sender->uses_segmentation()) {
        GTEST_SKIP() << "this kernel has no UDP_SEGMENT";
    }
    const auto to = receiver->local_endpoint();
    for (std::size_t i = 0; i < 40; ++i) {
        sender->send(to, datagram(1000, i));
    }
    EXPECT_EQ(System::instance().calls, 0);
    sender->flush();
    EXPECT_EQ(System::instance().calls, 1);
    EXPECT_EQ(receive(*receiver, 40).back(), datagram(1000, 39));

    // 64 datagrams to a call, and no more octets than an IP packet holds.
    System::instance() = {};
    for (std::size_t i = 0; i < 65; ++i) {
        sender->send(to, datagram(10, i));
    }
    sender->flush();
    EXPECT_EQ(System::instance().calls, 2);
    EXPECT_EQ(receive(*receiver, 65).back(), datagram(10, 64));
    System::instance() = {};
    for (std::size_t i = 0; i < 3; ++i) {
        sender->send(to, datagram(30'000, i));
    }
    sender->flush();
    EXPECT_EQ(System::instance().calls, 2);
    EXPECT_EQ(receive(*receiver, 3).back(), datagram(30'000, 2));
    EXPECT_EQ(sender->dropped(), 0U);
}

TEST_F(UdpSocketTest, KnowsTheAddressThatWasAskedAndAnswersFromThere) {
    Options options;
    options.local_addresses = true;
    auto asked = UdpSocket::bind(io.get_executor(), {asio::ip::address_v4::any(), 0}, options).value();
    auto asking = make();
    const auto second = asio::ip::make_address("127.0.0.2");
    asking->send({second, asked->local_endpoint().port()}, datagram(100, 1));
    asking->flush();
    Bytes buffer(UdpSocket::kReceiveBufferSize);
    error_code ec;
    const auto received = asked->receive(buffer, ec);
    ASSERT_FALSE(ec) << ec.message();
    EXPECT_EQ(received.to, second);
    asked->send(received.from, datagram(200, 2), received.to);
    asked->send(received.from, datagram(200, 3));  // not in one batch with the one before
    asked->flush();
    EXPECT_EQ(asking->receive(buffer, ec).from.address(), second);
    EXPECT_EQ(asking->receive(buffer, ec).from.address(), asio::ip::address_v4::loopback());
}

TEST_F(UdpSocketTest, KnowsTheAddressThatWasAskedInIpv6) {
    Options options;
    options.local_addresses = true;
    auto asked = UdpSocket::bind(io.get_executor(), {asio::ip::address_v6::any(), 0}, options).value();
    auto asking = make({}, true);
    asking->send({asio::ip::address_v6::loopback(), asked->local_endpoint().port()}, datagram(100, 1));
    asking->flush();
    Bytes buffer(UdpSocket::kReceiveBufferSize);
    error_code ec;
    const auto received = asked->receive(buffer, ec);
    ASSERT_FALSE(ec) << ec.message();
    EXPECT_EQ(received.to, asio::ip::address_v6::loopback());
    asked->send(received.from, datagram(200, 2), received.to);
    asked->flush();
    EXPECT_EQ(asking->receive(buffer, ec).octets.size(), 200U);
}

TEST_F(UdpSocketTest, SendsOneByOneWhereTheDeviceCannotSegment) {
    for (const int failure : {EIO, ENOPROTOOPT, EINVAL}) {
        System::instance() = {};
        System::instance().fail_segmented = failure;
        auto sender = make();
        auto receiver = make();
        if (!sender->uses_segmentation()) {
            GTEST_SKIP() << "this kernel has no UDP_SEGMENT";
        }
        for (int round = 0; round < 2; ++round) {
            std::vector<Bytes> sent;
            for (std::size_t i = 0; i < 10; ++i) {
                sent.push_back(datagram(500, i));
                sender->send(receiver->local_endpoint(), sent.back());
            }
            sender->flush();
            EXPECT_EQ(receive(*receiver, 10), sent);
            EXPECT_FALSE(sender->uses_segmentation());
        }
        EXPECT_EQ(System::instance().segmented_calls, 1);
        EXPECT_EQ(System::instance().calls, 21);
        EXPECT_EQ(sender->dropped(), 0U);
    }
}

TEST_F(UdpSocketTest, OneBatchThatCannotBeSegmentedDoesNotSlowDownTheOthers) {
    auto sender = make();
    auto receiver = make();
    if (!sender->uses_segmentation()) {
        GTEST_SKIP() << "this kernel has no UDP_SEGMENT";
    }
    const auto send = [&] {
        for (std::size_t i = 0; i < 5; ++i) {
            sender->send(receiver->local_endpoint(), datagram(500, i));
        }
        sender->flush();
        EXPECT_EQ(receive(*receiver, 5).size(), 5U);
    };
    send();
    System::instance().fail_segmented = EINVAL;  // as for a path whose MTU is smaller
    send();
    EXPECT_TRUE(sender->uses_segmentation());
    System::instance() = {};
    send();
    EXPECT_EQ(System::instance().calls, 1);

    // A batch that cannot be sent in any way says nothing of segmentation, either.
    auto fresh = make();
    System::instance().fail_all = EINVAL;
    fresh->send(receiver->local_endpoint(), datagram(10, 1));
    fresh->send(receiver->local_endpoint(), datagram(10, 2));
    fresh->flush();
    EXPECT_TRUE(fresh->uses_segmentation());
    EXPECT_EQ(fresh->dropped(), 2U);
}

TEST_F(UdpSocketTest, KeepsWhatABlockedSystemDoesNotTakeUpToABound) {
    for (const bool segmentation : {true, false}) {
        System::instance() = {};
        Options options;
        options.segmentation = segmentation;
        options.queue = 20'500;
        auto sender = make(options);
        auto receiver = make();
        asio::co_spawn(io, sender->run(), asio::detached);
        System::instance().fail_all = EAGAIN;
        std::vector<Bytes> sent;
        for (std::size_t i = 0; i < 100; ++i) {
            sent.push_back(datagram(1000, i));
            sender->send(receiver->local_endpoint(), sent.back());
            if (i % 3 == 0) {
                sender->flush();
            }
            EXPECT_LE(sender->queued(), options.queue);
        }
        sender->flush();
        EXPECT_GT(sender->queued(), options.queue - 4000);
        EXPECT_GT(sender->dropped(), 75U);
        const auto kept = sent.size() - static_cast<std::size_t>(sender->dropped());
        EXPECT_TRUE(poll(*receiver).empty());

        System::instance().fail_all = 0;
        sent.resize(kept);
        sent.push_back(datagram(20, 1));  // must not overtake those that wait
        sender->send(receiver->local_endpoint(), sent.back());
        sender->flush();
        std::vector<Bytes> received;
        std::optional<std::size_t> queued;
        asio::co_spawn(io, collect(*receiver, sent.size(), received, from), [&](const std::exception_ptr&) {
            queued = sender->queued();
            sender->close();
        });
        io.restart();
        io.run_for(std::chrono::seconds(30));
        EXPECT_TRUE(io.stopped());  // `run` has ended, too
        EXPECT_EQ(received, sent);
        EXPECT_EQ(queued, 0U);
    }
}

TEST_F(UdpSocketTest, GoesOnWhereTheSystemStopped) {
    Options options;
    options.segmentation = false;
    auto sender = make(options);
    auto receiver = make();
    std::vector<Bytes> sent;
    for (std::size_t i = 0; i < 10; ++i) {
        sent.push_back(datagram(100, i));
        sender->send(receiver->local_endpoint(), sent.back());
    }
    System::instance().block_after = 4;
    sender->flush();
    EXPECT_EQ(poll(*receiver).size(), 4U);
    EXPECT_EQ(sender->queued(), 600 + UdpSocket::kQueueOverhead);
    System::instance().block_after = 8;  // the fifth call was the one that would have blocked
    asio::co_spawn(io, sender->run(), asio::detached);
    System::instance().calls = 5;
    for (int i = 0; i < 50 && sender->queued() == 600 + UdpSocket::kQueueOverhead; ++i) {
        io.run_one_for(std::chrono::seconds(1));
    }
    EXPECT_EQ(sender->queued(), 300 + UdpSocket::kQueueOverhead);
    EXPECT_EQ(poll(*receiver).size(), 3U);
    System::instance().block_after = -1;
    for (int i = 0; i < 50 && sender->queued() > 0; ++i) {
        io.run_one_for(std::chrono::seconds(1));
    }
    EXPECT_EQ(poll(*receiver), (std::vector<Bytes>(sent.begin() + 7, sent.end())));
    EXPECT_EQ(sender->dropped(), 0U);
    sender->close();
    io.run_for(std::chrono::seconds(30));
    EXPECT_TRUE(io.stopped());
}

TEST_F(UdpSocketTest, DropsTinyDatagramsPastTheQueueToo) {
    Options options;
    options.queue = 10'000;
    auto sender = make(options);
    auto receiver = make();
    System::instance().fail_all = EAGAIN;
    for (std::size_t i = 0; i < 1000; ++i) {
        sender->send(receiver->local_endpoint(), datagram(1, i));
        sender->flush();
    }
    EXPECT_LE(sender->queued(), options.queue);
    EXPECT_GT(sender->dropped(), 900U);  // each costs more than its octet
}

TEST_F(UdpSocketTest, DropsWhatIsTooLarge) {
    auto sender = make();
    auto receiver = make();
    sender->send(receiver->local_endpoint(), Bytes(UdpSocket::kMaxBatch + 1));
    sender->send(receiver->local_endpoint(), {});
    sender->flush();
    EXPECT_EQ(sender->dropped(), 1U);
    EXPECT_EQ(System::instance().calls, 0);
    sender->send(receiver->local_endpoint(), datagram(UdpSocket::kMaxBatch, 1));
    sender->flush();
    EXPECT_EQ(receive(*receiver, 1).front(), datagram(UdpSocket::kMaxBatch, 1));
}

TEST_F(UdpSocketTest, PassesOverDatagramsThatDoNotFitTheBuffer) {
    auto sender = make();
    auto receiver = make();
    sender->send(receiver->local_endpoint(), datagram(200, 1));
    sender->flush();
    sender->send(receiver->local_endpoint(), datagram(50, 2));
    sender->flush();
    Bytes buffer(100);
    error_code ec;
    const auto received = receiver->receive(buffer, ec);
    EXPECT_FALSE(ec);
    EXPECT_EQ(Bytes(received.octets.begin(), received.octets.end()), datagram(50, 2));
    receiver->receive(buffer, ec);
    EXPECT_EQ(ec, asio::error::would_block);
}

TEST_F(UdpSocketTest, LeavesOutEmptyDatagrams) {
    auto receiver = make();
    asio::ip::udp::socket raw(io, loopback());
    raw.send_to(asio::const_buffer(), receiver->local_endpoint());
    raw.send_to(asio::buffer("x", 1), receiver->local_endpoint());
    EXPECT_EQ(receive(*receiver, 1), (std::vector<Bytes>{Bytes{'x'}}));
    EXPECT_EQ(from, raw.local_endpoint());
}

TEST_F(UdpSocketTest, AnUnreachableRemoteDisturbsNobodyElse) {
    auto sender = make();
    auto receiver = make();
    auto unreachable = make();
    System::instance().fail_port = unreachable->local_endpoint().port();
    std::vector<Endpoint> failures;
    sender->on_failure([&](const Endpoint& to, error_code ec) {
        EXPECT_EQ(ec, error_code(ENETUNREACH, boost::system::system_category()));
        failures.push_back(to);
        sender->send(receiver->local_endpoint(), datagram(4, 1));  // a handler may send
        sender->flush();
    });
    sender->send(receiver->local_endpoint(), datagram(10, 1));
    sender->send(unreachable->local_endpoint(), datagram(10, 2));
    sender->send(receiver->local_endpoint(), datagram(10, 3));
    sender->flush();
    EXPECT_EQ(failures, (std::vector<Endpoint>{unreachable->local_endpoint()}));
    EXPECT_EQ(sender->dropped(), 1U);
    EXPECT_EQ(receive(*receiver, 3), (std::vector<Bytes>{datagram(10, 1), datagram(4, 1), datagram(10, 3)}));
}

TEST_F(UdpSocketTest, AClosedPortDoesNotStopIt) {
    auto sender = make();
    auto receiver = make();
    auto gone = make();
    const auto nobody = gone->local_endpoint();
    gone->close();
    for (int i = 0; i < 20; ++i) {
        sender->send(nobody, datagram(10, 1));
        sender->flush();
    }
    EXPECT_TRUE(poll(*sender).empty());
    receiver->send(sender->local_endpoint(), datagram(10, 2));
    receiver->flush();
    EXPECT_EQ(receive(*sender, 1).front(), datagram(10, 2));
    EXPECT_EQ(sender->dropped(), 0U);
}

TEST_F(UdpSocketTest, ClosingEndsAllWaiting) {
    auto socket = make();
    int ended = 0;
    const auto count = [&](const std::exception_ptr&) { ++ended; };
    asio::co_spawn(io, socket->run(), count);
    std::optional<Error> error;
    asio::co_spawn(io, socket->wait_readable(), [&](const std::exception_ptr&, result<void> waited) {
        ++ended;
        error = waited.error();
    });
    io.poll();
    EXPECT_EQ(ended, 0);
    socket->send(socket->local_endpoint(), datagram(10, 1));
    socket->close();
    socket->flush();
    io.restart();
    io.run_for(std::chrono::seconds(30));
    EXPECT_EQ(ended, 2);
    EXPECT_EQ(error, asio::error::make_error_code(asio::error::operation_aborted));
    error_code ec;
    Bytes buffer(100);
    socket->receive(buffer, ec);
    EXPECT_EQ(ec, asio::error::operation_aborted);
    socket->send(socket->local_endpoint(), datagram(10, 1));
    socket->flush();
    EXPECT_EQ(socket->queued(), 0U);
}

TEST_F(UdpSocketTest, SaysWhichAddressItCannotBind) {
    auto first = make();
    auto second = UdpSocket::bind(io.get_executor(), first->local_endpoint());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), asio::error::make_error_code(asio::error::address_in_use));
    EXPECT_NE(second.error().message().find("127.0.0.1:"), std::string::npos);
}

TEST_F(UdpSocketTest, V6AndV4ListenOnOnePort) {
    auto v6 = UdpSocket::bind(io.get_executor(), {asio::ip::address_v6::any(), 0});
    ASSERT_TRUE(v6) << v6.error().message();
    const auto port = (*v6)->local_endpoint().port();
    auto v4 = UdpSocket::bind(io.get_executor(), {asio::ip::address_v4::any(), port});
    EXPECT_TRUE(v4) << v4.error().message();
}

TEST_F(UdpSocketTest, WritesMappedAddressesAsWhatTheyAre) {
    const auto mapped = asio::ip::make_address("::ffff:192.0.2.1");
    EXPECT_EQ(UdpSocket::normalised({mapped, 5}), Endpoint(asio::ip::make_address("192.0.2.1"), 5));
    EXPECT_EQ(
        UdpSocket::normalised({asio::ip::address_v6::loopback(), 5}), Endpoint(asio::ip::address_v6::loopback(), 5)
    );
    EXPECT_EQ(
        UdpSocket::normalised({asio::ip::address_v4::loopback(), 5}), Endpoint(asio::ip::address_v4::loopback(), 5)
    );
}

}  // namespace
}  // namespace libp2p::webrtc
