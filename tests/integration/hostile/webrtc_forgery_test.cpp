// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hostile/webrtc_relay.hpp"
#include "tests/support/webrtc_link.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/resource_manager.hpp>

#include <cstdio>
#include <cstdlib>

/// Somebody who knows both addresses of a WebRTC connection and forges datagrams of either side, with a handshake of
/// theirs on the way. Copies of what was sent, whole and cut, are among them. Messages of the handshake that are right
/// in all but their origin are not: DTLS cannot tell those from the real ones before it has keys.
namespace libp2p::test::hostile {
namespace {

using webrtc::DatagramLink;
using webrtc::MemoryLink;
using webrtc::WebRtcCore;
using webrtc::WebRtcSession;

/// What comes with each genuine datagram.
constexpr int kForgedEach = 200;

class Forger {
public:
    explicit Forger(std::uint32_t seed) : random_(seed) {}

    void listen_in(ByteView datagram) { seen_.emplace_back(datagram.begin(), datagram.end()); }

    Bytes forge() {
        ++forged_;
        switch (random_() % 5) {
            case 0: return noise();
            case 1: return handshake_message();
            case 2: return sealed();
            case 3: return repeated();
            default: return cut();
        }
    }

    std::size_t forged() const noexcept { return forged_; }

private:
    std::uint8_t octet() { return static_cast<std::uint8_t>(random_()); }

    /// Nothing but the first octet of DTLS.
    Bytes noise() {
        Bytes datagram(1 + random_() % 300);
        for (auto& each : datagram) {
            each = octet();
        }
        datagram[0] = static_cast<std::uint8_t>(20 + random_() % 44);
        if (datagram[0] == 21) {
            datagram[0] = 22;  // an alert is believed before there are keys: that is DTLS
        }
        return datagram;
    }

    Bytes record(std::uint8_t type, std::uint8_t epoch, std::size_t size) {
        Bytes datagram{type, 0xfe, 0xfd, 0, epoch};
        for (int i = 0; i < 6; ++i) {
            datagram.push_back(octet());
        }
        datagram.push_back(static_cast<std::uint8_t>(size >> 8));
        datagram.push_back(static_cast<std::uint8_t>(size));
        for (std::size_t i = 0; i < size; ++i) {
            datagram.push_back(octet());
        }
        return datagram;
    }

    /// A piece of a message that nobody waits for yet.
    Bytes handshake_message() {
        auto datagram = record(22, 0, 12 + random_() % 200);
        datagram[17] = static_cast<std::uint8_t>(1 + random_() % 255);
        return datagram;
    }

    /// With keys that nobody has.
    Bytes sealed() {
        static constexpr std::array<std::uint8_t, 4> kTypes{20, 21, 22, 23};
        return record(kTypes[random_() % kTypes.size()], 1, random_() % 400);
    }

    Bytes repeated() { return seen_.empty() ? noise() : seen_[random_() % seen_.size()]; }

    /// Its end is missing.
    Bytes cut() {
        auto datagram = repeated();
        datagram.resize(datagram.size() * (random_() % 100) / 100);
        return datagram;
    }

    std::mt19937 random_;
    std::vector<Bytes> seen_;
    std::size_t forged_ = 0;
};

/// A link that somebody else sends by too.
class TappedLink final : public DatagramLink {
public:
    /// `forger` pretends to be the side that sends here.
    TappedLink(MemoryLink link, Forger& forger) : link_(std::move(link)), forger_(forger) {}

    void send(ByteView datagram) noexcept override {
        forger_.listen_in(datagram);
        for (int i = 0; i < kForgedEach; ++i) {
            link_.send(forger_.forge());
        }
        link_.send(datagram);
    }
    void flush() noexcept override {}
    void close() noexcept override {}

private:
    MemoryLink link_;
    Forger& forger_;
};

class WebRtcForgeryTest : public testing::Test {
protected:
    std::shared_ptr<WebRtcCore> make_core(WebRtcSession::Role role, std::unique_ptr<DatagramLink> link) {
        WebRtcSession::Options options;
        options.role = role;
        const bool is_client = role == WebRtcSession::Role::client;
        if (is_client) {
            options.remote_certificates = {server_context_->certificate().fingerprint()};
        }
        auto scope = resources_.open_connection(
            is_client ? Direction::outbound : Direction::inbound, false, Multiaddr::parse("/memory/1").value()
        );
        scopes_.push_back(std::move(scope.value()));
        return std::make_shared<WebRtcCore>(
            io_.get_executor(),
            is_client ? client_context_ : server_context_,
            options,
            limits_,
            scopes_.back().budget(),
            std::move(link),
            ticker_
        );
    }

    awaitable<void> connect(std::uint32_t seed, std::size_t& forged) {
        Forger near_forger(seed);
        Forger far_forger(seed + 100);
        MemoryLink there(io_.get_executor(), {}, seed);
        MemoryLink back(io_.get_executor(), {}, seed);
        auto near = make_core(WebRtcSession::Role::client, std::make_unique<TappedLink>(there, near_forger));
        auto far = make_core(WebRtcSession::Role::server, std::make_unique<TappedLink>(back, far_forger));
        there.connect(far);
        back.connect(near);
        far->session.start();
        near->session.start();
        auto near_open = co_await with_timeout(10s, near->wait_until_open());
        EXPECT_TRUE(near_open) << near_open.error();
        auto far_open = co_await with_timeout(10s, far->wait_until_open());
        EXPECT_TRUE(far_open) << far_open.error();
        near->end(Errc::shut_down);
        far->end(Errc::shut_down);
        forged += near_forger.forged() + far_forger.forged();
        near.reset();
        far.reset();
        scopes_.clear();
    }

    asio::io_context io_{1};
    Limits limits_;
    ResourceManager resources_{limits_};
    std::shared_ptr<const crypto::DtlsContext> client_context_ =
        std::make_shared<crypto::DtlsContext>(crypto::Certificate::generate());
    std::shared_ptr<const crypto::DtlsContext> server_context_ =
        std::make_shared<crypto::DtlsContext>(crypto::Certificate::generate());
    std::shared_ptr<webrtc::SctpTicker> ticker_ = std::make_shared<webrtc::SctpTicker>(io_.get_executor());
    std::vector<ConnectionScope> scopes_;
};

TEST_F(WebRtcForgeryTest, HandshakesSucceedAmongForgedDatagrams) {
    auto body = [&]() -> awaitable<void> {
        std::size_t forged = 0;
        for (std::uint32_t round = 1; round <= 20; ++round) {
            co_await connect(round, forged);
        }
        std::printf("%zu datagrams forged during 20 handshakes\n", forged);
        EXPECT_GT(forged, 20U * 1000U);
    };
    run(io_, body());
    EXPECT_TRUE(resources_.system_usage().is_zero());
}

/// The same over sockets, where checks can be forged too: they come from the address of the other side.
class ForgingRelay {
public:
    ForgingRelay(asio::io_context& io, std::size_t each) : io_(io), each_(each) {}

    awaitable<bool> tap(WebRtcRelay::Way way, ByteView datagram, WebRtcRelay::Send send) {
        auto& forger = way == WebRtcRelay::Way::to_listener ? dialer_ : listener_;
        const bool is_stun = webrtc::classify(datagram) == webrtc::DatagramKind::stun;
        auto& seen = way == WebRtcRelay::Way::to_listener ? checks_ : answers_;
        if (is_stun) {
            seen.emplace_back(datagram.begin(), datagram.end());
        } else {
            forger.listen_in(datagram);
        }
        // A dial has more than ten datagrams; those that are repeated meanwhile bring nothing new.
        for (std::size_t i = 0; i < each_ / 10 && forged_ < each_ && !is_over_; ++i) {
            send(random_() % 2 == 0 ? forger.forge() : forged_check(way, seen));
            ++forged_;
            if (i % 16 == 0) {
                co_await asio::post(io_, asio::use_awaitable);
            }
        }
        co_return true;
    }

    /// No more from now on. How many there were.
    std::size_t stop() {
        is_over_ = true;
        return forged_;
    }

private:
    Bytes forged_check(WebRtcRelay::Way way, const std::vector<Bytes>& seen) {
        if (seen.empty()) {
            return valid_check();
        }
        auto datagram = seen[random_() % seen.size()];
        switch (random_() % 4) {
            case 0: datagram[random_() % datagram.size()] ^= static_cast<std::uint8_t>(1 + random_() % 255); break;
            case 1: datagram[8 + random_() % 12] = static_cast<std::uint8_t>(random_()); break;  // another transaction
            case 2: datagram.resize(random_() % datagram.size()); break;
            default:
                if (way == WebRtcRelay::Way::to_listener) {
                    return valid_check();  // with another name
                }
                datagram[1] = 0x11;  // an error
                break;
        }
        return datagram;
    }

    asio::io_context& io_;
    std::size_t each_;
    std::size_t forged_ = 0;
    bool is_over_ = false;
    std::mt19937 random_{77};
    Forger dialer_{1};
    Forger listener_{2};
    std::vector<Bytes> checks_;
    std::vector<Bytes> answers_;
};

/// With LIBP2P_HOSTILE_FULL in the environment: a hundred dials and 100 000 datagrams each.
TEST(WebRtcForgedDatagramsTest, DialsSucceedAmongThem) {
    const bool is_full = std::getenv("LIBP2P_HOSTILE_FULL") != nullptr;
    const std::size_t dials = is_full ? 100 : kIsMeasured ? 10 : 3;
    const std::size_t each = is_full ? 100'000 : 2'000;
    asio::io_context io{1};
    Node victim(io);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(victim, kWebRtcListen);
        std::vector<double> took;
        std::size_t forged = 0;
        const auto before = support::heap_bytes();
        for (std::size_t i = 0; i < dials; ++i) {
            ForgingRelay forging(io, each);
            auto tap = [&](WebRtcRelay::Way way, ByteView datagram, WebRtcRelay::Send send) {
                return forging.tap(way, datagram, std::move(send));
            };
            WebRtcRelay relay(io, udp_endpoint_of(address), tap);
            Node dialer(io);  // a new one, which knows no way around
            const auto start = Clock::now();
            auto peer = co_await dialer.host.connect(relay.address(address));
            EXPECT_TRUE(peer) << "dial " << i << ": " << peer.error();
            took.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
            forged += forging.stop();
            auto answer = co_await echo_once(dialer, victim.host.id(), "genuine");
            EXPECT_TRUE(answer) << answer.error();
            co_await close(dialer);
            auto left = co_await conformance::eventually([&] { return victim.host.connections().empty(); });
            EXPECT_TRUE(left);
            co_await relay.stop();
        }
        std::sort(took.begin(), took.end());
        std::printf(
            "%zu datagrams forged during %zu dials; median %.0f ms, longest %.0f ms; %zd KiB left behind\n",
            forged,
            dials,
            took[took.size() / 2],
            took.back(),
            (static_cast<std::ptrdiff_t>(support::heap_bytes()) - static_cast<std::ptrdiff_t>(before)) / 1024
        );
        EXPECT_GE(forged, dials * each / 2);
        EXPECT_LT(support::heap_bytes(), before + 1024 * 1024);
        co_await close(victim);
    };
    run(io, body(), is_full ? 1200s : 60s);
}

}  // namespace
}  // namespace libp2p::test::hostile
