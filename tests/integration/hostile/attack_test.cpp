// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hostile/raw_peer.hpp"

#include <libp2p/conformance/loop.hpp>

#include <boost/asio/post.hpp>

#include <cstdio>
#include <optional>
#include <random>

/// Crowds that are nobody yet: what they send, they send before they have proved who they are.
namespace libp2p::test::hostile {
namespace {

constexpr auto kDeadline = 800ms;

struct Attack {
    const char* name;
    std::size_t at_once;      ///< connections at a time
    std::size_t total;        ///< connections altogether: who is cut comes back
    std::string first;        ///< sent as soon as the system takes it
    std::string drip;         ///< sent octet by octet after that, one in a tenth of the deadline
    bool waits_for_deadline;  ///< else the victim cuts it for what it sent
    double most_kib;          ///< memory that one connection of it may cost
};

std::ostream& operator<<(std::ostream& out, const Attack& attack) {
    return out << attack.name;
}

std::string garbage() {
    std::mt19937 random(7);
    std::string octets(16 * 1024, '\0');
    for (auto& octet : octets) {
        octet = static_cast<char>(random());
    }
    return octets;
}

std::string many_proposals() {
    auto octets = multistream::encode_message(multistream::kHeader);
    for (int i = 0; i < 20'000; ++i) {
        octets += multistream::encode_message("/proposal/" + std::to_string(i));
    }
    return octets;
}

/// 2^63 as an unsigned varint.
std::string huge_length() {
    return std::string(9, '\x80') + '\x01';
}

const Attack kAttacks[] = {
    {"Silent", 500, 500, "", "", true, 4.5},
    {"DripTheFirstOctets", 300, 300, "", noise_proposal(), true, 8},
    {"DripTheFirstNoiseMessage", 300, 300, noise_proposal(), std::string("\0\x20", 2) + std::string(32, 'e'), true, 19},
    {"Garbage", 200, 2000, garbage(), "", false, 22},
    {"AnnounceAHugeMessage", 200, 1000, huge_length(), "", false, 7},
    {"AnnounceAHugeMessageAfterTheHeader",
     200,
     1000,
     multistream::encode_message(multistream::kHeader) + huge_length(),
     "",
     false,
     7},
    {"VarintWithoutEnd", 200, 1000, std::string(64 * 1024, '\x80'), "", false, 12},
    {"ProposeOnAndOn", 20, 100, many_proposals(), "", false, 36},
};

/// All the attackers of one attack.
class Crowd {
public:
    Crowd(const Attack& attack, Multiaddr victim) : attack_(attack), victim_(std::move(victim)) {
        members_.reserve(attack.at_once);
        while (members_.size() < attack.at_once) {
            members_.emplace_back(victim_);
        }
        arrived_ = members_.size();
    }

    /// Everybody does what can be done now. Who was cut before may come back.
    void act(bool may_return) {
        const auto now = Clock::now();
        const bool drips = now >= next_drip_;
        if (drips) {
            next_drip_ = now + kDeadline / 10;
        }
        for (auto& member : members_) {
            if (may_return && member.is_cut && arrived_ < attack_.total) {
                member = Member(victim_);
                ++arrived_;
            }
            member.act(attack_, drips);
        }
    }

    std::size_t cut() const noexcept {
        const auto gone =
            std::count_if(members_.begin(), members_.end(), [](const auto& member) { return member.is_cut; });
        return static_cast<std::size_t>(gone);
    }
    std::size_t arrived() const noexcept { return arrived_; }
    bool is_over() const noexcept { return arrived_ == attack_.total && cut() == members_.size(); }

private:
    struct Member {
        explicit Member(const Multiaddr& victim) : peer(std::in_place, victim) {}

        void act(const Attack& attack, bool drips) {
            if (is_cut) {
                return;
            }
            if (sent < attack.first.size()) {
                sent += peer->send(std::string_view(attack.first).substr(sent));
            } else if (drips && sent < attack.first.size() + attack.drip.size()) {
                sent += peer->send(std::string_view(attack.drip).substr(sent - attack.first.size(), 1));
            }
            is_cut = peer->is_cut();
            if (is_cut) {
                peer.reset();
            }
        }

        std::optional<RawPeer> peer;
        std::size_t sent = 0;
        bool is_cut = false;
    };

    const Attack& attack_;
    Multiaddr victim_;
    std::vector<Member> members_;
    std::size_t arrived_ = 0;
    Clock::time_point next_drip_{};
};

/// A host that a crowd of `crowd` may come to at once.
HostOptions roomy(std::size_t crowd) {
    const auto room = static_cast<std::uint32_t>(crowd + 64);
    HostOptions options;
    for (auto* scope : {&options.limits.system, &options.limits.transient}) {
        scope->connections_inbound = std::max(scope->connections_inbound, room);
        scope->connections = std::max(scope->connections, 2 * room);
        scope->descriptors = std::max(scope->descriptors, 2 * room);
    }
    return options;
}

class AttackTest : public testing::TestWithParam<Attack> {
protected:
    AttackTest() { raise_descriptor_limit(); }

    asio::io_context io_{1};
};

TEST_P(AttackTest, EndsCostsLittleAndDisturbsNobody) {
    const auto& attack = GetParam();
    auto options = roomy(attack.at_once);
    if (attack.waits_for_deadline) {
        options.timeouts.upgrade = kDeadline;
    }
    Node victim(io_, options);
    const auto& usage = victim.host.resources().system_usage();
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(victim);
        HonestDialer honest(io_, address);
        co_await honest.dial(15);
        const auto idle = honest.take_median();
        auto gone = co_await conformance::eventually([&] { return usage.connections_inbound == 0; });
        EXPECT_TRUE(gone);

        // The attackers alone, and what each of them costs at most: all are there before the first of them speaks.
        const auto start = Clock::now();
        Crowd crowd(attack, address);
        const auto before = support::heap_bytes();
        std::size_t most_heap = before;
        std::size_t most_charged = 0;
        auto look = [&] {
            most_heap = std::max(most_heap, support::heap_bytes());
            most_charged = std::max(most_charged, usage.memory);
        };
        auto arrived = co_await conformance::eventually([&] { return usage.connections_inbound == attack.at_once; });
        EXPECT_TRUE(arrived);
        look();
        while (crowd.cut() < attack.at_once && Clock::now() < start + kDeadline / 2) {
            crowd.act(false);
            for (int i = 0; i < 20; ++i) {
                co_await asio::post(io_, asio::use_awaitable);
                look();
            }
        }
        const auto each = static_cast<double>(most_heap - before) / static_cast<double>(attack.at_once) / 1024;
        const auto charged = static_cast<double>(most_charged) / static_cast<double>(attack.at_once) / 1024;
        std::printf("%s: %.2f KiB each, %.1f KiB charged\n", attack.name, each, charged);
        if (kIsMeasured) {
            EXPECT_LT(each, attack.most_kib);
            EXPECT_GE(charged, each);  // the budget knows of everything that is held
        }

        // And with somebody honest beside them, until the last of them was cut.
        while (!crowd.is_over() && Clock::now() < start + 30s) {
            crowd.act(true);
            co_await honest.dial_once();
        }
        const auto took = Clock::now() - start;
        EXPECT_TRUE(crowd.is_over()) << crowd.cut() << " of " << crowd.arrived() << " were cut";
        if (attack.waits_for_deadline) {
            EXPECT_GE(took, kDeadline);
        } else {
            EXPECT_LT(took, options.timeouts.upgrade);
        }
        const auto returning = attack.total > attack.at_once ? attack.at_once : 0;
        expect_undisturbed(idle, honest.take_median(), returning * kWorkForOne);
        co_await honest.dial_once();
        co_await close(honest.node());
        co_await close(victim);
    };
    run(io_, body());
}

INSTANTIATE_TEST_SUITE_P(All, AttackTest, testing::ValuesIn(kAttacks), [](const auto& tested) {
    return std::string(tested.param.name);
});

class SilentCrowdTest : public testing::Test {
protected:
    asio::io_context io_{1};
};

/// They come in waves, with somebody honest behind each.
constexpr std::size_t kWave = 50;

TEST_F(SilentCrowdTest, GivesWayToWhoComesLater) {
    // Two descriptors for each connection: both ends are ours.
    const std::size_t crowd = std::min<std::size_t>(2000, raise_descriptor_limit() / 2 - 100);
    Node victim(io_);  // with the limits and times that it has by default
    auto& resources = victim.host.resources();
    const std::size_t most = resources.limits().transient.connections_inbound;
    ASSERT_GT(crowd, most);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(victim);
        HonestDialer honest(io_, address);
        co_await honest.dial(15);
        const auto idle = honest.take_median();
        std::vector<RawPeer> silent;
        silent.reserve(crowd);
        while (silent.size() < crowd) {
            for (std::size_t i = 0; i < kWave; ++i) {
                silent.emplace_back(address);
            }
            co_await honest.dial_once();
            EXPECT_LE(resources.system_usage().connections_inbound, most + 1);  // and the honest one
        }
        EXPECT_GE(resources.evictions(), crowd - most);
        EXPECT_EQ(resources.refusals(), 0U);
        auto cut = static_cast<std::size_t>(std::count_if(silent.begin(), silent.end(), [](auto& peer) {
            return peer.is_cut();
        }));
        EXPECT_GE(cut, crowd - most);
        expect_undisturbed(idle, honest.take_median(), kWave * kWorkForOne);
        co_await close(honest.node());
        co_await close(victim);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test::hostile
