// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/ice_checker.hpp"

#include "transports/webrtc/ice_lite.hpp"

#include <boost/asio/ip/address.hpp>

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace libp2p::webrtc {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;
using State = IceChecker::State;
using TimePoint = IceChecker::TimePoint;

constexpr std::uint64_t kTieBreaker = 1'000;

class IceCheckerTest : public testing::TestWithParam<Version> {
protected:
    /// The check that is due, empty for none.
    Bytes check() {
        Bytes out(kMaxStunSent);
        out.resize(checker.next_check(now, out));
        return out;
    }

    /// Goes on to the next check, or to the loss of the remote.
    Bytes wait_for_check() {
        EXPECT_GE(checker.next_time(), now);
        now = checker.next_time();
        return check();
    }

    struct Received {
        Bytes answer;
        bool is_connected;
    };

    Received receive(ByteView datagram, const Endpoint& from) {
        Bytes out(kMaxStunSent);
        const auto received = checker.receive(datagram, from, now, out);
        out.resize(received.answer_size);
        return {out, received.is_connected};
    }
    Received receive(ByteView datagram) { return receive(datagram, remote); }

    /// What our own listener answers to a check.
    Bytes answer_to(ByteView datagram) {
        Bytes out(kBindingResponseSize6);
        const auto answered = answer_check(datagram, local, out);
        EXPECT_TRUE(answered.has_value());
        out.resize(answered ? answered->answer_size : 0);
        return out;
    }

    BindingRequest read(ByteView datagram) {
        const auto request = read_binding_request(datagram, credentials.server_ufrag());
        EXPECT_TRUE(request.has_value());
        return request.value_or(BindingRequest{});
    }

    void connect() {
        EXPECT_TRUE(receive(answer_to(check())).is_connected);
        EXPECT_EQ(checker.state(), State::connected);
    }

    /// A check of a remote that is a full agent.
    Bytes remote_check(IceRole role = IceRole::controlled, std::uint64_t tie_breaker = 5) {
        BindingRequest request;
        request.transaction.fill(++remote_checks);
        request.username = credentials.inbound_username();
        request.role = role;
        request.tie_breaker = tie_breaker;
        Bytes out(kMaxStunSent);
        out.resize(write_binding_request(out, request, credentials.password()));
        return out;
    }

    const Endpoint local{make_address("192.0.2.7"), 40'000};
    const Endpoint remote{make_address("192.0.2.1"), 4'001};
    const DialerCredentials credentials = DialerCredentials::make(GetParam());
    TimePoint now{1h};
    const TimePoint start = now;
    IceChecker checker{credentials, remote, kTieBreaker, now};
    std::uint8_t remote_checks = 0;
};

INSTANTIATE_TEST_SUITE_P(, IceCheckerTest, testing::Values(Version::v1, Version::v2), [](const auto& suite) {
    return suite.param == Version::v1 ? "v1" : "v2";
});

TEST_P(IceCheckerTest, EveryCheckNominates) {
    const auto datagram = check();
    const auto request = read(datagram);
    EXPECT_EQ(request.username, credentials.outbound_username());
    EXPECT_EQ(request.role, IceRole::controlling);
    EXPECT_EQ(request.tie_breaker, kTieBreaker);
    EXPECT_EQ(request.priority, 0x6effffffU);
    EXPECT_TRUE(request.use_candidate);
    EXPECT_TRUE(read(wait_for_check()).use_candidate);
}

TEST_P(IceCheckerTest, RepeatsEarlyThenLessOften) {
    EXPECT_FALSE(check().empty());
    EXPECT_TRUE(check().empty());
    std::set<TransactionId> seen;
    for (const auto gap : {30ms, 60ms, 120ms, 240ms, 480ms, 500ms, 500ms}) {
        EXPECT_EQ(checker.next_time(), now + gap);
        now += gap - 1ms;
        EXPECT_TRUE(check().empty());
        now += 1ms;
        EXPECT_TRUE(seen.insert(read(check()).transaction).second);
    }
}

TEST_P(IceCheckerTest, OneAnswerConnects) {
    const auto datagram = check();
    now += 20ms;
    const auto answer = answer_to(datagram);
    const auto received = receive(answer);
    EXPECT_TRUE(received.is_connected);
    EXPECT_TRUE(received.answer.empty());
    EXPECT_EQ(checker.state(), State::connected);
    EXPECT_EQ(checker.mapped(), local);
    EXPECT_FALSE(receive(answer).is_connected) << "once";
}

TEST_P(IceCheckerTest, AnswersToEarlierChecksCount) {
    // A round trip of two seconds, and of the checks only the second is answered.
    check();
    const auto answer = answer_to(wait_for_check());
    while (now < start + 2s) {
        wait_for_check();
    }
    EXPECT_TRUE(receive(answer).is_connected);
}

TEST_P(IceCheckerTest, SocketsForBothFamiliesReportMappedAddresses) {
    const Endpoint mapped(make_address("::ffff:192.0.2.1"), 4'001);
    EXPECT_TRUE(receive(answer_to(check()), mapped).is_connected);
    IceChecker other(credentials, mapped, kTieBreaker, now);
    Bytes out(kMaxStunSent);
    out.resize(other.next_check(now, out));
    Bytes answer(kMaxStunSent);
    EXPECT_TRUE(other.receive(answer_to(out), remote, now, answer).is_connected);
}

TEST_P(IceCheckerTest, IgnoresWhatIsNotItsAnswer) {
    const auto datagram = check();
    const auto good = answer_to(datagram);
    const auto transaction = read(datagram).transaction;
    EXPECT_FALSE(receive(good, Endpoint(make_address("192.0.2.2"), 4'001)).is_connected);
    EXPECT_FALSE(receive(good, Endpoint(make_address("192.0.2.1"), 4'002)).is_connected);

    Bytes out(kMaxStunSent);
    const auto size = write_binding_response(out, transaction, local, "anotherPasswordOfTheRemote");
    EXPECT_FALSE(receive(ByteView(out).first(size)).is_connected) << "the wrong hash";
    auto other = transaction;
    other[0] ^= 1;
    const auto unasked = write_binding_response(out, other, local, credentials.server_ufrag());
    EXPECT_FALSE(receive(ByteView(out).first(unasked)).is_connected) << "nobody has asked";
    const auto conflict = write_role_conflict(out, transaction, "anotherPasswordOfTheRemote");
    receive(ByteView(out).first(conflict));
    EXPECT_EQ(checker.role(), IceRole::controlling);

    std::mt19937 random(3);
    for (int i = 0; i < 5'000; ++i) {
        auto changed = good;
        changed[random() % (changed.size() - 8)] ^= static_cast<std::uint8_t>(1 + random() % 255);
        EXPECT_FALSE(receive(changed).is_connected);
        Bytes noise(random() % 100);
        for (auto& octet : noise) {
            octet = static_cast<std::uint8_t>(random());
        }
        EXPECT_TRUE(receive(noise).answer.empty());
    }
    EXPECT_EQ(checker.state(), State::checking);
    EXPECT_TRUE(receive(good).is_connected) << "the good one still does";
}

TEST_P(IceCheckerTest, RemembersABoundedNumberOfChecks) {
    const auto first = answer_to(check());
    for (int i = 0; i < 12; ++i) {
        wait_for_check();
    }
    EXPECT_FALSE(receive(first).is_connected);
}

TEST_P(IceCheckerTest, KeepsTheConsentFresh) {
    connect();
    std::vector<std::chrono::nanoseconds> gaps;
    while (now < start + 200s) {
        const auto before = now;
        const auto datagram = wait_for_check();
        ASSERT_FALSE(datagram.empty());
        gaps.push_back(now - before);
        EXPECT_FALSE(receive(answer_to(datagram)).is_connected);
        EXPECT_EQ(checker.state(), State::connected);
    }
    EXPECT_LE(gaps.front(), 100ms) << "a nomination that came too early is repeated soon";
    EXPECT_GE(gaps.size(), 12U);
    EXPECT_LE(gaps.size(), 24U);
    for (std::size_t i = gaps.size() - 5; i < gaps.size(); ++i) {
        EXPECT_GE(gaps[i], 12s);
        EXPECT_LE(gaps[i], 18s);
    }
}

TEST_P(IceCheckerTest, IsLostThirtySecondsAfterTheLastAnswer) {
    connect();
    for (int i = 0; i < 8; ++i) {
        receive(answer_to(wait_for_check()));
    }
    const auto last = now;
    int unanswered = 0;
    while (checker.state() == State::connected) {
        unanswered += wait_for_check().empty() ? 0 : 1;
        ASSERT_LE(now, last + kConsentTimeout);
    }
    EXPECT_EQ(checker.state(), State::lost);
    EXPECT_EQ(now, last + kConsentTimeout);
    EXPECT_GE(unanswered, 3) << "one lost datagram is not the end";
    EXPECT_EQ(checker.next_time(), TimePoint::max());
    now += 1h;
    EXPECT_TRUE(check().empty()) << "nothing may be sent any more";
    EXPECT_TRUE(receive(remote_check()).answer.empty());
}

TEST_P(IceCheckerTest, InDoubtTheRemoteIsAskedOftenAndNotForLong) {
    connect();
    for (int i = 0; i < 8; ++i) {
        receive(answer_to(wait_for_check()));
    }
    now += 1s;
    const auto doubted = now;
    EXPECT_TRUE(checker.doubt(now));
    EXPECT_TRUE(checker.is_in_doubt());
    EXPECT_FALSE(checker.doubt(now + 1ms)) << "who can make the system say so again gains nothing";
    EXPECT_EQ(checker.next_time(), now);
    int unanswered = 0;
    while (checker.state() == State::connected) {
        unanswered += wait_for_check().empty() ? 0 : 1;
        ASSERT_LE(now, doubted + kDoubtTimeout);
    }
    EXPECT_EQ(checker.state(), State::lost);
    EXPECT_TRUE(checker.is_in_doubt());
    EXPECT_EQ(now, doubted + kDoubtTimeout);
    EXPECT_GE(unanswered, 6) << "some lost datagrams are not the end";
}

TEST_P(IceCheckerTest, AnAnswerEndsAllDoubt) {
    EXPECT_FALSE(checker.doubt(now)) << "the dial itself is told another way";
    connect();
    EXPECT_TRUE(checker.doubt(now));
    receive(answer_to(check()));
    EXPECT_FALSE(checker.is_in_doubt());
    const auto answered = now;
    while (checker.state() == State::connected) {
        wait_for_check();
    }
    EXPECT_EQ(now, answered + kConsentTimeout);
}

TEST_P(IceCheckerTest, OneAnswerInTimeIsEnough) {
    connect();
    for (int i = 0; i < 8; ++i) {
        receive(answer_to(wait_for_check()));
    }
    for (int i = 0; i < 10; ++i) {
        wait_for_check();
        wait_for_check();
        receive(answer_to(wait_for_check()));
        ASSERT_EQ(checker.state(), State::connected);
    }
}

TEST_P(IceCheckerTest, AnOldAnswerGivesNoNewConsent) {
    const auto answer = answer_to(check());
    EXPECT_TRUE(receive(answer).is_connected);
    const auto last = now;
    while (checker.state() == State::connected) {
        wait_for_check();
        receive(answer);
    }
    EXPECT_EQ(now, last + kConsentTimeout);
}

TEST_P(IceCheckerTest, AnswersTheChecksOfAFullAgent) {
    connect();
    while (now < start + 10s) {
        receive(answer_to(wait_for_check()));
    }
    ASSERT_GT(checker.next_time(), now);
    const auto received = receive(remote_check());
    const auto response = read_binding_response(
        received.answer,
        read_binding_request(remote_check(), credentials.password())->transaction,
        credentials.password()
    );
    EXPECT_FALSE(response.has_value()) << "of another check";
    const auto datagram = remote_check();
    const auto again = receive(datagram);
    const auto transaction = read_binding_request(datagram, credentials.password())->transaction;
    ASSERT_TRUE(read_binding_response(again.answer, transaction, credentials.password()).has_value());
    EXPECT_EQ(read_binding_response(again.answer, transaction, credentials.password())->mapped, remote);
    EXPECT_LE(again.answer.size(), datagram.size());
    EXPECT_EQ(checker.next_time(), now) << "and nominates again";
    EXPECT_TRUE(read(check()).use_candidate);
}

TEST_P(IceCheckerTest, AnswersBeforeItIsConnected) {
    check();
    EXPECT_FALSE(receive(remote_check()).answer.empty());
    EXPECT_EQ(checker.state(), State::checking) << "the remote's check says nothing about ours";
}

TEST_P(IceCheckerTest, TheRemoteCannotKeepItBusy) {
    connect();
    int checks = 0;
    for (int i = 0; i < 100; ++i) {
        EXPECT_FALSE(receive(remote_check()).answer.empty());
        checks += check().empty() ? 0 : 1;
    }
    EXPECT_EQ(checks, 4);
}

TEST_P(IceCheckerTest, AnswersNoOtherChecks) {
    BindingRequest request;
    request.role = IceRole::controlled;
    Bytes out(kMaxStunSent);
    const auto other = DialerCredentials::make(GetParam());
    request.username = other.inbound_username();
    auto size = write_binding_request(out, request, credentials.password());
    EXPECT_TRUE(receive(ByteView(out).first(size)).answer.empty()) << "the wrong name";
    request.username = credentials.inbound_username();
    size = write_binding_request(out, request, other.password());
    EXPECT_TRUE(receive(ByteView(out).first(size)).answer.empty()) << "the wrong hash";
    EXPECT_TRUE(receive(remote_check(), Endpoint(make_address("192.0.2.9"), 9)).answer.empty()) << "the wrong source";
    auto indication = remote_check();
    indication[1] = 0x11;
    EXPECT_TRUE(receive(indication).answer.empty());
}

TEST_P(IceCheckerTest, TheLargerTieBreakerStaysControlling) {
    check();
    const auto refused = receive(remote_check(IceRole::controlling, kTieBreaker - 1)).answer;
    TransactionId transaction;
    transaction.fill(remote_checks);
    EXPECT_EQ(read_binding_response(refused, transaction, credentials.password())->error_code, kRoleConflict);
    EXPECT_EQ(checker.role(), IceRole::controlling);

    const auto accepted = receive(remote_check(IceRole::controlling, kTieBreaker + 1)).answer;
    transaction.fill(remote_checks);
    EXPECT_EQ(read_binding_response(accepted, transaction, credentials.password())->error_code, 0);
    EXPECT_EQ(checker.role(), IceRole::controlled);
    const auto request = read(check());
    EXPECT_EQ(request.role, IceRole::controlled);
    EXPECT_FALSE(request.use_candidate) << "that is the remote's now";
}

TEST_P(IceCheckerTest, YieldsToARoleConflictOnce) {
    const auto first = read(check()).transaction;
    const auto second = read(wait_for_check()).transaction;
    Bytes out(kMaxStunSent);
    auto size = write_role_conflict(out, first, credentials.server_ufrag());
    receive(ByteView(out).first(size));
    EXPECT_EQ(checker.role(), IceRole::controlled);
    EXPECT_EQ(checker.next_time(), now) << "asks again at once";
    size = write_role_conflict(out, second, credentials.server_ufrag());
    receive(ByteView(out).first(size));
    EXPECT_EQ(checker.role(), IceRole::controlled) << "the same conflict";

    const auto request = read(check());
    EXPECT_EQ(request.role, IceRole::controlled);
    EXPECT_NE(request.tie_breaker, kTieBreaker);
    size = write_binding_response(out, request.transaction, local, credentials.server_ufrag());
    EXPECT_TRUE(receive(ByteView(out).first(size)).is_connected);
}

TEST_P(IceCheckerTest, RolesThatGoToAndFroDoNotKeepItBusy) {
    int checks = 0;
    for (int i = 0; i < 100; ++i) {
        const auto datagram = check();
        checks += datagram.empty() ? 0 : 1;
        if (!datagram.empty()) {
            Bytes out(kMaxStunSent);
            const auto size = write_role_conflict(out, read(datagram).transaction, credentials.server_ufrag());
            receive(ByteView(out).first(size));
        }
    }
    EXPECT_EQ(checks, 5);
}

}  // namespace
}  // namespace libp2p::webrtc
