// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/tls_session.hpp"

#include "tests/support/web_certificates.hpp"

#include <boost/asio/error.hpp>

#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <string>
#include <string_view>

namespace libp2p::crypto {
namespace {

using namespace libp2p::test;

constexpr std::string_view kNodeTest = "node.test";

std::shared_ptr<const TlsContext> server(std::string_view certificate = kCertificate, std::string_view key = kKey) {
    return TlsContext::for_server(as_bytes(certificate), as_bytes(key)).value();
}

std::shared_ptr<const TlsContext> client(std::string_view authorities = kAuthority) {
    return TlsContext::for_client(as_bytes(authorities)).value();
}

/// Two sessions that talk to each other.
struct Pair {
    Pair(
        std::shared_ptr<const TlsContext> at_client, std::shared_ptr<const TlsContext> at_server, std::string_view name
    )
        : dialer(std::move(at_client), std::string(name)), listener(std::move(at_server), {}) {}

    /// Hands over what `from` has said, `piece` octets at a time.
    template <class Take>
    void pass(TlsSession& from, TlsSession& to, std::size_t piece, Take take) {
        const auto output = from.take_output();
        for (std::size_t at = 0; at < output.size(); at += piece) {
            const auto part = ByteView(output).subspan(at, std::min(piece, output.size() - at));
            const Bytes exact(part.begin(), part.end());  // a read past the end shows under the sanitizer
            to.feed(exact);
            take();
            to.feed({});
        }
    }

    void shake_hands(std::size_t piece = 100'000) {
        const auto step = [](TlsSession& session, std::optional<result<bool>>& outcome) {
            if (!outcome || (*outcome && !**outcome)) {
                outcome = session.handshake();
            }
        };
        step(dialer, dialled);
        while (dialer.has_output() || listener.has_output()) {
            pass(dialer, listener, piece, [&] { step(listener, listened); });
            pass(listener, dialer, piece, [&] { step(dialer, dialled); });
        }
    }

    TlsSession dialer;
    TlsSession listener;
    std::optional<result<bool>> dialled;
    std::optional<result<bool>> listened;
};

/// All that `to` can read of what `from` has said.
result<Bytes> read_all(TlsSession& from, TlsSession& to) {
    const auto output = from.take_output();
    to.feed(output);
    Bytes all;
    Bytes part(5000);
    for (;;) {
        auto got = to.read(part);
        if (!got) {
            return got.error();
        }
        if (*got == 0) {
            EXPECT_EQ(to.unread(), 0U);
            return all;
        }
        all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(*got));
    }
}

TEST(TlsSession, CarriesOctetsInAnyPieces) {
    for (const std::size_t piece : {std::size_t{100'000}, std::size_t{1}, std::size_t{7}}) {
        Pair pair(client(), server(), kNodeTest);
        pair.shake_hands(piece);
        ASSERT_TRUE(*pair.dialled && **pair.dialled) << pair.dialled->error();
        ASSERT_TRUE(*pair.listened && **pair.listened) << pair.listened->error();
        Bytes octets(100'000);
        std::iota(octets.begin(), octets.end(), std::uint8_t{0});
        for (const bool forth : {true, false}) {
            auto& from = forth ? pair.dialer : pair.listener;
            auto& to = forth ? pair.listener : pair.dialer;
            ASSERT_TRUE(from.write(octets));
            const auto got = read_all(from, to);
            ASSERT_TRUE(got) << got.error();
            EXPECT_EQ(*got, octets);
        }
    }
}

TEST(TlsSession, TellsTheEnd) {
    Pair pair(client(), server(), kNodeTest);
    pair.shake_hands();
    ASSERT_TRUE(pair.dialer.write(as_bytes(std::string_view("last"))));
    pair.dialer.close_write();
    const auto output = pair.dialer.take_output();
    pair.listener.feed(output);
    Bytes into(100);
    const auto first = pair.listener.read(into);
    ASSERT_TRUE(first);
    EXPECT_EQ(as_text(ByteView(into).first(*first)), "last");
    const auto end = pair.listener.read(into);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error(), boost::asio::error::make_error_code(boost::asio::error::eof));
}

TEST(TlsSession, KnowsServersByNameAndByAddress) {
    for (const auto* name : {"node.test", "NODE.test", "127.0.0.1", "::1"}) {
        Pair pair(client(), server(), name);
        pair.shake_hands();
        EXPECT_TRUE(*pair.dialled && **pair.dialled) << name << ": " << pair.dialled->error();
    }
}

struct Refusal {
    std::string_view certificate;
    std::string_view key;
    std::string_view authorities;
    std::string_view name;
    std::string_view words;
};

TEST(TlsSession, SaysWhyAServerIsNotTrusted) {
    const Refusal refusals[] = {
        {kCertificate, kKey, kAuthority, "else.test", "the certificate is not for else.test"},
        {kCertificate, kKey, kAuthority, "192.0.2.1", "the certificate is not for 192.0.2.1"},
        {kOtherCertificate, kOtherKey, kAuthority, "node.test", "the certificate is not for node.test"},
        {kExpiredCertificate, kExpiredKey, kAuthority, "node.test", "the certificate of node.test has expired"},
        {kCertificate, kKey, kOtherAuthority, "node.test", "issued by nobody that is trusted here"},
    };
    for (const auto& refusal : refusals) {
        SCOPED_TRACE(refusal.words);
        Pair pair(client(refusal.authorities), server(refusal.certificate, refusal.key), refusal.name);
        pair.shake_hands();
        ASSERT_FALSE(*pair.dialled);
        EXPECT_EQ(pair.dialled->error(), Errc::authentication_failed) << pair.dialled->error();
        EXPECT_NE(pair.dialled->error().message().find(refusal.words), std::string::npos) << pair.dialled->error();
    }
}

TEST(TlsSession, TheServerHearsWhyItIsNotTrusted) {
    Pair pair(client(kOtherAuthority), server(), kNodeTest);
    pair.shake_hands();
    ASSERT_FALSE(*pair.dialled);
    ASSERT_TRUE(pair.listened);
    EXPECT_FALSE(*pair.listened && **pair.listened);
    ASSERT_FALSE(*pair.listened);
    EXPECT_EQ(pair.listened->error(), Errc::refused_by_remote) << pair.listened->error();
}

TEST(TlsSession, WhatIsNoTlsIsRefused) {
    for (const auto* octets : {"GET / HTTP/1.1\r\n\r\n", "\x13/multistream/1.0.0\n", "\x16\x03\x01\xff\xff\x01"}) {
        TlsSession session(server(), {});
        const std::string fed = std::string(octets) + std::string(70'000, 'x');
        session.feed(as_bytes(fed));
        const auto outcome = session.handshake();
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error(), Errc::protocol_violation) << outcome.error();
    }
}

TEST(TlsSession, AChangedOctetEndsIt) {
    Pair pair(client(), server(), kNodeTest);
    pair.shake_hands();
    ASSERT_TRUE(pair.dialer.write(as_bytes(std::string_view("hello"))));
    auto output = pair.dialer.take_output();
    output.back() ^= 1;
    pair.listener.feed(output);
    Bytes into(100);
    const auto got = pair.listener.read(into);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(), Errc::protocol_violation) << got.error();
}

TEST(TlsContext, WhatCannotBeUsedIsRefused) {
    const auto of_server = [](std::string_view certificate, std::string_view key) {
        return TlsContext::for_server(as_bytes(certificate), as_bytes(key));
    };
    EXPECT_TRUE(of_server(kCertificate, kKey));
    EXPECT_TRUE(of_server(std::string(kCertificate) + std::string(kAuthority), kKey));
    const std::pair<std::string, std::string> wrong[] = {
        {"", std::string(kKey)},
        {"hello", std::string(kKey)},
        {std::string(kKey), std::string(kCertificate)},
        {std::string(kCertificate), ""},
        {std::string(kCertificate), std::string(kOtherKey)},
        {std::string(kCertificate) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", std::string(kKey)
        },
        {std::string(TlsContext::kMaxPemSize + 1, 'x'), std::string(kKey)},
    };
    for (const auto& [certificate, key] : wrong) {
        const auto made = of_server(certificate, key);
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error(), Errc::invalid_key);
    }
    EXPECT_TRUE(TlsContext::for_client(as_bytes(std::string(kAuthority) + std::string(kOtherAuthority))));
    for (const auto text : {std::string_view(""), std::string_view("hello"), kKey}) {
        EXPECT_FALSE(TlsContext::for_client(as_bytes(text)));
    }
}

}  // namespace
}  // namespace libp2p::crypto
