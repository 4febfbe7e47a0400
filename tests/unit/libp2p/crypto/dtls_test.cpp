// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/dtls.hpp"

#include "tests/support/heap.hpp"
#include "tests/unit/hex.hpp"

#include <boost/asio/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <random>
#include <string>

namespace libp2p::crypto {
namespace {

using namespace std::chrono_literals;
using tests::hex;
using tests::unhex;
using Role = DtlsSession::Role;

constexpr std::size_t kMtu = 1200;

std::shared_ptr<const DtlsContext> make_context() {
    return std::make_shared<const DtlsContext>(Certificate::generate());
}

const std::shared_ptr<const DtlsContext>& client_context() {
    static const auto context = make_context();
    return context;
}

const std::shared_ptr<const DtlsContext>& server_context() {
    static const auto context = make_context();
    return context;
}

struct Datagram {
    Role to;
    Bytes octets;
};

/// One end and what it sent and got.
struct End final : DtlsSession::Output {
    End(std::shared_ptr<const DtlsContext> context, Role role, std::optional<Sha256Digest> expected, std::size_t mtu)
        : session(std::move(context), role, expected, *this, mtu) {}

    void send_datagram(ByteView datagram) override { sent.emplace_back(datagram.begin(), datagram.end()); }

    void receive(ByteView datagram, DtlsSession::Clock::time_point now) {
        const Bytes exact(datagram.begin(), datagram.end());  // a read past the end shows under the sanitizer
        auto received =
            session.receive(exact, [this](ByteView packet) { got.emplace_back(packet.begin(), packet.end()); }, now);
        if (!received && !error) {
            error = received.error();
        }
    }

    DtlsSession session;
    std::deque<Bytes> sent;
    std::vector<Bytes> got;
    std::optional<Error> error;
};

/// A client and a server with a wire and a clock between them.
struct Wire {
    explicit Wire(
        std::size_t mtu = kMtu,
        std::optional<Sha256Digest> expected_by_client = std::nullopt,
        std::optional<Sha256Digest> expected_by_server = std::nullopt
    )
        : client(client_context(), Role::client, expected_by_client, mtu),
          server(server_context(), Role::server, expected_by_server, mtu) {
        EXPECT_TRUE(server.session.start(now));
        EXPECT_TRUE(client.session.start(now));
    }

    End& end(Role role) { return role == Role::client ? client : server; }

    std::vector<Datagram> take() {
        std::vector<Datagram> flight;
        for (auto* end : {&client, &server}) {
            for (auto& octets : end->sent) {
                flight.push_back({end == &client ? Role::server : Role::client, std::move(octets)});
            }
            end->sent.clear();
        }
        return flight;
    }

    void deliver(const std::vector<Datagram>& flight) {
        for (const auto& datagram : flight) {
            end(datagram.to).receive(datagram.octets, now);
        }
    }

    bool is_up() const { return client.session.is_established() && server.session.is_established(); }

    /// Carries datagrams, changed by `tamper`, and moves the clock whenever none is under way, until both ends are up,
    /// one has failed, or so much time is over.
    void run(
        const std::function<void(std::vector<Datagram>&)>& tamper = [](auto&) {}, std::chrono::milliseconds limit = 60s
    ) {
        const auto deadline = now + limit;
        while (!is_up() && now < deadline) {
            auto flight = take();
            if (flight.empty()) {
                if (client.error || server.error) {
                    return;
                }
                const auto next = std::min(client.session.next_time(), server.session.next_time());
                now = std::min(std::max(next, now), deadline);
                client.session.on_time(now);
                server.session.on_time(now);
                continue;
            }
            tamper(flight);
            now += 1ms;
            deliver(flight);
        }
    }

    DtlsSession::Clock::time_point now{};  // virtual, from zero
    End client;
    End server;
};

void expect_data_flows(Wire& wire) {
    ASSERT_TRUE(wire.is_up());
    wire.take();  // what was still under way
    const Bytes small{1};
    const Bytes large(1100, 2);
    ASSERT_TRUE(wire.client.session.send(small));
    ASSERT_TRUE(wire.client.session.send(large));
    ASSERT_TRUE(wire.server.session.send(large));
    auto flight = wire.take();
    ASSERT_EQ(flight.size(), 3U);  // a packet, a datagram
    EXPECT_EQ(flight[1].octets.size(), large.size() + DtlsSession::kRecordOverhead);
    wire.deliver(flight);
    EXPECT_EQ(wire.server.got, (std::vector<Bytes>{small, large}));
    EXPECT_EQ(wire.client.got, (std::vector<Bytes>{large}));
    EXPECT_FALSE(wire.client.error);
    EXPECT_FALSE(wire.server.error);
}

/// A record of the first epoch.
Bytes plain_record(std::uint8_t type, ByteView body, std::uint8_t sequence = 0) {
    Bytes record{type, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, sequence};
    record.push_back(static_cast<std::uint8_t>(body.size() / 256));
    record.push_back(static_cast<std::uint8_t>(body.size() % 256));
    record.insert(record.end(), body.begin(), body.end());
    return record;
}

void put(Bytes& out, std::size_t value, int octets) {
    while (octets-- > 0) {
        out.push_back(static_cast<std::uint8_t>(value >> (8 * octets)));
    }
}

void put(Bytes& out, ByteView octets) {
    out.insert(out.end(), octets.begin(), octets.end());
}

/// A piece of a handshake message, with its header.
Bytes fragment(std::uint8_t type, std::uint8_t number, ByteView message, std::size_t offset, std::size_t size) {
    Bytes out{type};
    put(out, message.size(), 3);
    put(out, number, 2);
    put(out, offset, 3);
    put(out, size, 3);
    put(out, message.subspan(offset, size));
    return out;
}

Bytes extension(std::size_t type, ByteView body) {
    Bytes out;
    put(out, type, 2);
    put(out, body.size(), 2);
    put(out, body);
    return out;
}

/// The body of a ClientHello as browsers send it since 2025: DTLS 1.3 first, with a key share of 1216 octets.
Bytes browser_hello(std::string_view ciphers = "130113021303c02bc02fcca9cca8c009c013c00ac014009c002f0035") {
    Bytes shares;
    put(shares, 0x11ec, 2);
    put(shares, 1216, 2);
    put(shares, Bytes(1216, 0x5a));
    put(shares, 0x001d, 2);
    put(shares, 32, 2);
    put(shares, Bytes(32, 0x09));
    Bytes key_share;
    put(key_share, shares.size(), 2);
    put(key_share, shares);

    Bytes extensions;
    put(extensions, extension(0x002b, unhex("04fefcfefd")));
    put(extensions, extension(0x0033, key_share));
    put(extensions, extension(0x000a, unhex("000811ec001d00170018")));
    put(extensions, extension(0x000d, unhex("001004030804040105030805050108060601")));
    put(extensions, extension(0x000b, unhex("0100")));
    put(extensions, extension(0x0017, {}));
    put(extensions, extension(0xff01, unhex("00")));
    put(extensions, extension(0x000e, unhex("0008000100080007000200")));
    put(extensions, extension(0x0023, {}));

    Bytes hello = unhex("fefd");
    put(hello, Bytes(32, 0x77));
    put(hello, unhex("0000"));  // session, cookie
    const auto suites = unhex(ciphers);
    put(hello, suites.size(), 2);
    put(hello, suites);
    put(hello, unhex("0100"));
    put(hello, extensions.size(), 2);
    put(hello, extensions);
    return hello;
}

/// Reads what a test takes apart.
class Reader {
public:
    explicit Reader(ByteView octets) : rest_(octets) {}

    ByteView take(std::size_t size) {
        EXPECT_LE(size, rest_.size());
        size = std::min(size, rest_.size());
        auto taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }

    std::size_t number(std::size_t octets) {
        std::size_t value = 0;
        for (auto octet : take(octets)) {
            value = value * 256 + octet;
        }
        return value;
    }

    ByteView vector(std::size_t length_octets) { return take(number(length_octets)); }

    bool is_at_end() const { return rest_.empty(); }

private:
    ByteView rest_;
};

/// A ClientHello or ServerHello at the beginning of a datagram.
struct Hello {
    explicit Hello(ByteView datagram, std::uint8_t expected_type) {
        Reader record(datagram);
        EXPECT_EQ(record.number(1), 22U);
        record.take(10);
        Reader body(record.vector(2));
        EXPECT_EQ(body.number(1), expected_type);
        const auto size = body.number(3);
        number = body.number(2);
        EXPECT_EQ(body.number(3), 0U);
        EXPECT_EQ(body.number(3), size);
        Reader hello(body.take(size));
        EXPECT_EQ(hello.number(2), 0xfefdU);
        hello.take(32);
        hello.vector(1);
        if (expected_type == 1) {
            cookie = hello.vector(1);
            suites = hex(hello.vector(2));
            EXPECT_EQ(hex(hello.vector(1)), "00");
        } else {
            suites = hex(hello.take(2));
            hello.take(1);
        }
        Reader list(hello.vector(2));
        EXPECT_TRUE(hello.is_at_end());
        while (!list.is_at_end()) {
            const auto type = list.number(2);
            extensions.emplace_back(type, hex(list.vector(2)));
        }
    }

    std::optional<std::string> extension(std::size_t type) const {
        for (const auto& [found, body] : extensions) {
            if (found == type) {
                return body;
            }
        }
        return std::nullopt;
    }

    std::size_t number = 0;
    ByteView cookie;
    std::string suites;
    std::vector<std::pair<std::size_t, std::string>> extensions;
};

const Error kEof = boost::asio::error::make_error_code(boost::asio::error::eof);

TEST(Dtls, ConnectsAndCarriesPackets) {
    Wire wire(kMtu, server_context()->certificate().fingerprint());
    EXPECT_FALSE(wire.server.session.has_progressed());
    wire.run();
    ASSERT_TRUE(wire.is_up());
    EXPECT_LT(wire.now.time_since_epoch(), 50ms);  // no retransmission was needed
    EXPECT_EQ(wire.client.session.remote_fingerprint(), server_context()->certificate().fingerprint());
    EXPECT_EQ(wire.server.session.remote_fingerprint(), client_context()->certificate().fingerprint());
    EXPECT_TRUE(wire.client.session.has_progressed());
    EXPECT_TRUE(wire.server.session.has_progressed());
    EXPECT_FALSE(wire.client.session.saw_cookie_request());
    EXPECT_EQ(wire.client.session.next_time(), DtlsSession::Clock::time_point::max());
    EXPECT_EQ(wire.server.session.next_time(), DtlsSession::Clock::time_point::max());
    expect_data_flows(wire);
}

TEST(Dtls, CarriesPacketsOfAnySize) {
    Wire wire;
    wire.run();
    for (const std::size_t size : {std::size_t{1}, std::size_t{1163}, std::size_t{9000}, DtlsSession::kMaxPacketSize}) {
        const Bytes packet(size, 3);
        ASSERT_TRUE(wire.client.session.send(packet));
        wire.deliver(wire.take());
        ASSERT_FALSE(wire.server.got.empty());
        EXPECT_EQ(wire.server.got.back(), packet);
    }
    EXPECT_EQ(
        wire.client.session.send(Bytes(DtlsSession::kMaxPacketSize + 1)).error(),
        boost::asio::error::make_error_code(boost::asio::error::message_size)
    );
    EXPECT_TRUE(wire.client.session.send({}));
    EXPECT_TRUE(wire.take().empty());
    wire.server.got.clear();
    expect_data_flows(wire);
}

TEST(Dtls, RecoversFromTheLossOfAnyDatagram) {
    for (const std::size_t mtu : {kMtu, DtlsSession::kMinMtu}) {
        for (std::size_t lost = 0; lost < 12; ++lost) {
            SCOPED_TRACE(testing::Message() << "mtu " << mtu << ", datagram " << lost);
            Wire wire(mtu);
            std::size_t count = 0;
            wire.run([&](std::vector<Datagram>& flight) {
                std::erase_if(flight, [&](const Datagram&) { return count++ == lost; });
            });
            EXPECT_LT(wire.now.time_since_epoch(), 500ms);
            expect_data_flows(wire);
        }
    }
}

TEST(Dtls, RepeatsLostFlightsAfterGrowingTimes) {
    Wire wire;
    std::vector<std::chrono::milliseconds> times;
    wire.run(
        [&](std::vector<Datagram>& flight) {
            times.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(wire.now.time_since_epoch()));
            flight.clear();
        },
        2s
    );
    ASSERT_GE(times.size(), 4U);
    EXPECT_EQ(times[0], 0ms);
    for (std::size_t i = 1; i < 4; ++i) {
        const auto gap = times[i] - times[i - 1];
        const auto expected = DtlsSession::kFirstRetransmission * (1 << (i - 1));
        EXPECT_GE(gap, expected - 20ms) << i;  // BoringSSL is up to 15 ms early
        EXPECT_LE(gap, expected + 5ms) << i;
    }
}

TEST(Dtls, GivesUpRepeatingInTheEnd) {
    End client(client_context(), Role::client, std::nullopt, kMtu);
    DtlsSession::Clock::time_point now{};
    ASSERT_TRUE(client.session.start(now));
    int steps = 0;
    while (client.session.next_time() != DtlsSession::Clock::time_point::max() && steps < 100) {
        now = client.session.next_time();
        client.session.on_time(now);
        ++steps;
    }
    EXPECT_LT(steps, 20);
    EXPECT_FALSE(client.session.is_established());
    EXPECT_EQ(client.session.receive(Bytes{1}, [](ByteView) {}, now).error(), Errc::connection_closed);
}

TEST(Dtls, TakesDatagramsInAnyOrderAndTwice) {
    std::mt19937 random(7);
    for (int round = 0; round < 60; ++round) {
        SCOPED_TRACE(round);
        Wire wire(round % 2 == 0 ? DtlsSession::kMinMtu : 400);
        wire.run([&](std::vector<Datagram>& flight) {
            const auto size = flight.size();
            for (std::size_t i = 0; i < size; ++i) {
                if (random() % 2 == 0) {
                    flight.push_back(flight[i]);
                }
            }
            if (round < 2) {
                std::reverse(flight.begin(), flight.end());
            } else {
                std::shuffle(flight.begin(), flight.end(), random);
            }
        });
        expect_data_flows(wire);
    }
}

TEST(Dtls, SurvivesHeavyLoss) {
    std::mt19937 random(11);
    for (int round = 0; round < 40; ++round) {
        SCOPED_TRACE(round);
        Wire wire;
        wire.run([&](std::vector<Datagram>& flight) {
            std::erase_if(flight, [&](const Datagram&) { return random() % 10 < 3; });
        });
        expect_data_flows(wire);
    }
}

TEST(Dtls, CutsItsFlightsToTheMtu) {
    for (const std::size_t mtu : {std::size_t{1}, DtlsSession::kMinMtu, std::size_t{600}, kMtu}) {
        Wire wire(mtu);
        std::size_t largest = 0;
        std::size_t count = 0;
        wire.run([&](std::vector<Datagram>& flight) {
            for (const auto& datagram : flight) {
                largest = std::max(largest, datagram.octets.size());
                ++count;
            }
        });
        EXPECT_TRUE(wire.is_up());
        EXPECT_LE(largest, std::max(mtu, DtlsSession::kMinMtu));
        if (mtu == kMtu) {
            EXPECT_EQ(count, 4U);  // one datagram a flight
        }
    }
}

TEST(Dtls, DropsGarbageDuringTheHandshake) {
    std::mt19937 random(3);
    const Bytes message(40, 1);
    auto too_far = fragment(11, 1, message, 0, 40);
    too_far[8] = 200;  // its offset lies past the end of the message
    auto too_long = fragment(11, 1, message, 0, 40);
    too_long[1] = 0xff;
    auto past_the_end = fragment(11, 1, message, 0, 40);
    past_the_end[3] = 39;  // the message is shorter than its piece
    const std::vector<Bytes> garbage{
        {},
        {0},
        Bytes(13),
        Bytes(100, 22),
        plain_record(23, Bytes(30)),  // data before there are keys
        plain_record(24, Bytes(30)),  // no known type
        plain_record(22, {}),         // a handshake record without a message
        plain_record(22, Bytes(5)),   // half a header
        plain_record(22, too_far),
        plain_record(22, too_long),
        plain_record(22, past_the_end),
        plain_record(20, unhex("02")),
        plain_record(21, unhex("01")),
        unhex("17fefd0001000000000001001000112233445566778899aabbccddeeff"),  // a forged packet
        unhex("16fefd0001000000000001001000112233445566778899aabbccddeeff"),
        unhex("15fefd0001000000000001001000112233445566778899aabbccddeeff"),
        unhex("17fefd0001000000000002ffff00"),  // longer than its datagram
    };
    Wire wire;
    wire.run([&](std::vector<Datagram>& flight) {
        std::vector<Datagram> mixed;
        for (auto& datagram : flight) {
            for (const auto& octets : garbage) {
                mixed.push_back({Role::client, octets});
                mixed.push_back({Role::server, octets});
            }
            for (int i = 0; i < 50; ++i) {
                Bytes noise(random() % 200);
                std::generate(noise.begin(), noise.end(), [&] { return static_cast<std::uint8_t>(random()); });
                mixed.push_back({Role::client, noise});
                mixed.push_back({Role::server, noise});
            }
            mixed.push_back(std::move(datagram));
        }
        flight = std::move(mixed);
    });
    EXPECT_LT(wire.now.time_since_epoch(), 50ms);
    expect_data_flows(wire);
}

TEST(Dtls, DropsForgedPacketsWithoutAWord) {
    Wire wire;
    wire.run();
    ASSERT_TRUE(wire.is_up());
    wire.take();
    ASSERT_TRUE(wire.client.session.send(Bytes(50, 9)));
    const auto flight = wire.take();
    ASSERT_EQ(flight.size(), 1U);
    const auto& genuine = flight[0].octets;
    for (std::size_t i = 0; i < genuine.size(); ++i) {
        auto forged = genuine;
        forged[i] ^= 0x10;
        wire.server.receive(forged, wire.now);
    }
    for (std::size_t size = 0; size < genuine.size(); ++size) {
        wire.server.receive(ByteView(genuine).first(size), wire.now);
    }
    EXPECT_TRUE(wire.server.got.empty());
    EXPECT_FALSE(wire.server.error);
    wire.server.receive(genuine, wire.now);
    wire.server.receive(genuine, wire.now);  // a replay
    EXPECT_EQ(wire.server.got, (std::vector<Bytes>{Bytes(50, 9)}));
    EXPECT_TRUE(wire.server.sent.empty());
    EXPECT_TRUE(wire.server.session.is_established());
}

TEST(Dtls, TakesSeveralPacketsOfOneDatagram) {
    Wire wire;
    wire.run();
    ASSERT_TRUE(wire.is_up());
    wire.take();
    Bytes together;
    for (std::uint8_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(wire.client.session.send(Bytes(10, i)));
    }
    for (const auto& datagram : wire.take()) {
        put(together, datagram.octets);
    }
    put(together, Bytes(7, 1));  // what is no record ends the datagram
    wire.server.receive(together, wire.now);
    EXPECT_EQ(wire.server.got, (std::vector<Bytes>{Bytes(10, 0), Bytes(10, 1), Bytes(10, 2)}));
    EXPECT_FALSE(wire.server.error);
}

TEST(Dtls, ClientRefusesTheWrongCertificate) {
    Wire wire(kMtu, Sha256Digest{1, 2, 3});
    wire.run();
    ASSERT_TRUE(wire.client.error);
    EXPECT_EQ(*wire.client.error, Errc::authentication_failed);
    EXPECT_NE(wire.client.error->message().find("certhash"), std::string::npos);
    ASSERT_TRUE(wire.server.error);
    EXPECT_EQ(*wire.server.error, Errc::protocol_violation);  // it was told
    EXPECT_FALSE(wire.client.session.is_established());
    EXPECT_FALSE(wire.server.session.is_established());
    EXPECT_FALSE(wire.server.session.has_progressed());
    EXPECT_EQ(wire.client.session.send(Bytes{1}).error(), Errc::connection_closed);
    EXPECT_EQ(wire.client.session.next_time(), DtlsSession::Clock::time_point::max());
}

TEST(Dtls, ServerRefusesTheWrongCertificate) {
    Wire wire(kMtu, std::nullopt, Sha256Digest{1});
    wire.run();
    ASSERT_TRUE(wire.server.error);
    EXPECT_EQ(*wire.server.error, Errc::authentication_failed);
    EXPECT_FALSE(wire.server.session.is_established());
    EXPECT_FALSE(wire.client.session.is_established());
}

TEST(Dtls, ServerWantsACertificate) {
    Wire wire;
    wire.deliver(wire.take());
    wire.take();
    const auto none = unhex("000000");  // an empty list
    wire.server.receive(plain_record(22, fragment(11, 1, none, 0, none.size()), 1), wire.now);
    ASSERT_TRUE(wire.server.error);
    EXPECT_EQ(*wire.server.error, Errc::protocol_violation);
    EXPECT_NE(wire.server.error->message().find("CERTIFICATE"), std::string::npos);
    EXPECT_FALSE(wire.server.session.has_progressed());
}

TEST(Dtls, ClosesOnce) {
    Wire wire;
    wire.run();
    wire.take();
    ASSERT_TRUE(wire.server.session.send(Bytes{5}));
    wire.server.session.close();
    wire.server.session.close();
    EXPECT_FALSE(wire.server.session.is_established());
    auto flight = wire.take();
    ASSERT_EQ(flight.size(), 3U);
    flight.erase(flight.begin() + 1);  // one goodbye may get lost
    wire.deliver(flight);
    EXPECT_EQ(wire.client.got, (std::vector<Bytes>{Bytes{5}}));
    ASSERT_TRUE(wire.client.error);
    EXPECT_EQ(*wire.client.error, kEof);
    EXPECT_FALSE(wire.client.session.is_established());
    EXPECT_EQ(
        wire.client.session.receive(
                               flight[0].octets, [](ByteView) {}, wire.now
        )
            .error(),
        Errc::connection_closed
    );
    EXPECT_EQ(
        wire.server.session.receive(
                               flight[0].octets, [](ByteView) {}, wire.now
        )
            .error(),
        Errc::connection_closed
    );
    EXPECT_EQ(wire.server.session.send(Bytes{1}).error(), Errc::connection_closed);
    wire.client.session.close();
    EXPECT_TRUE(wire.take().empty());
}

TEST(Dtls, ClosesSilentlyDuringTheHandshake) {
    Wire wire;
    wire.take();
    wire.client.session.close();
    wire.server.session.close();
    EXPECT_TRUE(wire.take().empty());
    EXPECT_EQ(wire.client.session.next_time(), DtlsSession::Clock::time_point::max());
}

TEST(Dtls, GivesUpAloudOnceTheRemoteHasSpoken) {
    Wire wire;
    wire.deliver(wire.take());
    wire.take();  // the server's flight is lost
    wire.server.session.close();
    wire.server.session.close();
    const auto alert = wire.take();
    ASSERT_EQ(alert.size(), 1U);
    wire.deliver(alert);
    ASSERT_TRUE(wire.client.error);
    EXPECT_EQ(*wire.client.error, Errc::refused_by_remote);
}

TEST(Dtls, AClientHelloIsTurnedAwayWithoutASession) {
    End client(client_context(), Role::client, std::nullopt, kMtu);
    ASSERT_TRUE(client.session.start({}));
    client.receive(refusal(), {});
    ASSERT_TRUE(client.error);
    EXPECT_EQ(*client.error, Errc::refused_by_remote);
    EXPECT_EQ(client.session.next_time(), DtlsSession::Clock::time_point::max());
}

TEST(Dtls, AClientLearnsThatItsHandshakeIsNotKnownAnyMore) {
    Wire wire;
    const auto hello = wire.take();
    EXPECT_FALSE(is_handshake_underway(hello.at(0).octets));
    wire.deliver(hello);
    wire.deliver(wire.take());
    const auto second = wire.take();
    ASSERT_FALSE(second.empty());
    EXPECT_TRUE(is_handshake_underway(second[0].octets));
    EXPECT_FALSE(is_handshake_underway(handshake_lost()));
    EXPECT_LT(handshake_lost().size(), second[0].octets.size());
    wire.client.receive(handshake_lost(), wire.now);
    ASSERT_TRUE(wire.client.error);
    EXPECT_EQ(*wire.client.error, boost::asio::error::make_error_code(boost::asio::error::connection_aborted));

    Wire up;
    up.run();
    up.client.receive(handshake_lost(), up.now);
    EXPECT_FALSE(up.client.error);  // anybody can send that
    expect_data_flows(up);
}

TEST(Dtls, DoesNotSendBeforeItIsUp) {
    Wire wire;
    wire.take();
    EXPECT_EQ(wire.client.session.send(Bytes{1}).error(), Errc::connection_closed);
    EXPECT_TRUE(wire.take().empty());
}

TEST(Dtls, SinkMayAnswerAndClose) {
    Wire wire;
    wire.run();
    wire.take();
    ASSERT_TRUE(wire.client.session.send(Bytes{1}));
    ASSERT_TRUE(wire.client.session.send(Bytes{2}));
    Bytes together;
    for (const auto& datagram : wire.take()) {
        put(together, datagram.octets);
    }
    int packets = 0;
    auto received = wire.server.session.receive(
        together,
        [&](ByteView packet) {
            ++packets;
            EXPECT_TRUE(wire.server.session.send(packet));
            wire.server.session.close();
        },
        wire.now
    );
    EXPECT_TRUE(received);
    EXPECT_EQ(packets, 1);
    wire.deliver(wire.take());
    EXPECT_EQ(wire.client.got, (std::vector<Bytes>{Bytes{1}}));
    EXPECT_EQ(*wire.client.error, kEof);
}

TEST(Dtls, OffersWhatEveryPeerNeeds) {
    Wire wire;
    const auto flight = wire.take();
    ASSERT_EQ(flight.size(), 1U);
    const Hello hello(flight[0].octets, 1);
    EXPECT_EQ(hello.suites, "c02bcca9c02fcca8");
    EXPECT_TRUE(hello.cookie.empty());
    EXPECT_EQ(hello.extension(0x000e), "0002000100");    // use_srtp: exactly one profile
    EXPECT_EQ(hello.extension(0x000a), "0004001d0017");  // X25519, P-256
    EXPECT_EQ(hello.extension(0x0017), "");              // extended master secret
    EXPECT_EQ(hello.extension(0xff01), "00");            // renegotiation info
    EXPECT_FALSE(hello.extension(0x0023));               // no tickets
    EXPECT_FALSE(hello.extension(0x0000));               // no name
    EXPECT_FALSE(hello.extension(0x002b));               // no version but the one in front
}

TEST(Dtls, AgreesOnOneSrtpProfile) {
    Wire wire;
    wire.deliver(wire.take());
    const auto flight = wire.take();
    ASSERT_EQ(flight.size(), 1U);
    const Hello hello(flight[0].octets, 2);
    EXPECT_EQ(hello.suites, "c02b");
    EXPECT_EQ(hello.extension(0x000e), "0002000100");
    EXPECT_EQ(hello.extension(0x0017), "");
}

TEST(Dtls, AnswersABrowserInEitherOrder) {
    const auto message = browser_hello();
    ASSERT_GT(message.size(), 1400U);
    const std::vector<Bytes> pieces{
        plain_record(22, fragment(1, 0, message, 0, 1150)),
        plain_record(22, fragment(1, 0, message, 1150, message.size() - 1150), 1),
    };
    for (const bool reversed : {false, true}) {
        End server(server_context(), Role::server, std::nullopt, kMtu);
        DtlsSession::Clock::time_point now{};
        ASSERT_TRUE(server.session.start(now));
        EXPECT_TRUE(is_client_hello(pieces[0]));
        EXPECT_TRUE(is_client_hello(pieces[1]));
        server.receive(pieces[reversed ? 1 : 0], now);
        EXPECT_TRUE(server.sent.empty());
        server.receive(pieces[reversed ? 0 : 1], now);
        ASSERT_FALSE(server.error) << server.error->message();
        ASSERT_FALSE(server.sent.empty());
        const Hello hello(server.sent.front(), 2);
        EXPECT_EQ(hello.suites, "c02b");
        EXPECT_EQ(hello.extension(0x000e), "0002000100");  // of the four that were offered
    }
}

TEST(Dtls, ChoosesTheFastestCipherWhateverTheClientPrefers) {
    const std::pair<std::string_view, std::string> offers[] = {
        {"c02ccca9c02b", "c02b"}, {"c00acca9", "cca9"}, {"c02bc00ac02fc014cca9", "c02b"}  // the last: webrtc-rs
    };
    for (const auto& [ciphers, chosen] : offers) {
        const auto message = browser_hello(ciphers);
        End server(server_context(), Role::server, std::nullopt, kMtu);
        ASSERT_TRUE(server.session.start({}));
        server.receive(plain_record(22, fragment(1, 0, message, 0, message.size())), {});
        ASSERT_FALSE(server.error) << server.error->message();
        ASSERT_FALSE(server.sent.empty());
        EXPECT_EQ(Hello(server.sent.front(), 2).suites, chosen);
    }
}

TEST(Dtls, ReturnsACookie) {
    End client(client_context(), Role::client, std::nullopt, kMtu);
    DtlsSession::Clock::time_point now{};
    ASSERT_TRUE(client.session.start(now));
    client.sent.clear();
    const auto request = unhex(
        "fefd"
        "04"
        "deadbeef"
    );
    client.receive(plain_record(22, fragment(3, 0, request, 0, request.size())), now);
    EXPECT_FALSE(client.error);
    EXPECT_TRUE(client.session.saw_cookie_request());
    EXPECT_FALSE(client.session.has_progressed());
    ASSERT_EQ(client.sent.size(), 1U);
    const Hello second(client.sent.front(), 1);
    EXPECT_EQ(second.number, 1U);
    EXPECT_EQ(hex(second.cookie), "deadbeef");
    EXPECT_FALSE(is_client_hello(client.sent.front()));  // never the first of a handshake with us
}

/// Octets that a server sends for the ClientHello `hello`, which comes ten times a second.
std::size_t sent_to_unproven(End& server, const Bytes& hello, std::size_t allowance, int times) {
    DtlsSession::Clock::time_point now{};
    EXPECT_TRUE(server.session.start(now));
    server.session.limit_unproven(allowance);
    std::size_t sent = 0;
    std::size_t received = 0;
    for (int i = 0; i < times; ++i) {
        received += hello.size();
        server.receive(hello, now);
        for (int turn = 0; turn < 20; ++turn) {
            now += 5ms;
            server.session.on_time(now);
            for (const auto& datagram : std::exchange(server.sent, {})) {
                sent += datagram.size();
            }
            EXPECT_LE(sent, DtlsSession::kUnprovenFactor * received + allowance);
        }
    }
    return sent;
}

TEST(Dtls, SendsAnUnprovenAddressThreeTimesWhatCameAtMost) {
    Wire wire;
    const auto hello = wire.take().at(0).octets;
    for (const std::size_t allowance : {0U, 300U, 5000U}) {
        End once(server_context(), Role::server, std::nullopt, kMtu);
        const auto first = sent_to_unproven(once, hello, allowance, 1);
        EXPECT_EQ(first > 0, allowance > 0) << allowance;
        End often(server_context(), Role::server, std::nullopt, kMtu);
        EXPECT_GT(sent_to_unproven(often, hello, allowance, 100), 1000U);
    }
}

TEST(Dtls, WhatIsHeldBackComesWhenMoreIsAllowed) {
    Wire wire;
    const auto hello = wire.take();
    wire.server.session.limit_unproven(0);
    wire.deliver(hello);
    EXPECT_TRUE(wire.server.sent.empty());
    wire.now += 1s;
    wire.server.session.on_time(wire.now);
    EXPECT_TRUE(wire.server.sent.empty());
    EXPECT_EQ(wire.server.session.next_time(), DtlsSession::Clock::time_point::max());
    wire.server.session.allow_unproven(1000, wire.now);
    EXPECT_LE(wire.server.session.next_time(), wire.now);
    wire.server.session.on_time(wire.now);
    EXPECT_EQ(wire.server.sent.size(), 1U);
    wire.run();
    expect_data_flows(wire);
}

TEST(Dtls, AClientThatRepeatsItselfIsLetInWithNoAllowance) {
    for (const bool is_lossy : {false, true}) {
        Wire wire;
        wire.server.session.limit_unproven(0);
        std::size_t count = 0;
        wire.run([&](std::vector<Datagram>& flight) {
            std::erase_if(flight, [&](const Datagram&) { return is_lossy && ++count % 3 == 0; });
        });
        expect_data_flows(wire);
        EXPECT_LT(wire.now.time_since_epoch(), 5s);
    }
}

TEST(Dtls, HoldsLittleForAnUnprovenRemote) {
    const Bytes claimed(16'000);
    const Bytes large(DtlsSession::kMaxHandshakeMessage);
    const auto before = support::heap_bytes();
    End server(server_context(), Role::server, std::nullopt, kMtu);
    DtlsSession::Clock::time_point now{};
    ASSERT_TRUE(server.session.start(now));
    const auto idle = support::heap_bytes() - before;
    for (std::uint8_t number = 0; number < 30; ++number) {
        server.receive(plain_record(22, fragment(11, number, claimed, 0, 1), number), now);
    }
    EXPECT_LE(support::heap_bytes() - before, idle + 1024);
    for (std::uint8_t number = 0; number < 30; ++number) {
        server.receive(plain_record(22, fragment(11, number, large, 0, 1), number), now);
    }
    EXPECT_LE(support::heap_bytes() - before, idle + 8 * (DtlsSession::kMaxHandshakeMessage + 1024));
    RecordProperty("idle_server_bytes", static_cast<int>(idle));
}

TEST(Dtls, AThousandSessionsLeaveNothingBehind) {
    const auto make = [](int count) {
        for (int i = 0; i < count; ++i) {
            Wire wire;
            if (i % 10 == 0) {
                wire.run();
                EXPECT_TRUE(wire.is_up());
            } else {
                wire.deliver(wire.take());
            }
        }
    };
    make(20);  // what is allocated only once
    const auto before = support::heap_bytes();
    make(1000);
    EXPECT_LT(support::heap_bytes(), before + 4000);  // an allocator's own caches move a little
}

TEST(Dtls, AnIdleSessionIsSmall) {
    {
        Wire wire;
        wire.run();
    }
    std::vector<std::unique_ptr<Wire>> wires;
    wires.reserve(20);
    const auto before = support::heap_bytes();
    for (int i = 0; i < 20; ++i) {
        wires.push_back(std::make_unique<Wire>());
    }
    const auto hello = (support::heap_bytes() - before) / 40;
    for (auto& wire : wires) {
        wire->run();
        ASSERT_TRUE(wire->is_up());
        wire->take();
    }
    const auto established = (support::heap_bytes() - before) / 40;
    RecordProperty("hello_bytes", static_cast<int>(hello));
    RecordProperty("established_bytes", static_cast<int>(established));
    EXPECT_LT(established, 10'000U);
    EXPECT_LT(hello, 12'000U);
}

TEST(IsClientHello, TellsPiecesOfOneFromAnythingElse) {
    Wire wire;
    const auto flight = wire.take();
    const auto& hello = flight[0].octets;
    EXPECT_TRUE(is_client_hello(hello));
    for (std::size_t size = 0; size < hello.size(); ++size) {
        EXPECT_FALSE(is_client_hello(ByteView(hello).first(size))) << size;
    }
    auto old_version = hello;
    old_version[2] = 0xff;  // records of a first flight may say DTLS 1.0
    EXPECT_TRUE(is_client_hello(old_version));
    const std::vector<std::pair<std::size_t, int>> changes{
        {0, 23},    // application data
        {1, 0x03},  // TLS
        {4, 1},     // encrypted
        {13, 2},    // ServerHello
        {14, 1},    // 64 KiB
        {18, 1},    // the second message
        {19, 1},    // offset past the end
        {22, 1},    // length past the end
    };
    for (const auto& [position, value] : changes) {
        auto changed = hello;
        changed[position] = static_cast<std::uint8_t>(value);
        EXPECT_FALSE(is_client_hello(changed)) << position;
    }
    auto shorter = fragment(1, 0, Bytes(60), 0, 60);
    shorter[3] = 59;
    EXPECT_FALSE(is_client_hello(plain_record(22, shorter)));
    const Bytes tiny(20);
    EXPECT_FALSE(is_client_hello(plain_record(22, fragment(1, 0, tiny, 0, 20))));
    const Bytes fine(60);
    EXPECT_TRUE(is_client_hello(plain_record(22, fragment(1, 0, fine, 59, 1))));
    EXPECT_FALSE(is_client_hello(plain_record(22, fragment(1, 0, fine, 60, 0))));
    const Bytes large(DtlsSession::kMaxHandshakeMessage + 1);
    EXPECT_FALSE(is_client_hello(plain_record(22, fragment(1, 0, large, 0, 100))));
}

}  // namespace
}  // namespace libp2p::crypto
