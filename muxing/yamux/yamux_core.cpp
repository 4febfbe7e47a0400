// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_core.hpp"

#include "muxing/yamux/yamux_stream.hpp"

#include <random>

namespace libp2p::yamux {
namespace {

/// One key for all tables of the process, unknown to its peers.
std::uint64_t hash_key() {
    static const std::uint64_t key = [] {
        std::random_device device;
        return (std::uint64_t{device()} << 32U) | device();
    }();
    return key;
}

}  // namespace

Opener::Opener(YamuxCore& core) : waiter(core.executor()), core_(core) {
    core_.openers.push_back(*this);
}

Opener::~Opener() {
    if (woken_) {
        --core_.openers_woken;
    }
}

void Opener::wake() noexcept {
    unlink();
    woken_ = true;
    ++core_.openers_woken;
    waiter.notify();
}

YamuxCore::YamuxCore(
    asio::any_io_executor executor,
    Direction role,
    const Limits& limits,
    const Timeouts& timeouts,
    std::shared_ptr<Budget> budget
)
    : session(role, limits, timeouts, std::move(budget), hash_key(), Clock::now()),
      output(executor),
      input(executor),
      accepted(executor),
      ended(executor),
      timer(executor) {}

void YamuxCore::flush() noexcept {
    std::uint8_t whom = 0;
    while (auto* stream = session.next_wake(whom)) {
        if (stream->owner != nullptr) {
            stream->owner->wake(whom);
        }
    }
    if (session.has_accept() || !session.takes_streams()) {
        accepted.notify();
    }
    while (!openers.empty() && can_open()) {
        openers.front().wake();
    }
    if (session.wants_write()) {
        output.notify();
    }
    if (input.is_waiting() && !session.is_held_up()) {
        input.notify();
    }
    if (session.has_ended()) {
        ended.notify_all();
        output.notify();
        timer.cancel();
    } else if (session.deadline() < armed_for) {
        armed_for = Clock::time_point::min();
        timer.cancel();
    }
}

void YamuxCore::end(Error why) noexcept {
    session.end(std::move(why));
    flush();
}

}  // namespace libp2p::yamux
