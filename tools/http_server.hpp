// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/transports.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace libp2p::tools {

/// A file that is part of the program.
struct WebFile {
    std::string_view path;  ///< "/index.html"
    std::string_view type;  ///< of its content, as HTTP names it
    std::string_view content;
};

/// The page that `p2p listen --http` serves.
std::span<const WebFile> web_files();

/// "8080", "HOST:PORT" or "[HOST]:PORT", where HOST is an IP address; a port alone is one of 127.0.0.1. Fails with
/// `Errc::invalid_address`.
result<asio::ip::tcp::endpoint> parse_http_address(const std::string& text);

/// "http://HOST:PORT/".
std::string http_url(const asio::ip::tcp::endpoint& endpoint);

/// Serves a few files, and one text that is made when it is asked for, by HTTP/1.1: GET and HEAD of the paths that it
/// was given, "/" being "/index.html". Everything is bounded: connections, the head of a request, the time that a
/// client may take. A request with a body is refused.
class HttpServer {
public:
    static constexpr std::size_t kMaxConnections = 32;
    static constexpr std::size_t kLongestHead = 8 * 1024;  ///< octets of a request
    static constexpr std::chrono::seconds kIdle{15};       ///< for a request, and for its answer to be taken

    /// `files` has static storage duration; `node_json` makes what "/node.json" holds.
    HttpServer(asio::any_io_executor executor, std::span<const WebFile> files, std::function<std::string()> node_json);

    /// Returns what was bound: the real port where that was 0.
    result<asio::ip::tcp::endpoint> listen(const asio::ip::tcp::endpoint& endpoint);

    /// Serves until it is cancelled; connections end with it.
    awaitable<void> serve();

    /// What a GET or HEAD of that target is answered, here and wherever else the page is served.
    HttpResponse answer(std::string_view target) const;

private:
    awaitable<void> serve_connection(asio::ip::tcp::socket socket);

    asio::ip::tcp::acceptor acceptor_;
    std::span<const WebFile> files_;
    std::function<std::string()> node_json_;
};

}  // namespace libp2p::tools
