// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hostile/raw_webrtc.hpp"
#include "transports/webrtc/direct/direct_mux.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>

/// Datagrams for a WebRTC-Direct listener from nobody in particular: what they cost it, what they are answered, and how
/// somebody honest fares beside them.
namespace libp2p::test::hostile {
namespace {

/// State for datagrams would show in the heap as more than this, in octets.
constexpr std::size_t kNoise = 64 * 1024;

/// As far from where it began as the heap may be in the end, in octets.
constexpr std::size_t kLeftBehind = 1024 * 1024;

/// With LIBP2P_HOSTILE_FULL in the environment floods last as long as they should at least be borne.
const bool kIsFull = std::getenv("LIBP2P_HOSTILE_FULL") != nullptr;

/// An address of this machine, "192.0.2.7", where floods are played instead of on loopback: all in them then come from
/// the honest dialer's network, and its limits count.
const char* const kOtherAddress = std::getenv("LIBP2P_HOSTILE_ADDRESS");

std::string listen_address() {
    return kOtherAddress == nullptr ? kWebRtcListen : "/ip4/" + std::string(kOtherAddress) + "/udp/0/webrtc-direct";
}

struct Flood {
    const char* name;
    std::size_t ports;
    std::size_t total;
    std::function<Bytes(std::mt19937&)> make;
};

std::ostream& operator<<(std::ostream& out, const Flood& flood) {
    return out << flood.name;
}

Bytes random_datagram(std::mt19937& random) {
    Bytes datagram(random() % 1501);
    for (auto& octet : datagram) {
        octet = static_cast<std::uint8_t>(random());
    }
    return datagram;
}

/// Well-formed, of a handshake that was not begun: pieces of a ClientHello and of later messages, and data.
Bytes unasked_fragment(std::mt19937& random) {
    static const auto hello = client_hello();
    auto datagram = random() % 2 == 0 ? hello : first_half_of(hello);
    switch (random() % 4) {
        case 0: datagram[13] = static_cast<std::uint8_t>(random() % 24); break;  // another message
        case 1: datagram[0] = static_cast<std::uint8_t>(20 + random() % 6); break;
        case 2: datagram[21] = static_cast<std::uint8_t>(random()); break;  // another place in the message
        default: break;
    }
    return datagram;
}

Bytes with_type(Bytes message, std::uint16_t type) {
    message[0] = static_cast<std::uint8_t>(type >> 8);
    message[1] = static_cast<std::uint8_t>(type);
    return message;
}

/// Indications, answers and error answers to nothing, other methods, a request that says nothing at all.
Bytes not_a_request(std::mt19937& random) {
    static const auto check = valid_check();
    switch (random() % 6) {
        case 0: return with_type(check, 0x0011);
        case 1: return with_type(check, 0x0101);
        case 2: return with_type(check, 0x0111);
        case 3: return with_type(check, 0x0003);
        case 4: {
            Bytes answer(webrtc::kBindingResponseSize4);
            const auto credentials = webrtc::DialerCredentials::make(webrtc::Version::v1);
            const webrtc::Endpoint anywhere(asio::ip::address_v4::loopback(), 9);
            webrtc::write_binding_response(answer, {}, anywhere, credentials.server_ufrag());
            return answer;
        }
        default: {
            Bytes empty(check.begin(), check.begin() + 20);
            empty[2] = 0;
            empty[3] = 0;
            return empty;
        }
    }
}

Bytes wrong_integrity(std::mt19937& random) {
    const auto credentials =
        webrtc::DialerCredentials::make(random() % 2 == 0 ? webrtc::Version::v1 : webrtc::Version::v2);
    return check_as(credentials.outbound_username(), "another password, not theirs");
}

Bytes unknown_version(std::mt19937& random) {
    static constexpr std::array kPrefixes{"libp2p+webrtc+v3/", "libp2p+webrtc+v0/", "libp2p+webrtc+/", "libp2p/"};
    const auto text =
        kPrefixes[random() % kPrefixes.size()] + std::to_string(1'000'000 + random() % 1000) + std::string(24, 'a');
    return check_as(text + ":" + text, text);
}

/// What leads to no answer.
const Flood kFloods[] = {
    {"Random", 4, 20'000, random_datagram},
    {"UnaskedFragments", 100, 4'000, unasked_fragment},
    {"NotRequests", 100, 5'000, not_a_request},
    {"WrongIntegrity", 500, 5'000, wrong_integrity},
    {"UnknownVersion", 100, 5'000, unknown_version},
};

class WebRtcFloodTest : public testing::Test {
protected:
    WebRtcFloodTest() { raise_descriptor_limit(); }

    /// `attack` with an honest dialer who has dialled before; then everybody leaves.
    void play(HostOptions options, std::function<awaitable<void>(HonestDialer&)> attack) {
        Node victim(io_, std::move(options));
        victim_ = &victim;
        auto body = [&]() -> awaitable<void> {
            address_ = co_await listen(victim, listen_address());
            endpoint_ = udp_endpoint_of(*address_);
            HonestDialer honest(io_, *address_);
            co_await honest.dial(10);
            idle_ = honest.take_median();
            co_await all_have_left();
            Witness witness(io_, endpoint_);
            witness_ = &witness;
            co_await witness.settle();
            const auto before = support::heap_bytes();
            co_await attack(honest);
            co_await witness.settle();
            co_await honest.dial(3);
            co_await all_have_left();
            EXPECT_LT(support::heap_bytes(), before + kLeftBehind);
            co_await close(honest.node());
            co_await close(victim);
        };
        run(io_, body());
    }

    awaitable<void> all_have_left() {
        // A goodbye that was lost in the flood is made up for by silence.
        const auto limit = Clock::now() + webrtc::WebRtcSession::kSilence + 10s;
        bool left = false;
        while (!left && Clock::now() < limit) {
            left = co_await conformance::eventually([this] { return usage().connections_inbound == 0; });
        }
        EXPECT_TRUE(left);
    }

    /// Dials beside the attack with those before it.
    void compare(const DialTime& beside, std::chrono::microseconds queue = 0us) {
        const auto ms = [](std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1000; };
        std::printf(
            "a dial takes %.1f ms beside %.1f ms idle; of the processor %.1f and %.1f ms\n",
            ms(beside.wall),
            ms(idle_.wall),
            ms(beside.cpu),
            ms(idle_.cpu)
        );
        expect_undisturbed(idle_, beside, queue);
    }

    const Usage& usage() { return victim_->host.resources().system_usage(); }

    asio::io_context io_{1};
    Node* victim_ = nullptr;
    std::optional<Multiaddr> address_;
    asio::ip::udp::endpoint endpoint_;
    Witness* witness_ = nullptr;
    DialTime idle_;
};

class WebRtcUnansweredFloodTest : public WebRtcFloodTest, public testing::WithParamInterface<Flood> {};

TEST_P(WebRtcUnansweredFloodTest, LeavesNoTraceAndDisturbsNobody) {
    const auto& flood = GetParam();
    auto attack = [&](HonestDialer& honest) -> awaitable<void> {
        std::mt19937 random(5);
        std::vector<RawUdp> sockets;
        for (std::size_t i = 0; i < flood.ports; ++i) {
            sockets.emplace_back(endpoint_);
        }
        auto volley = [&](std::size_t from) {
            for (std::size_t i = from; i < from + kVolley; ++i) {
                sockets[i % sockets.size()].send(flood.make(random));
            }
        };
        const auto before = support::heap_bytes();
        std::size_t most = before;
        for (std::size_t sent = 0; sent < flood.total; sent += kVolley) {
            volley(sent);
            co_await witness_->settle();
            most = std::max(most, support::heap_bytes());
        }
        EXPECT_LT(most, before + kNoise);
        EXPECT_EQ(usage().connections_inbound, 0U);
        // The same again, a part of it between one dial and the next.
        for (std::size_t sent = 0; sent < flood.total / 4; sent += 500) {
            for (std::size_t i = 0; i < 500; i += kVolley) {
                volley(sent + i);
            }
            co_await honest.dial_once();
        }
        compare(honest.take_median(), 500 * 10us);
        for (auto& socket : sockets) {
            EXPECT_EQ(socket.take().datagrams, 0U);
        }
    };
    play({}, attack);
}

INSTANTIATE_TEST_SUITE_P(All, WebRtcUnansweredFloodTest, testing::ValuesIn(kFloods), [](const auto& tested) {
    return std::string(tested.param.name);
});

TEST_F(WebRtcFloodTest, ChecksFromAThousandPortsAreAnsweredAndForgotten) {
    auto attack = [&](HonestDialer& honest) -> awaitable<void> {
        std::vector<RawUdp> sockets;
        for (std::size_t i = 0; i < std::min<std::size_t>(1000, raise_descriptor_limit() - 100); ++i) {
            sockets.emplace_back(endpoint_);
        }
        const auto before = support::heap_bytes();
        std::size_t answered = 0;
        for (std::size_t i = 0; i < sockets.size(); ++i) {
            auto check = valid_check(i % 2 == 0 ? webrtc::Version::v1 : webrtc::Version::v2);
            sockets[i].send(check);
            co_await witness_->settle();
            const auto answers = sockets[i].take();
            answered += answers.successes;
            EXPECT_LE(answers.octets, check.size());
            EXPECT_EQ(answers.datagrams, answers.successes);
            if (i % 100 == 0) {
                co_await honest.dial_once();
            }
        }
        EXPECT_EQ(answered, sockets.size());
        co_await all_have_left();
        EXPECT_LT(support::heap_bytes(), before + kNoise);
        compare(honest.take_median());
        // In silence: no check of the listener's own, and no answer once more.
        co_await conformance::pause(600ms);
        for (auto& socket : sockets) {
            EXPECT_EQ(socket.take().datagrams, 0U);
        }
    };
    play({}, attack);
}

TEST_F(WebRtcFloodTest, AThousandNamesFromOneAddressAreAnsweredAndForgotten) {
    auto attack = [&](HonestDialer& honest) -> awaitable<void> {
        RawUdp socket(endpoint_);
        const auto before = support::heap_bytes();
        std::size_t sent = 0;
        RawUdp::Answers answers;
        for (std::size_t i = 0; i < 1000; ++i) {
            const auto check = valid_check();
            sent += check.size();
            socket.send(check);
            if (i % kVolley == 0) {
                co_await witness_->settle();
                const auto more = socket.take();
                answers.datagrams += more.datagrams;
                answers.octets += more.octets;
                answers.successes += more.successes;
            }
        }
        co_await witness_->settle();
        const auto more = socket.take();
        EXPECT_EQ(answers.successes + more.successes, 1000U);
        EXPECT_EQ(answers.datagrams + more.datagrams, 1000U);
        EXPECT_LE(answers.octets + more.octets, sent);
        EXPECT_LT(support::heap_bytes(), before + kNoise);
        co_await honest.dial(5);
        compare(honest.take_median());
        EXPECT_EQ(socket.take().datagrams, 0U);
    };
    play({}, attack);
}

TEST_F(WebRtcFloodTest, SilentHandshakesGiveWayToWhoComesLater) {
    constexpr std::size_t kCrowd = 400;
    HostOptions options;
    options.timeouts.upgrade = 1500ms;
    auto attack = [&](HonestDialer& honest) -> awaitable<void> {
        const auto hello = client_hello();
        std::vector<RawUdp> sockets;
        std::size_t most = 0;
        std::size_t largest = 0;
        const auto before = support::heap_bytes();
        for (std::size_t i = 0; i < kCrowd; ++i) {
            auto& socket = sockets.emplace_back(endpoint_);
            socket.send(valid_check());
            socket.send(hello);
            if (i % 8 == 7) {
                co_await witness_->settle();
            }
            if (i % 40 == 39) {
                co_await honest.dial_once();
            }
            most = std::max<std::size_t>(most, usage().connections_inbound);
            largest = std::max(largest, support::heap_bytes());
        }
        // Those that have given way are gone once their tasks had a turn.
        EXPECT_LE(most, webrtc::DirectMux::kUnproven + 16);
        EXPECT_GE(most, webrtc::DirectMux::kUnproven / 2);
        std::size_t octets = 0;
        for (auto& socket : sockets) {
            octets += socket.take().octets;
        }
        std::printf(
            "at most %zu at once, %.1f KiB each; %.1f octets sent for each that came\n",
            most,
            static_cast<double>(largest - before) / 1024 / static_cast<double>(std::max<std::size_t>(most, 1)),
            static_cast<double>(octets) / static_cast<double>(kCrowd * (hello.size() + valid_check().size()))
        );
        compare(honest.take_median(), 40 * kWorkForOne);
        co_await all_have_left();  // at their deadline
    };
    play(options, attack);
}

/// One octet of a handshake message of `message_size` octets.
Bytes small_fragment(std::uint8_t type, std::uint8_t message, std::size_t message_size, std::size_t offset) {
    Bytes datagram{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, message, 0, 13, type};
    const auto put = [&](std::size_t value, int octets) {
        for (int i = octets - 1; i >= 0; --i) {
            datagram.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        }
    };
    put(message_size, 3);
    put(message, 2);
    put(offset, 3);
    put(1, 3);
    datagram.push_back(0x55);
    return datagram;
}

/// From addresses that have been answered: each has a handshake, which never has a message whole.
TEST_F(WebRtcFloodTest, FragmentsWithoutEndAreHeldWithinTheirBound) {
    constexpr std::size_t kCrowd = 64;
    constexpr std::size_t kMostEach = 64 * 1024;
    HostOptions options;
    options.timeouts.upgrade = 2s;
    auto attack = [&](HonestDialer& honest) -> awaitable<void> {
        constexpr auto kLargest = crypto::DtlsSession::kMaxHandshakeMessage;
        std::mt19937 random(21);
        std::vector<RawUdp> sockets;
        const auto before = support::heap_bytes();
        std::size_t most = before;
        std::size_t sent = 0;
        std::size_t received = 0;
        for (std::size_t i = 0; i < kCrowd; ++i) {
            auto& socket = sockets.emplace_back(endpoint_);
            const auto check = valid_check();
            const auto first = small_fragment(1, 0, kLargest, 0);
            socket.send(check);
            socket.send(first);
            sent += check.size() + first.size();
            co_await witness_->settle();
        }
        EXPECT_GE(usage().connections_inbound, kCrowd / 2);
        const std::size_t rounds = kIsMeasured ? 200 : 40;
        for (std::size_t round = 0; round < rounds; ++round) {
            for (auto& socket : sockets) {
                const auto message = static_cast<std::uint8_t>(random() % 30);
                const auto type = static_cast<std::uint8_t>(message == 0 ? 1 : 11 + random() % 10);
                const auto size = random() % 8 == 0 ? 16'000 : kLargest;
                const auto datagram = small_fragment(type, message, size, random() % kLargest);
                socket.send(datagram);
                sent += datagram.size();
            }
            co_await witness_->settle();
            most = std::max(most, support::heap_bytes());
            if (round % (rounds / 4) == 0) {
                co_await honest.dial_once();
            }
        }
        for (auto& socket : sockets) {
            received += socket.take().octets;
        }
        std::printf(
            "%zu fragments; %.1f KiB for each handshake; %.2f octets sent for each that came\n",
            rounds * kCrowd,
            static_cast<double>(most - before) / 1024 / static_cast<double>(kCrowd),
            static_cast<double>(received) / static_cast<double>(sent)
        );
        EXPECT_LT(most, before + kCrowd * kMostEach);
        EXPECT_LE(received, 3 * sent);
        compare(honest.take_median(), kCrowd * 10us);
        co_await all_have_left();
    };
    play(options, attack);
}

/// Sends from addresses that it does not use again, as if they were forged.
class Forger {
public:
    /// `makes` says what comes from each of them.
    Forger(const asio::ip::udp::endpoint& victim, std::size_t per_second, std::vector<Bytes> makes)
        : thread_([this, victim, per_second, datagrams = std::move(makes)] { work(victim, per_second, datagrams); }) {}

    ~Forger() { stop(); }

    /// How many addresses there were.
    std::size_t stop() {
        is_over_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
        return sent_;
    }

private:
    void work(const asio::ip::udp::endpoint& victim, std::size_t per_second, const std::vector<Bytes>& datagrams) {
        asio::io_context quiet{1};
        const auto start = Clock::now();
        std::uint32_t address = 0x7f010000;  // 127.1.0.0
        while (!is_over_) {
            const auto elapsed = std::chrono::duration<double>(Clock::now() - start).count();
            const auto due = static_cast<std::size_t>(elapsed * static_cast<double>(per_second));
            for (; sent_ < due && !is_over_; ++sent_) {
                ++address;
                asio::ip::udp::socket socket(
                    quiet,
                    {kOtherAddress == nullptr ? asio::ip::address_v4(address)
                                              : asio::ip::make_address_v4(kOtherAddress),
                     0}
                );
                for (const auto& datagram : datagrams) {
                    error_code ec;
                    socket.send_to(asio::buffer(datagram), victim, 0, ec);
                }
            }
            std::this_thread::sleep_for(1ms);
        }
    }

    std::atomic<bool> is_over_ = false;
    std::size_t sent_ = 0;
    std::thread thread_;
};

class WebRtcForgedHelloTest : public WebRtcFloodTest {
protected:
    void play_forged(std::vector<Bytes> each) {
        const std::size_t per_second = kIsMeasured ? 10'000 : 1'000;
        auto attack = [&](HonestDialer& honest) -> awaitable<void> {
            auto longest = Clock::duration::zero();
            std::size_t most = 0;
            const auto start = Clock::now();
            Forger forger(endpoint_, per_second, each);
            while (Clock::now() < start + (kIsFull ? 10s : 2s)) {
                const auto began = Clock::now();
                co_await honest.dial_once();
                longest = std::max(longest, Clock::now() - began);
                most = std::max<std::size_t>(most, usage().connections_inbound);
            }
            const auto took = std::chrono::duration<double>(Clock::now() - start).count();
            const auto forged = forger.stop();
            const auto dials = honest.dials();
            const auto beside = honest.take_median();
            std::printf(
                "%.0f hellos forged a second, at most %zu connections; %zu honest dials, median %.1f ms beside %.1f ms "
                "idle, longest %.0f ms\n",
                static_cast<double>(forged) / took,
                most,
                dials,
                static_cast<double>(beside.wall.count()) / 1000,
                static_cast<double>(idle_.wall.count()) / 1000,
                std::chrono::duration<double, std::milli>(longest).count()
            );
            EXPECT_GE(dials, 1U);  // each of which has succeeded
            EXPECT_LE(most, webrtc::DirectMux::kUnproven + 32);
        };
        HostOptions options;
        options.timeouts.upgrade = 2s;
        play(options, attack);
    }
};

TEST_F(WebRtcForgedHelloTest, WithoutChecksAreNotLookedAt) {
    play_forged({client_hello()});
}

/// Whoever knows the protocol forges a check for each.
TEST_F(WebRtcForgedHelloTest, WithChecksKeepNobodyOut) {
    play_forged({valid_check(), client_hello()});
}

}  // namespace
}  // namespace libp2p::test::hostile
