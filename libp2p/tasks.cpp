// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/tasks.hpp"

#include <libp2p/timeout.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

namespace libp2p {

void TaskScope::start(awaitable<void> task, std::shared_ptr<Deadline> deadline, std::shared_ptr<void> keep_alive) {
    auto child = children_.emplace(children_.end());
    auto done = [this, child, deadline, owner = std::move(keep_alive)](std::exception_ptr failure) {
        if (deadline) {
            deadline->timer_.cancel();
        }
        finish(child, std::move(failure));
    };
    try {
        auto slot = child->slot();
        if (deadline) {
            slot.assign([deadline](asio::cancellation_type type) { deadline->signal_.emit(type); });
            deadline->start();
            slot = deadline->signal_.slot();
        }
        asio::co_spawn(executor_, std::move(task), asio::bind_cancellation_slot(slot, std::move(done)));
    } catch (...) {
        if (deadline) {
            deadline->timer_.cancel();
        }
        children_.erase(child);  // nobody would
        throw;
    }
    if (cancelled_ || (deadline && deadline->has_passed())) {
        child->emit(asio::cancellation_type::terminal);
    }
}

void TaskScope::cancel() noexcept {
    cancelled_ = true;
    for (auto child = children_.begin(); child != children_.end();) {
        auto current = child++;  // the child may finish, and leave the list, inside emit
        current->emit(asio::cancellation_type::terminal);
    }
}

awaitable<void> TaskScope::join() {
    bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!children_.empty()) {
        auto interrupted = co_await idle_.wait();
        if (interrupted) {
            cancel();
        }
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (failure_) {
        std::rethrow_exception(std::exchange(failure_, nullptr));
    }
}

void TaskScope::finish(Children::iterator child, std::exception_ptr failure) noexcept {
    children_.erase(child);
    if (failure && !failure_ && !detail::is_cancellation(failure)) {
        failure_ = std::move(failure);
    }
    if (children_.empty()) {
        idle_.notify();
    }
}

}  // namespace libp2p
