// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace libp2p::interop {

/// The little of Redis that libp2p's unified-testing needs: one command at a time on one socket.
class Redis {
public:
    explicit Redis(asio::any_io_executor executor) : socket_(std::move(executor)) {}

    /// `address` is HOST:PORT.
    awaitable<result<void>> connect(const std::string& address);

    awaitable<result<void>> remove(std::string_view key);
    awaitable<result<void>> push(std::string_view key, std::string_view value);

    /// The first entry of the list, waiting for it for so many seconds. A key that holds a plain text gives that text.
    awaitable<result<std::string>> pop(std::string_view key, unsigned seconds);

private:
    /// Texts of an answer; empty where Redis has nothing.
    using Reply = std::vector<std::optional<std::string>>;

    awaitable<result<Reply>> command(std::vector<std::string_view> words);
    awaitable<result<Reply>> read_reply();
    awaitable<result<std::string>> read_line();
    awaitable<result<std::optional<std::string>>> read_bulk(std::string_view header);
    awaitable<result<std::string>> read_octets(std::size_t count);

    asio::ip::tcp::socket socket_;
    std::string received_;  ///< and not used yet; bounded by what one answer may be
};

}  // namespace libp2p::interop
