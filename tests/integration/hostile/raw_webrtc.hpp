// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/dtls.hpp"
#include "tests/integration/hostile/raw_peer.hpp"
#include "transports/webrtc/direct/direct_address.hpp"
#include "transports/webrtc/ice_credentials.hpp"
#include "transports/webrtc/stun_message.hpp"

#include <libp2p/conformance/loop.hpp>

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>

#include <random>
#include <utility>

/// Datagrams of peers that keep to no rule.
namespace libp2p::test::hostile {

inline constexpr const char* kWebRtcListen = "/ip4/127.0.0.1/udp/0/webrtc-direct";

inline asio::ip::udp::endpoint udp_endpoint_of(const Multiaddr& address) {
    return webrtc::parse_direct_address(address.without_peer().value()).value().endpoint;
}

/// A request with these credentials, well-formed and signed with `password`.
inline Bytes check_as(std::string_view username, std::string_view password) {
    static std::mt19937 random(11);
    webrtc::BindingRequest request;
    for (auto& octet : request.transaction) {
        octet = static_cast<std::uint8_t>(random());
    }
    request.username = username;
    request.priority = 0x6e7f1eff;
    request.role = webrtc::IceRole::controlling;
    request.tie_breaker = 1;
    request.use_candidate = true;
    Bytes datagram(webrtc::kMaxStunSent);
    datagram.resize(webrtc::write_binding_request(datagram, request, password));
    return datagram;
}

/// The check of an honest dialer, with a name of its own.
inline Bytes valid_check(webrtc::Version version = webrtc::Version::v1) {
    const auto credentials = webrtc::DialerCredentials::make(version);
    return check_as(credentials.outbound_username(), credentials.server_ufrag());
}

/// What a DTLS client says first, in one datagram.
inline Bytes client_hello() {
    struct Keep final : crypto::DtlsSession::Output {
        void send_datagram(ByteView datagram) override { last.assign(datagram.begin(), datagram.end()); }
        Bytes last;
    };
    static const auto context = std::make_shared<const crypto::DtlsContext>(crypto::Certificate::generate());
    Keep keep;
    crypto::DtlsSession session(context, crypto::DtlsSession::Role::client, std::nullopt, keep, 1200);
    const auto started = session.start(crypto::DtlsSession::Clock::now());
    EXPECT_TRUE(started);
    return std::exchange(keep.last, {});
}

/// One record with the first of the two halves of a ClientHello that came whole.
inline Bytes first_half_of(const Bytes& hello) {
    constexpr std::size_t kRecordHeader = 13;
    constexpr std::size_t kHandshakeHeader = 12;
    const auto half = (hello.size() - kRecordHeader - kHandshakeHeader) / 2;
    Bytes piece(hello.begin(), hello.begin() + static_cast<std::ptrdiff_t>(kRecordHeader + kHandshakeHeader + half));
    const auto put = [&](std::size_t at, std::size_t value) {
        piece[at] = static_cast<std::uint8_t>(value >> 8);
        piece[at + 1] = static_cast<std::uint8_t>(value);
    };
    put(kRecordHeader - 2, kHandshakeHeader + half);
    put(kRecordHeader + kHandshakeHeader - 2, half);  // the fragment's length; its offset is 0 already
    return piece;
}

/// A UDP socket without libp2p. It waits for nothing and allocates nothing, so everything that the heap shows is the
/// victim's.
class RawUdp {
public:
    explicit RawUdp(const asio::ip::udp::endpoint& victim) : socket_(quiet_context()) {
        socket_.connect(victim);
        socket_.non_blocking(true);
    }

    void send(ByteView datagram) {
        error_code ec;
        socket_.send(asio::buffer(datagram.data(), datagram.size()), 0, ec);
    }

    /// What has come since the last call.
    struct Answers {
        std::size_t datagrams = 0;
        std::size_t octets = 0;
        std::size_t largest = 0;
        std::size_t successes = 0;  ///< Binding success responses
        std::size_t requests = 0;   ///< Binding requests
    };
    Answers take() {
        Answers answers;
        std::array<std::uint8_t, 4096> scratch;
        for (;;) {
            error_code ec;
            const auto size = socket_.receive(asio::buffer(scratch), 0, ec);
            if (ec == asio::error::would_block) {
                return answers;
            }
            if (ec) {
                continue;  // that nobody listened, once
            }
            ++answers.datagrams;
            answers.octets += size;
            answers.largest = std::max(answers.largest, size);
            answers.successes += size >= 2 && scratch[0] == 1 && scratch[1] == 1;
            answers.requests += size >= 2 && scratch[0] == 0 && scratch[1] == 1;
        }
    }

private:
    static asio::io_context& quiet_context() {
        static asio::io_context context{1};
        return context;
    }

    asio::ip::udp::socket socket_;
};

/// Knows when a listener has looked at everything that was sent to it: its socket is a queue, and the last in it is a
/// check, which is answered.
class Witness {
public:
    Witness(asio::io_context& io, const asio::ip::udp::endpoint& victim)
        : io_(io), socket_(victim), check_(valid_check()) {}

    awaitable<void> settle() {
        const auto start = Clock::now();
        auto again = start;
        while (socket_.take().successes == 0) {
            const auto now = Clock::now();
            if (now > start + 10s) {
                ADD_FAILURE() << "the listener answers no checks any more";
                co_return;
            }
            if (now >= again) {
                socket_.send(check_);
                again = now + 200ms;
            }
            co_await asio::post(io_, asio::use_awaitable);
        }
    }

private:
    asio::io_context& io_;
    RawUdp socket_;
    Bytes check_;
};

/// As many datagrams as a socket's queue holds for sure.
inline constexpr std::size_t kVolley = 32;

}  // namespace libp2p::test::hostile
