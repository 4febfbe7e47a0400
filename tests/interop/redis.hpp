// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace libp2p::interop {

/// The little of Redis that libp2p's unified-testing needs: one command at a time on one socket.
class Redis {
public:
    explicit Redis(asio::any_io_executor executor) : socket_(std::move(executor)) {}

    /// `address` is HOST:PORT.
    awaitable<result<void>> connect(std::string address) {
        const auto colon = address.rfind(':');
        if (colon == std::string::npos) {
            co_return Error(Errc::invalid_address, "REDIS_ADDR is not HOST:PORT");
        }
        asio::ip::tcp::resolver resolver(socket_.get_executor());
        const auto name = address.substr(0, colon);
        const auto service = address.substr(colon + 1);
        error_code unresolved;
        const auto endpoints = resolver.resolve(name, service, unresolved);  // may block; nothing else runs yet
        if (unresolved) {
            co_return Error(unresolved, address);
        }
        auto [ec, endpoint] = co_await asio::async_connect(socket_, endpoints, as_result);
        if (ec) {
            co_return Error(ec, address);
        }
        co_return ok();
    }

    awaitable<result<void>> remove(std::string_view key) { return effect(command_of("DEL", key)); }

    awaitable<result<void>> push(std::string_view key, std::string_view value) {
        return effect(command_of("RPUSH", key, value));
    }

    /// The first entry of the list, waiting for it for so many seconds. A key that holds a plain text gives that text.
    awaitable<result<std::string>> pop(std::string key, unsigned seconds) {
        auto reply = co_await answer_to(command_of("BLPOP", key, std::to_string(seconds)));
        if (!reply && reply.error().detail().starts_with("WRONGTYPE")) {
            reply = co_await answer_to(command_of("GET", key));
        }
        if (!reply) {
            co_return reply.error();
        }
        if (reply->empty() || !reply->back()) {
            co_return Error(make_error_code(asio::error::timed_out), "waiting for " + key);
        }
        co_return std::move(*reply->back());
    }

private:
    /// Texts of an answer; empty where Redis has nothing.
    using Reply = std::vector<std::optional<std::string>>;

    static constexpr std::size_t kMaxLine = 1024;
    static constexpr std::size_t kMaxText = 64 * 1024;
    static constexpr std::size_t kMaxEntries = 16;

    template <class... Words>
    static std::string command_of(const Words&... words) {
        auto text = "*" + std::to_string(sizeof...(words)) + "\r\n";
        const auto append = [&text](std::string_view word) {
            text.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
        };
        (append(words), ...);
        return text;
    }

    static Error violation(std::string_view what) {
        return {Errc::protocol_violation, "Redis sent " + std::string(what)};
    }

    /// The number behind the first character of `line`, from -1 to `largest`.
    static std::optional<long> number_in(std::string_view line, std::size_t largest) {
        long value = 0;
        const auto text = line.substr(1);
        const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole = ec == std::errc() && end == text.data() + text.size();
        if (!whole || value < -1 || value > static_cast<long>(largest)) {
            return std::nullopt;
        }
        return value;
    }

    awaitable<result<void>> effect(std::string command) {
        auto reply = co_await answer_to(std::move(command));
        if (!reply) {
            co_return reply.error();
        }
        co_return ok();
    }

    /// Fails with the text of Redis's error, when it has one to tell.
    awaitable<result<Reply>> answer_to(std::string command) {
        auto [ec, sent] = co_await asio::async_write(socket_, asio::buffer(command), as_result);
        if (ec) {
            co_return ec;
        }
        auto header = co_await read_line();
        if (!header) {
            co_return header.error();
        }
        Reply reply;
        long texts = 0;
        switch (header->front()) {
            case '+':
            case ':': co_return reply;
            case '-': co_return Error(Errc::protocol_violation, header->substr(1));
            case '$': {
                auto text = co_await read_text(*header);
                if (!text) {
                    co_return text.error();
                }
                reply.push_back(std::move(*text));
                co_return reply;
            }
            case '*': texts = number_in(*header, kMaxEntries).value_or(0); break;
            default: co_return violation("an unknown kind of answer");
        }
        for (long i = 0; i < texts; ++i) {
            auto line = co_await read_line();
            if (!line) {
                co_return line.error();
            }
            auto text = co_await read_text(*line);
            if (!text) {
                co_return text.error();
            }
            reply.push_back(std::move(*text));
        }
        co_return reply;
    }

    /// The text that `header` announces; empty where Redis has none.
    awaitable<result<std::optional<std::string>>> read_text(std::string header) {
        const auto size = number_in(header, kMaxText);
        if (header.front() != '$' || !size) {
            co_return violation("a text of wrong length");
        }
        if (*size < 0) {
            co_return std::optional<std::string>();
        }
        const auto wanted = static_cast<std::size_t>(*size) + 2;  // a line end follows
        if (received_.size() < wanted) {
            auto into = asio::dynamic_buffer(received_);
            auto enough = asio::transfer_at_least(wanted - received_.size());
            auto [ec, got] = co_await asio::async_read(socket_, into, enough, as_result);
            if (ec) {
                co_return ec;
            }
        }
        auto text = received_.substr(0, wanted - 2);
        received_.erase(0, wanted);
        co_return std::optional<std::string>(std::move(text));
    }

    awaitable<result<std::string>> read_line() {
        auto into = asio::dynamic_buffer(received_, kMaxText + kMaxLine);
        auto [ec, size] = co_await asio::async_read_until(socket_, into, std::string_view("\r\n"), as_result);
        if (ec) {
            co_return ec;
        }
        auto line = received_.substr(0, size - 2);
        received_.erase(0, size);
        if (line.empty() || line.size() > kMaxLine) {
            co_return violation("a line of wrong length");
        }
        co_return line;
    }

    asio::ip::tcp::socket socket_;
    std::string received_;  ///< and not used yet
};

}  // namespace libp2p::interop
