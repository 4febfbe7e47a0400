// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/tcp/tcp_stream.hpp"

#include <boost/asio/post.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

namespace libp2p::tcp {
namespace {

/// Reads of less than this are served from one larger read.
constexpr std::size_t kReadAhead = 1024;

/// Operations that may complete without waiting before everybody else on the executor gets a turn.
constexpr int kBurst = 16;

/// Buffers handed to the system in one call (far below IOV_MAX).
constexpr std::size_t kGather = 128;

/// What went wrong in the last system call on `socket`; a socket that we closed says so.
error_code last_error(const asio::ip::tcp::socket& socket) noexcept {
    if (!socket.is_open()) {
        return asio::error::make_error_code(asio::error::operation_aborted);
    }
    return {errno, boost::system::system_category()};
}

}  // namespace

TcpStream::TcpStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)), executor_(socket_.get_executor()) {
    error_code ignored;  // a socket that refuses an option still carries octets; a dead one shows at the first read
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

awaitable<result<std::size_t>> TcpStream::read_some(MutableByteView into) {
    if (auto taken = take_ahead(into); taken > 0) {
        co_return taken;
    }
    for (;;) {
        if (burst_is_over()) {
            co_await asio::post(executor_, asio::use_awaitable);
        }
        error_code ec;
        auto received = try_read_some(into, ec);
        if (!ec) {
            co_return received;
        }
        if (ec != asio::error::would_block) {
            co_return ec;
        }
        auto readable = co_await wait_readable();
        if (!readable) {
            co_return readable.error();
        }
    }
}

std::size_t TcpStream::try_read_some(MutableByteView into, error_code& ec) noexcept {
    if (auto taken = take_ahead(into); taken > 0) {
        ec.clear();
        return taken;
    }
    if (into.size() >= kReadAhead) {
        return receive(into, ec);
    }
    std::array<std::uint8_t, kReadAhead> scratch;
    auto received = receive(scratch, ec);
    auto taken = std::min(received, into.size());
    std::copy_n(scratch.data(), taken, into.data());
    if (received > taken) {
        try {
            ahead_.assign(scratch.data() + taken, scratch.data() + received);
        } catch (const std::bad_alloc&) {
            ec = asio::error::make_error_code(asio::error::no_memory);
            abort();  // octets are lost
            return 0;
        }
        ahead_begin_ = 0;
    }
    return taken;
}

awaitable<result<void>> TcpStream::wait_readable() {
    if (ahead_begin_ < ahead_.size()) {
        co_return ok();
    }
    burst_ = 0;
    auto [ec] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_read, as_result);
    if (ec) {
        co_return ec;
    }
    co_return ok();
}

awaitable<result<void>> TcpStream::write(std::span<const ByteView> buffers) {
    std::size_t skip = 0;  // octets of the first buffer that are written already
    for (;;) {
        while (!buffers.empty() && buffers.front().size() == skip) {
            buffers = buffers.subspan(1);
            skip = 0;
        }
        if (buffers.empty()) {
            co_return ok();
        }
        if (burst_is_over()) {
            co_await asio::post(executor_, asio::use_awaitable);
        }
        error_code ec;
        auto sent = send(buffers, skip, ec);
        if (ec == asio::error::would_block) {
            burst_ = 0;
            auto [failed] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_write, as_result);
            if (failed) {
                co_return failed;
            }
            continue;
        }
        if (ec) {
            co_return ec;
        }
        skip += sent;
        while (!buffers.empty() && skip >= buffers.front().size()) {
            skip -= buffers.front().size();
            buffers = buffers.subspan(1);
        }
    }
}

awaitable<result<void>> TcpStream::close_write() {
    error_code ec;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
    if (ec) {
        co_return ec;
    }
    co_return ok();
}

void TcpStream::abort() noexcept {
    error_code ignored;  // the descriptor is gone whatever close reports
    socket_.close(ignored);
}

std::size_t TcpStream::take_ahead(MutableByteView into) noexcept {
    auto taken = std::min(into.size(), ahead_.size() - ahead_begin_);
    std::copy_n(ahead_.data() + ahead_begin_, taken, into.data());
    ahead_begin_ += taken;
    if (ahead_begin_ == ahead_.size() && !ahead_.empty()) {
        Bytes().swap(ahead_);
        ahead_begin_ = 0;
    }
    return taken;
}

std::size_t TcpStream::receive(MutableByteView into, error_code& ec) noexcept {
    for (;;) {
        auto received = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
        if (received > 0) {
            ec.clear();
            return static_cast<std::size_t>(received);
        }
        if (received == 0) {
            ec = asio::error::make_error_code(asio::error::eof);
            return 0;
        }
        if (errno != EINTR) {
            ec = last_error(socket_);
            return 0;
        }
    }
}

std::size_t TcpStream::send(std::span<const ByteView> buffers, std::size_t skip, error_code& ec) noexcept {
    std::array<iovec, kGather> gathered;
    auto count = std::min(buffers.size(), gathered.size());
    for (std::size_t i = 0; i < count; ++i) {
        auto part = buffers[i].subspan(i == 0 ? skip : 0);
        gathered[i].iov_base = const_cast<std::uint8_t*>(part.data());  // sendmsg only reads
        gathered[i].iov_len = part.size();
    }
    msghdr message{};
    message.msg_iov = gathered.data();
    message.msg_iovlen = count;
    for (;;) {
        auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
        if (sent >= 0) {
            ec.clear();
            return static_cast<std::size_t>(sent);
        }
        if (errno != EINTR) {
            ec = last_error(socket_);
            return 0;
        }
    }
}

bool TcpStream::burst_is_over() noexcept {
    if (++burst_ < kBurst) {
        return false;
    }
    burst_ = 0;
    return true;
}

}  // namespace libp2p::tcp
