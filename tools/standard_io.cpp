// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/standard_io.hpp"

#include <boost/system/system_error.hpp>

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace libp2p::tools {
namespace {

error_code last_error() noexcept {
    return {errno, boost::system::system_category()};
}

}  // namespace

Readiness::Readiness(const asio::any_io_executor& executor, int descriptor, Event event) {
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) {
        throw boost::system::system_error(last_error(), "epoll_create1");
    }
    poller_.emplace(executor, poller);
    epoll_event wanted{};
    wanted.events = event == Event::read ? EPOLLIN : EPOLLOUT;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &wanted) != 0) {
        poller_.reset();  // EPERM: a file. Else the operation itself will tell what is wrong
    }
}

awaitable<error_code> Readiness::wait() {
    if (!poller_) {
        co_return error_code();
    }
    epoll_event event;
    if (epoll_wait(poller_->native_handle(), &event, 1, 0) > 0) {
        co_return error_code();
    }
    auto [ec] = co_await poller_->async_wait(asio::posix::descriptor_base::wait_read, as_result);
    co_return ec;
}

StandardInput::StandardInput(const asio::any_io_executor& executor)
    : readiness_(executor, STDIN_FILENO, Readiness::Event::read) {}

awaitable<result<std::size_t>> StandardInput::read_some(MutableByteView into) {
    for (;;) {
        auto ec = co_await readiness_.wait();
        if (ec) {
            co_return ec;
        }
        const auto got = ::read(STDIN_FILENO, into.data(), into.size());
        if (got > 0) {
            co_return static_cast<std::size_t>(got);
        }
        if (got == 0) {
            co_return make_error_code(asio::error::eof);
        }
        if (errno != EINTR && errno != EAGAIN) {
            co_return last_error();
        }
    }
}

StandardOutput::StandardOutput(const asio::any_io_executor& executor)
    : readiness_(executor, STDOUT_FILENO, Readiness::Event::write) {}

awaitable<result<void>> StandardOutput::write(ByteView octets) {
    while (!octets.empty()) {
        auto ec = co_await readiness_.wait();
        if (ec) {
            co_return ec;
        }
        // A pipe that is ready takes at least PIPE_BUF octets without blocking.
        const auto some = octets.first(std::min<std::size_t>(octets.size(), PIPE_BUF));
        const auto written = ::write(STDOUT_FILENO, some.data(), some.size());
        if (written < 0) {
            if (errno == EINTR || errno == EAGAIN) {
                continue;
            }
            co_return last_error();
        }
        octets = octets.subspan(static_cast<std::size_t>(written));
    }
    co_return ok();
}

}  // namespace libp2p::tools
