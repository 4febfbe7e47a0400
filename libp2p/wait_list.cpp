// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/wait_list.hpp"

namespace libp2p {
namespace {

/// Takes a waiter out of its list however the wait ends.
class Place {
public:
    Place(std::list<Waiter>& list, const asio::any_io_executor& executor)
        : list_(list), position_(list.emplace(list.end(), executor)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { list_.erase(position_); }

    Waiter& waiter() noexcept { return *position_; }

private:
    std::list<Waiter>& list_;
    std::list<Waiter>::iterator position_;
};

}  // namespace

awaitable<error_code> WaitList::wait() {
    Place place(waiters_, executor_);
    auto ec = co_await place.waiter().wait();
    co_return ec;
}

void WaitList::notify_one() noexcept {
    for (auto& waiter : waiters_) {
        if (waiter.is_waiting()) {
            waiter.notify();
            return;
        }
    }
}

void WaitList::notify_all() noexcept {
    for (auto& waiter : waiters_) {
        waiter.notify();
    }
}

}  // namespace libp2p
