// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/signalling_exchange.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::webrtc {
namespace {

using DtlsRole = crypto::DtlsSession::Role;
using Role = SignallingExchange::Role;
using Setup = SessionDescription::Setup;
using Type = SignallingMessage::Type;

SignallingMessage description(Type type, Setup setup = Setup::actpass) {
    SessionDescription said;
    said.ufrag = "abcd";
    said.password = "0123456789012345678901";
    said.fingerprints.resize(1);
    said.setup = setup;
    said.candidates = {"candidate:1 1 udp 1 192.0.2.1 4000 typ host"};
    return {type, to_sdp(said, 1)};
}

SignallingMessage candidate(int port) {
    const auto text = "candidate:1 1 udp 1 192.0.2.2 " + std::to_string(port) + " typ host";
    return {Type::candidate, R"({"candidate":")" + text + "\"}"};
}

TEST(SignallingExchange, TakesAnOfferAndCandidates) {
    SignallingExchange exchange(Role::answerer);
    EXPECT_FALSE(exchange.has_description());
    auto heard = exchange.on_message(description(Type::offer));
    ASSERT_TRUE(heard);
    EXPECT_TRUE(exchange.has_description());
    EXPECT_EQ(heard->description->ufrag, "abcd");
    ASSERT_EQ(heard->candidates.size(), 1U) << "those in the description count";
    heard = exchange.on_message(candidate(5000));
    ASSERT_TRUE(heard);
    EXPECT_FALSE(heard->description);
    EXPECT_EQ(heard->candidates.at(0).port, 5000);
}

TEST(SignallingExchange, KeepsCandidatesThatOvertakeTheAnswer) {
    SignallingExchange exchange(Role::offerer);
    auto early = exchange.on_message(candidate(5000));
    ASSERT_TRUE(early);
    EXPECT_TRUE(early->candidates.empty());
    ASSERT_TRUE(exchange.on_message({Type::done, ""}));
    auto heard = exchange.on_message(description(Type::answer, Setup::active));
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->candidates.size(), 2U);
    EXPECT_TRUE(heard->is_end);
}

TEST(SignallingExchange, KnowsTheEndInEachForm) {
    for (const auto& end :
         {SignallingMessage{Type::done, ""},
          SignallingMessage{Type::candidate, "null"},
          SignallingMessage{Type::candidate, R"({"candidate":""})"}}) {
        SignallingExchange exchange(Role::answerer);
        ASSERT_TRUE(exchange.on_message(description(Type::offer)));
        EXPECT_TRUE(exchange.on_message(end)->is_end);
    }
}

TEST(SignallingExchange, WantsOneDescriptionOfTheRightKindFirst) {
    for (const auto type : {Type::answer, Type::candidate, Type::done}) {
        SignallingExchange exchange(Role::answerer);
        auto heard = exchange.on_message({type, description(Type::offer).data});
        ASSERT_FALSE(heard);
        EXPECT_EQ(heard.error(), Errc::protocol_violation);
    }
    SignallingExchange offerer(Role::offerer);
    EXPECT_FALSE(offerer.on_message(description(Type::offer)));
    SignallingExchange exchange(Role::answerer);
    ASSERT_TRUE(exchange.on_message(description(Type::offer)));
    EXPECT_EQ(exchange.on_message(description(Type::offer)).error(), Errc::protocol_violation);
}

TEST(SignallingExchange, IsBounded) {
    SignallingExchange exchange(Role::answerer);
    ASSERT_TRUE(exchange.on_message(description(Type::offer)));
    for (std::size_t i = 1; i < SignallingExchange::kMaxMessages; ++i) {
        ASSERT_TRUE(exchange.on_message(candidate(2000)));
    }
    EXPECT_EQ(exchange.on_message(candidate(2000)).error(), Errc::limit_exceeded);

    SignallingExchange early(Role::offerer);
    for (std::size_t i = 0; i < SignallingExchange::kMaxEarlyCandidates; ++i) {
        ASSERT_TRUE(early.on_message(candidate(2000)));
    }
    EXPECT_EQ(early.on_message(candidate(2000)).error(), Errc::limit_exceeded);
}

TEST(SignallingExchange, DecidesWhoBeginsWithDtls) {
    EXPECT_EQ(SignallingExchange::dtls_role(Role::answerer, Setup::actpass).value(), DtlsRole::client);
    EXPECT_EQ(SignallingExchange::dtls_role(Role::answerer, Setup::active).value(), DtlsRole::server);
    EXPECT_EQ(SignallingExchange::dtls_role(Role::answerer, Setup::passive).value(), DtlsRole::client);
    EXPECT_EQ(SignallingExchange::dtls_role(Role::offerer, Setup::active).value(), DtlsRole::server);
    EXPECT_EQ(SignallingExchange::dtls_role(Role::offerer, Setup::passive).value(), DtlsRole::client);
    EXPECT_EQ(SignallingExchange::dtls_role(Role::offerer, Setup::actpass).error(), Errc::protocol_violation);
    EXPECT_EQ(SignallingExchange::answer_to(Setup::actpass), Setup::active);
    EXPECT_EQ(SignallingExchange::answer_to(Setup::active), Setup::passive);
    EXPECT_EQ(SignallingExchange::answer_to(Setup::passive), Setup::active);
}

}  // namespace
}  // namespace libp2p::webrtc
