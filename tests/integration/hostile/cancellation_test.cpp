// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hosts.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>
#include <libp2p/transports.hpp>

#include <boost/asio/detached.hpp>

#include <optional>

/// What an application asks of a host, cancelled at its first point of suspension, at its second, … until it is done.
namespace libp2p::test::hostile {
namespace {

using conformance::cancel_after;
using conformance::cancel_at_every_suspension;
using conformance::eventually;
using conformance::settle;

/// A node that can be reached over memory.
struct MemoryNode : Node {
    MemoryNode(asio::io_context& io, std::shared_ptr<MemoryNetwork> network) : Node(io) {
        host.add_transport(make_memory_transport(host.services(), std::move(network)));
    }
};

/// Nothing but being cancelled may make an operation fail.
template <class T>
void expect_done_or_cancelled(const result<T>& outcome) {
    EXPECT_TRUE(outcome || outcome.error() == asio::error::make_error_code(asio::error::operation_aborted))
        << outcome.error();
}

class CancellationTest : public testing::Test {
protected:
    CancellationTest() { restart(); }

    void restart() {
        dialer_.emplace(loop_.context(), network_);
        listener_.emplace(loop_.context(), network_);
    }

    awaitable<void> start() {
        address_ = co_await listen(*listener_, "/memory/0");
        co_await conformance::pause(1ms);  // Asio opens what its timers need with the first of them
        descriptors_ = conformance::open_descriptors();
    }

    const Usage& dialer_usage() { return dialer_->host.resources().system_usage(); }
    const Usage& listener_usage() { return listener_->host.resources().system_usage(); }

    awaitable<void> connect() {
        auto peer = co_await dialer_->host.connect(*address_);
        expect_done_or_cancelled(peer);
    }

    /// Connects, and waits until identify is over on both sides.
    awaitable<void> connect_and_identify() {
        auto peer = co_await dialer_->host.connect(*address_);
        LIBP2P_EXPECT_OK(peer);
        auto there = co_await dialer_->host.identify(listener_->host.id());
        LIBP2P_EXPECT_OK(there);
        auto known = co_await eventually([&] { return listener_->host.is_connected(dialer_->host.id()); });
        EXPECT_TRUE(known);
        auto here = co_await listener_->host.identify(dialer_->host.id());
        LIBP2P_EXPECT_OK(here);
    }

    /// A conversation that goes through every operation of a stream.
    awaitable<void> converse() {
        auto opened = co_await dialer_->host.open_stream(listener_->host.id(), ProtocolId(echo::kProtocol));
        expect_done_or_cancelled(opened);
        if (!opened) {
            co_return;
        }
        auto stream = std::move(*opened);
        const Bytes text(300'000, 'x');
        auto written = co_await write(*stream, text);
        expect_done_or_cancelled(written);
        Bytes answer(text.size());
        auto read = co_await read_exactly(*stream, answer);
        expect_done_or_cancelled(read);
        auto closed = co_await stream->close_write();
        expect_done_or_cancelled(closed);
        auto end = co_await stream->read_some(answer);
        EXPECT_FALSE(end);
    }

    /// The hosts still do what they are for.
    awaitable<void> expect_echo() {
        auto answer = co_await echo_once(*dialer_, listener_->host.id(), "still here");
        LIBP2P_CO_ASSERT_OK(answer);
        EXPECT_EQ(*answer, "still here");
    }

    awaitable<void> expect_no_stream_left() {
        auto gone =
            co_await eventually([&] { return dialer_usage().streams() == 0 && listener_usage().streams() == 0; });
        EXPECT_TRUE(gone);
    }

    awaitable<void> expect_nothing_left() {
        auto gone = co_await eventually([&] { return dialer_usage().is_zero() && listener_usage().is_zero(); });
        EXPECT_TRUE(gone);
        EXPECT_EQ(conformance::open_descriptors(), descriptors_);
    }

    awaitable<void> finish() {
        co_await close(*dialer_);
        co_await close(*listener_);
    }

    conformance::Loop loop_;
    std::shared_ptr<MemoryNetwork> network_ = make_memory_network();
    std::optional<MemoryNode> dialer_;
    std::optional<MemoryNode> listener_;
    std::optional<Multiaddr> address_;
    std::size_t descriptors_ = 0;
};

TEST_F(CancellationTest, AConnectThatIsCancelledAnywhereLeavesNothing) {
    auto body = [&]() -> awaitable<void> {
        co_await start();
        auto make = [&] { return connect(); };
        auto check = [&](std::size_t) -> awaitable<void> {
            co_await dialer_->host.disconnect(listener_->host.id());
            co_await expect_nothing_left();
            co_await connect_and_identify();
            co_await expect_echo();
            co_await dialer_->host.disconnect(listener_->host.id());
            co_await expect_nothing_left();
        };
        auto cut = co_await cancel_at_every_suspension(loop_, make, check);
        RecordProperty("suspensions", static_cast<int>(cut));
        EXPECT_GE(cut, 5U);
        co_await finish();
    };
    loop_.run(body());
}

TEST_F(CancellationTest, AConnectThatOneOfTwoCallersCancelsGoesOnForTheOther) {
    auto body = [&]() -> awaitable<void> {
        co_await start();
        for (std::size_t steps = 1;; ++steps) {
            std::optional<result<PeerId>> other;
            auto wait = [&]() -> awaitable<void> { other = co_await dialer_->host.connect(*address_); };
            asio::co_spawn(loop_.context(), wait(), asio::detached);
            const bool cut = co_await cancel_after(loop_, steps, connect());
            auto answered = co_await eventually([&] { return other.has_value(); });
            EXPECT_TRUE(answered);
            LIBP2P_CO_ASSERT_OK(*other);
            co_await dialer_->host.disconnect(listener_->host.id());
            co_await expect_nothing_left();
            if (!cut) {
                break;
            }
        }
        co_await finish();
    };
    loop_.run(body());
}

TEST_F(CancellationTest, AConversationThatIsCancelledAnywhereLeavesTheConnection) {
    auto body = [&]() -> awaitable<void> {
        co_await start();
        co_await connect_and_identify();
        auto make = [&] { return converse(); };
        auto check = [&](std::size_t) -> awaitable<void> {
            co_await expect_no_stream_left();
            EXPECT_EQ(dialer_usage().connections(), 1U);
            EXPECT_EQ(listener_usage().connections(), 1U);
            co_await expect_echo();
        };
        auto cut = co_await cancel_at_every_suspension(loop_, make, check);
        RecordProperty("suspensions", static_cast<int>(cut));
        EXPECT_GE(cut, 5U);
        co_await dialer_->host.disconnect(listener_->host.id());
        co_await expect_nothing_left();
        co_await finish();
    };
    loop_.run(body());
}

TEST_F(CancellationTest, AConversationThatDialsAndIsCancelledAnywhereLeavesNothing) {
    auto body = [&]() -> awaitable<void> {
        co_await start();
        co_await connect_and_identify();
        std::vector<Multiaddr> known{address_->without_peer().value()};
        dialer_->host.peer_store().add_addresses(listener_->host.id(), known, 1h, Clock::now());
        co_await dialer_->host.disconnect(listener_->host.id());
        auto make = [&] { return converse(); };
        auto check = [&](std::size_t) -> awaitable<void> {
            co_await dialer_->host.disconnect(listener_->host.id());
            co_await expect_nothing_left();
        };
        auto cut = co_await cancel_at_every_suspension(loop_, make, check);
        RecordProperty("suspensions", static_cast<int>(cut));
        EXPECT_GE(cut, 10U);
        co_await expect_echo();
        co_await finish();
    };
    loop_.run(body());
}

TEST_F(CancellationTest, AReadThatWaitsForNothingLeavesTheConnection) {
    auto body = [&]() -> awaitable<void> {
        co_await start();
        co_await connect_and_identify();
        auto wait = [&]() -> awaitable<void> {
            auto stream = co_await dialer_->host.open_stream(listener_->host.id(), ProtocolId(echo::kProtocol));
            Bytes octet(1);
            auto got = co_await (*stream)->read_some(octet);
            expect_done_or_cancelled(got);
        };
        const bool cut = co_await cancel_after(loop_, 10'000, wait());
        EXPECT_TRUE(cut);
        co_await expect_no_stream_left();
        co_await expect_echo();
        co_await finish();
    };
    loop_.run(body());
}

TEST_F(CancellationTest, ADisconnectThatIsCancelledAnywhereEndsTheConnection) {
    auto body = [&]() -> awaitable<void> {
        co_await start();
        for (std::size_t steps = 1;; ++steps) {
            co_await connect_and_identify();
            const bool cut = co_await cancel_after(loop_, steps, dialer_->host.disconnect(listener_->host.id()));
            co_await expect_nothing_left();
            if (!cut) {
                break;
            }
        }
        co_await finish();
    };
    loop_.run(body());
}

TEST_F(CancellationTest, ACloseThatIsCancelledAnywhereCanBeRepeated) {
    auto body = [&]() -> awaitable<void> {
        for (std::size_t steps = 1;; ++steps) {
            restart();
            co_await start();
            co_await connect_and_identify();
            auto stream = co_await dialer_->host.open_stream(listener_->host.id(), ProtocolId(echo::kProtocol));
            LIBP2P_EXPECT_OK(stream);
            auto written = co_await write(**stream, as_bytes("unfinished"));
            LIBP2P_EXPECT_OK(written);
            auto served = co_await eventually([&] { return listener_usage().streams_inbound == 1; });
            EXPECT_TRUE(served);
            const bool cut = co_await cancel_after(loop_, steps, listener_->host.close());
            stream = Errc::shut_down;
            co_await finish();
            co_await settle();
            EXPECT_EQ(conformance::open_descriptors(), descriptors_);
            if (!cut) {
                break;
            }
        }
    };
    loop_.run(body());
}

}  // namespace
}  // namespace libp2p::test::hostile
