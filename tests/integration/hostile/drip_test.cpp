// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hostile/raw_yamux.hpp"

#include <libp2p/conformance/loop.hpp>
#include <libp2p/protocols/identify.hpp>
#include <libp2p/tasks.hpp>

/// Remotes that say what they should, one octet in a tenth of the time that the whole of it may take. A deadline that
/// an octet could put off would never end them.
namespace libp2p::test::hostile {
namespace {

using conformance::eventually;
using conformance::pause;

constexpr auto kDeadline = 300ms;
constexpr auto kDrip = kDeadline / 10;

/// Writes octet by octet.
awaitable<result<void>> drip(ByteStream& to, ByteView octets) {
    for (std::size_t i = 0; i < octets.size(); ++i) {
        co_await pause(kDrip);
        auto written = co_await write(to, octets.subspan(i, 1));
        if (!written) {
            co_return written.error();
        }
    }
    co_return ok();
}

/// Lets the first octets pass, and drips what is written after them.
class DrippingStream final : public ByteStream {
public:
    DrippingStream(std::unique_ptr<ByteStream> inner, std::size_t at_once)
        : inner_(std::move(inner)), at_once_(at_once) {}

    awaitable<result<std::size_t>> read_some(MutableByteView into) override { return inner_->read_some(into); }

    awaitable<result<void>> write(std::span<const ByteView> buffers) override {
        for (auto buffer : buffers) {
            const auto free = std::min(buffer.size(), at_once_);
            at_once_ -= free;
            auto sent = co_await libp2p::write(*inner_, buffer.first(free));
            if (!sent) {
                co_return sent.error();
            }
            auto dripped = co_await drip(*inner_, buffer.subspan(free));
            if (!dripped) {
                co_return dripped.error();
            }
        }
        co_return ok();
    }

    awaitable<result<void>> close_write() override { return inner_->close_write(); }
    void abort() noexcept override { inner_->abort(); }
    asio::any_io_executor executor() const noexcept override { return inner_->executor(); }

private:
    std::unique_ptr<ByteStream> inner_;
    std::size_t at_once_;
};

class DripTest : public testing::Test {
protected:
    DripTest() {
        options_.timeouts.upgrade = kDeadline;
        options_.timeouts.negotiate_stream = kDeadline;
        options_.timeouts.identify = kDeadline;
    }

    /// `attempt(address)` has to fail, when the deadline has passed.
    template <class Attempt>
    void expect_cut_at_the_deadline(Attempt attempt) {
        Node victim(io_, options_);
        auto body = [&]() -> awaitable<void> {
            auto address = co_await listen(victim);
            const auto start = Clock::now();
            auto done = co_await attempt(address);
            const auto took = Clock::now() - start;
            EXPECT_FALSE(done);
            EXPECT_GE(took, kDeadline) << done.error();
            EXPECT_LT(took, 10 * kDeadline);
            EXPECT_EQ(victim.host.resources().system_usage().connections(), 0U);
            co_await close(victim);
        };
        run(io_, body());
    }

    /// Noise as the dialer, on top of a stream that drips behind its first `at_once` octets.
    awaitable<result<std::unique_ptr<SecureChannel>>> secure(
        Multiaddr victim, std::size_t at_once, std::vector<ProtocolId> muxers
    ) {
        auto raw = co_await dial_tcp(victim);
        std::unique_ptr<ByteStream> dripping = std::make_unique<DrippingStream>(std::move(raw), at_once);
        auto noise = make_noise(identity_);
        auto lazy = negotiate_lazily(std::move(dripping), noise->id());
        SecurityOptions options(Direction::outbound, victim.peer(), std::move(muxers));
        auto channel = co_await noise->secure(std::move(lazy), std::move(options));
        co_return channel;
    }

    static constexpr std::size_t kNoEnd = std::numeric_limits<std::size_t>::max();
    /// A Noise message 1 and its length.
    static constexpr std::size_t kFirstMessage = 2 + 32;

    asio::io_context io_{1};
    HostOptions options_;
    Identity identity_ = Identity::generate();
};

TEST_F(DripTest, ProposingNoise) {
    expect_cut_at_the_deadline([](Multiaddr victim) -> awaitable<result<void>> {
        auto raw = co_await dial_tcp(victim);
        const auto proposal = noise_proposal();
        auto dripped = co_await drip(*raw, as_bytes(proposal));
        co_return dripped;
    });
}

TEST_F(DripTest, TheFirstNoiseMessage) {
    expect_cut_at_the_deadline([this](Multiaddr victim) -> awaitable<result<void>> {
        std::vector<ProtocolId> none;
        auto channel = co_await secure(victim, noise_proposal().size(), std::move(none));
        if (!channel) {
            co_return channel.error();
        }
        co_return ok();
    });
}

TEST_F(DripTest, TheThirdNoiseMessage) {
    expect_cut_at_the_deadline([this](Multiaddr victim) -> awaitable<result<void>> {
        std::vector<ProtocolId> none;
        auto channel = co_await secure(victim, noise_proposal().size() + kFirstMessage, std::move(none));
        if (!channel) {
            co_return channel.error();
        }
        co_return ok();
    });
}

TEST_F(DripTest, ProposingAMuxer) {
    expect_cut_at_the_deadline([this](Multiaddr victim) -> awaitable<result<void>> {
        std::vector<ProtocolId> none;  // so nothing is agreed on inside the handshake
        auto channel = co_await secure(victim, kNoEnd, std::move(none));
        EXPECT_TRUE((*channel)->early_muxer().empty());
        const auto proposal =
            multistream::encode_message(multistream::kHeader) + multistream::encode_message("/yamux/1.0.0");
        auto dripped = co_await drip(**channel, as_bytes(proposal));
        co_return dripped;
    });
}

TEST_F(DripTest, ProposingAStreamsProtocolResetsTheStream) {
    options_.identify = false;
    Node victim(io_, options_);
    RawYamux peer;
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(victim);
        co_await peer.connect(address);
        auto scene = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(peer.listen());
            const auto text =
                multistream::encode_message(multistream::kHeader) + multistream::encode_message(echo::kProtocol);
            const auto start = Clock::now();
            auto sent = co_await peer.send(RawYamux::window(1, yamux::Flags::syn));
            EXPECT_TRUE(sent);
            std::size_t dripped = 0;
            while (peer.resets == 0 && dripped < text.size()) {
                Bytes octet(1, static_cast<std::uint8_t>(text[dripped++]));
                (void)co_await peer.send(RawYamux::data(1, yamux::Flags::none, 1), std::move(octet));
                co_await pause(kDrip);
            }
            EXPECT_EQ(peer.resets, 1U);
            EXPECT_LT(dripped, text.size());
            EXPECT_GE(Clock::now() - start, kDeadline);
            EXPECT_EQ(victim.host.resources().system_usage().streams(), 0U);
            EXPECT_TRUE(victim.host.is_connected(peer.id()));
            co_await pause(kDrip);
            EXPECT_FALSE(peer.has_ended);
        };
        co_await with_tasks(scene);
        co_await close(victim);
    };
    run(io_, body());
}

TEST_F(DripTest, AnsweringIdentifyFailsIdentifyOnly) {
    Node victim(io_, options_);
    HostOptions own_identify;
    own_identify.identify = false;
    Node peer(io_, own_identify);
    std::optional<result<void>> answered;
    peer.host.handle(identify::kProtocol, [&](std::unique_ptr<Stream> stream) -> awaitable<void> {
        Bytes answer(128, 0);
        answer[0] = 127;  // the length of what follows
        answered = co_await drip(*stream, answer);
    });
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(victim);
        const auto start = Clock::now();
        auto connected = co_await peer.host.connect(address);
        EXPECT_TRUE(connected);
        auto joined = co_await eventually([&] { return victim.host.is_connected(peer.host.id()); });
        EXPECT_TRUE(joined);
        auto identified = co_await victim.host.identify(peer.host.id());
        const auto took = Clock::now() - start;
        EXPECT_FALSE(identified);
        EXPECT_GE(took, kDeadline);
        EXPECT_LT(took, 10 * kDeadline);
        auto told = co_await eventually([&] { return answered.has_value(); });
        EXPECT_TRUE(told);
        EXPECT_EQ(answered->error(), Errc::stream_reset) << answered->error();
        auto answer = co_await echo_once(peer, victim.host.id(), "still connected");
        EXPECT_EQ(answer.value(), "still connected");
        co_await close(peer);
        co_await close(victim);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test::hostile
