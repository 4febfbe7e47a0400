// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/webrtc_core.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <random>

namespace libp2p::webrtc {

/// How datagrams fare between two cores in one process.
struct LinkQuality {
    std::chrono::milliseconds delay{};  ///< one way
    double loss = 0;                    ///< of datagrams
    double reordering = 0;              ///< of datagrams, which come 5 ms late
};

/// One direction of a link in memory.
class MemoryLink final : public DatagramLink {
public:
    MemoryLink(asio::any_io_executor executor, LinkQuality quality, std::uint64_t seed)
        : pipe_(std::make_shared<Pipe>(std::move(executor), quality, seed)) {}

    void connect(const std::shared_ptr<WebRtcCore>& to) { pipe_->to = to; }

    void send(ByteView datagram) noexcept override { pipe_->send(datagram); }
    void flush() noexcept override {}
    void close() noexcept override {}

private:
    struct Pipe : std::enable_shared_from_this<Pipe> {
        Pipe(asio::any_io_executor the_executor, LinkQuality the_quality, std::uint64_t seed)
            : executor(std::move(the_executor)), quality(the_quality), random(seed), timer(executor) {}

        void send(ByteView datagram) {
            if (draw() < quality.loss) {
                return;
            }
            const auto late = draw() < quality.reordering ? std::chrono::milliseconds(5) : std::chrono::milliseconds(0);
            const auto due = Clock::now() + quality.delay + late;
            waiting.emplace(due, Bytes(datagram.begin(), datagram.end()));
            schedule();
        }

        void schedule() {
            if (scheduled || waiting.empty()) {
                return;
            }
            scheduled = true;
            if (waiting.begin()->first <= Clock::now()) {
                asio::post(executor, [self = shared_from_this()] { self->deliver(); });
                return;
            }
            timer.expires_at(waiting.begin()->first);
            timer.async_wait([weak = weak_from_this()](error_code) {
                if (auto self = weak.lock()) {
                    self->deliver();
                }
            });
        }

        void deliver() {
            scheduled = false;
            auto core = to.lock();
            int burst = 0;
            while (core && !waiting.empty() && waiting.begin()->first <= Clock::now() && burst++ < 64) {
                auto datagram = std::move(waiting.begin()->second);
                waiting.erase(waiting.begin());
                core->session.receive(datagram);
            }
            if (core) {
                core->session.look();
                core->flush();
                schedule();
            }
        }

        double draw() { return std::uniform_real_distribution<>()(random); }

        asio::any_io_executor executor;
        LinkQuality quality;
        std::mt19937_64 random;
        asio::steady_timer timer;
        std::weak_ptr<WebRtcCore> to;
        std::multimap<Clock::time_point, Bytes> waiting;
        bool scheduled = false;
    };

    std::shared_ptr<Pipe> pipe_;  // shared with what is under way
};

}  // namespace libp2p::webrtc
