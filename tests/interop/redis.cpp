// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/interop/redis.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <charconv>

namespace libp2p::interop {
namespace {

using asio::ip::tcp;

constexpr std::size_t kMaxLine = 1024;
constexpr std::size_t kMaxBulk = 64 * 1024;
constexpr std::size_t kMaxEntries = 16;

Error bad_answer(std::string_view what) {
    return {Errc::protocol_violation, "Redis answered " + std::string(what)};
}

/// The number behind the first character of `line`; empty when there is none up to `largest`. -1 is a number here.
std::optional<long> number_in(std::string_view line, std::size_t largest) {
    long value = 0;
    const auto text = line.substr(1);
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc() || end != text.data() + text.size() || value < -1 || value > static_cast<long>(largest)) {
        return std::nullopt;
    }
    return value;
}

}  // namespace

awaitable<result<void>> Redis::connect(const std::string& address) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos) {
        co_return Error(Errc::invalid_address, "REDIS_ADDR is not HOST:PORT");
    }
    const auto name = address.substr(0, colon);
    const auto service = address.substr(colon + 1);
    tcp::resolver resolver(socket_.get_executor());
    boost::system::error_code ec;
    const auto endpoints = resolver.resolve(name, service, ec);  // a test's set-up may block
    if (ec) {
        co_return ec;
    }
    auto [failed, endpoint] = co_await asio::async_connect(socket_, endpoints, as_result);
    if (failed) {
        co_return failed;
    }
    co_return ok();
}

awaitable<result<void>> Redis::remove(std::string_view key) {
    std::vector<std::string_view> words;
    words.emplace_back("DEL");
    words.emplace_back(key);
    auto reply = co_await command(std::move(words));
    if (!reply) {
        co_return reply.error();
    }
    co_return ok();
}

awaitable<result<void>> Redis::push(std::string_view key, std::string_view value) {
    std::vector<std::string_view> words;
    words.emplace_back("RPUSH");
    words.emplace_back(key);
    words.emplace_back(value);
    auto reply = co_await command(std::move(words));
    if (!reply) {
        co_return reply.error();
    }
    co_return ok();
}

awaitable<result<std::string>> Redis::pop(std::string_view key, unsigned seconds) {
    const auto wait = std::to_string(seconds);
    std::vector<std::string_view> words;
    words.emplace_back("BLPOP");
    words.emplace_back(key);
    words.emplace_back(wait);
    auto reply = co_await command(std::move(words));
    if (!reply && reply.error().detail().find("WRONGTYPE") != std::string_view::npos) {
        std::vector<std::string_view> plain;
        plain.emplace_back("GET");
        plain.emplace_back(key);
        reply = co_await command(std::move(plain));
    }
    if (!reply) {
        co_return reply.error();
    }
    if (reply->empty() || !reply->back()) {
        co_return Error(make_error_code(asio::error::timed_out), "waiting for " + std::string(key));
    }
    co_return *reply->back();
}

awaitable<result<Redis::Reply>> Redis::command(std::vector<std::string_view> words) {
    auto text = "*" + std::to_string(words.size()) + "\r\n";
    for (auto word : words) {
        text.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
    }
    auto [ec, sent] = co_await asio::async_write(socket_, asio::buffer(text), as_result);
    if (ec) {
        co_return ec;
    }
    auto reply = co_await read_reply();
    co_return reply;
}

awaitable<result<Redis::Reply>> Redis::read_reply() {
    auto header = co_await read_line();
    if (!header) {
        co_return header.error();
    }
    Reply reply;
    switch (header->front()) {
        case '+':
        case ':': reply.emplace_back(header->substr(1)); co_return reply;
        case '-': co_return bad_answer(header->substr(1));
        case '$': {
            auto text = co_await read_bulk(*header);
            if (!text) {
                co_return text.error();
            }
            reply.push_back(std::move(*text));
            co_return reply;
        }
        case '*': break;
        default: co_return bad_answer("with something unknown");
    }
    const auto entries = number_in(*header, kMaxEntries);
    if (!entries) {
        co_return bad_answer("with a list of wrong length");
    }
    for (long i = 0; i < *entries; ++i) {
        auto line = co_await read_line();
        if (!line) {
            co_return line.error();
        }
        auto text = co_await read_bulk(*line);
        if (!text) {
            co_return text.error();
        }
        reply.push_back(std::move(*text));
    }
    co_return reply;
}

awaitable<result<std::string>> Redis::read_line() {
    auto into = asio::dynamic_buffer(received_, kMaxLine + kMaxBulk);
    auto [ec, size] = co_await asio::async_read_until(socket_, into, std::string_view("\r\n"), as_result);
    if (ec) {
        co_return ec;
    }
    auto line = received_.substr(0, size - 2);
    received_.erase(0, size);
    if (line.empty() || line.size() > kMaxLine) {
        co_return bad_answer("with a line of wrong length");
    }
    co_return line;
}

awaitable<result<std::optional<std::string>>> Redis::read_bulk(std::string_view header) {
    const auto size = number_in(header, kMaxBulk);
    if (header.front() != '$' || !size) {
        co_return bad_answer("with a text of wrong length");
    }
    if (*size < 0) {
        co_return std::optional<std::string>();
    }
    auto text = co_await read_octets(static_cast<std::size_t>(*size) + 2);
    if (!text) {
        co_return text.error();
    }
    text->resize(static_cast<std::size_t>(*size));
    co_return std::optional<std::string>(std::move(*text));
}

awaitable<result<std::string>> Redis::read_octets(std::size_t count) {
    if (received_.size() < count) {
        const auto missing = count - received_.size();
        auto into = asio::dynamic_buffer(received_);
        auto [ec, got] = co_await asio::async_read(socket_, into, asio::transfer_at_least(missing), as_result);
        if (ec) {
            co_return ec;
        }
    }
    auto text = received_.substr(0, count);
    received_.erase(0, count);
    co_return text;
}

}  // namespace libp2p::interop
