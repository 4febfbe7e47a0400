// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hostile/raw_peer.hpp"

#include <libp2p/conformance/loop.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>

// UBSan looks at virtual tables through a pipe, so nothing runs under it without descriptors.
#ifndef LIBP2P_SUPPORT_ASAN

/// A host that the system gives no descriptor to.
namespace libp2p::test::hostile {
namespace {

/// Takes every descriptor that this process can have, and gives them back. Lowers the limit first, so that it is quick.
class Famine {
public:
    Famine() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        auto tight = before_;
        tight.rlim_cur = std::min<rlim_t>(before_.rlim_cur, conformance::open_descriptors() + 64);
        ::setrlimit(RLIMIT_NOFILE, &tight);
        for (int taken = ::open("/dev/null", O_RDONLY | O_CLOEXEC); taken >= 0;
             taken = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
            taken_.push_back(taken);
        }
    }
    Famine(const Famine&) = delete;
    Famine& operator=(const Famine&) = delete;
    ~Famine() { end(); }

    void end() {
        for (auto descriptor : taken_) {
            ::close(descriptor);
        }
        taken_.clear();
        ::setrlimit(RLIMIT_NOFILE, &before_);
    }

    bool is_on() const noexcept { return !taken_.empty(); }

private:
    rlimit before_{};
    std::vector<int> taken_;
};

TEST(AcceptTest, WithoutDescriptorsAHostPausesAndGoesOnAfterwards) {
    conformance::Loop loop;
    Node victim(loop.context());
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(victim);
        HonestDialer honest(loop.context(), address);
        // No descriptor may come free by itself later.
        const auto idle = conformance::open_descriptors();
        co_await honest.dial_once();
        auto gone = co_await conformance::eventually([&] { return conformance::open_descriptors() == idle; });
        EXPECT_TRUE(gone);

        std::vector<RawPeer> waiting;  // connected by the system, not accepted yet
        waiting.reserve(10);
        while (waiting.size() < 10) {
            waiting.emplace_back(address);
        }
        const auto descriptors = conformance::open_descriptors();
        {
            Famine famine;
            EXPECT_TRUE(famine.is_on());
            const auto steps = loop.steps();
            const auto cpu = std::clock();
            co_await conformance::pause(550ms);
            // One try in 100 ms, of a few steps each. A loop that spins makes millions.
            EXPECT_LT(loop.steps() - steps, 100U);
            EXPECT_LT(std::clock() - cpu, CLOCKS_PER_SEC / 4);
            EXPECT_EQ(victim.host.resources().system_usage().connections(), 0U);
        }
        EXPECT_EQ(conformance::open_descriptors(), descriptors);
        auto accepted = co_await conformance::eventually([&] {
            return victim.host.resources().system_usage().connections_inbound == waiting.size();
        });
        EXPECT_TRUE(accepted);
        co_await honest.dial(3);
        waiting.clear();
        co_await close(honest.node());
        co_await close(victim);
    };
    loop.run(body());
}

TEST(AcceptTest, AHostWithoutDescriptorsCanBeClosed) {
    conformance::Loop loop;
    Node victim(loop.context());
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(victim);
        RawPeer waiting(address);
        Famine famine;
        co_await conformance::pause(20ms);  // into the pause between two tries
        const auto start = Clock::now();
        co_await close(victim);
        EXPECT_LT(Clock::now() - start, 5s);
    };
    loop.run(body());
}

TEST(AcceptTest, ADialWithoutDescriptorsFailsAndTheNextOneWorks) {
    conformance::Loop loop;
    Node victim(loop.context());
    Node dialer(loop.context());
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(victim);
        {
            Famine famine;
            auto refused = co_await dialer.host.connect(address);
            EXPECT_EQ(refused.error(), asio::error::make_error_code(asio::error::no_descriptors)) << refused.error();
        }
        auto connected = co_await dialer.host.connect(address);
        EXPECT_TRUE(connected) << connected.error();
        co_await close(dialer);
        co_await close(victim);
    };
    loop.run(body());
}

}  // namespace
}  // namespace libp2p::test::hostile

#endif
