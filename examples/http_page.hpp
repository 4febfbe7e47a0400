// SPDX-License-Identifier: MIT OR Apache-2.0
// A little HTTP for the example with a browser: the files of one folder, and /node.json.
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/tasks.hpp>
#include <libp2p/timeout.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

namespace example {

namespace http = boost::beast::http;
using namespace libp2p;
using asio::ip::tcp;

/// One request and its answer; errors end it.
inline awaitable<result<void>> exchange(tcp::socket& socket, const std::string& folder, const std::string& node) {
    boost::beast::flat_buffer buffer(8192);
    http::request<http::empty_body> request;
    co_await http::async_read(socket, buffer, request, as_result);
    const std::string path(request.target() == "/" ? "/index.html" : request.target());
    std::ifstream file(path.find("..") == path.npos ? folder + path : "");
    http::response<http::string_body> response(http::status::ok, 11);
    const auto kind = path.substr(path.rfind('.') + 1);
    response.set(
        http::field::content_type,
        kind == "js"    ? "text/javascript"
        : kind == "svg" ? "image/svg+xml"
                        : "text/" + kind
    );
    response.body().assign(std::istreambuf_iterator<char>(file), {});
    if (path == "/node.json") {
        response.body() = "{\"addresses\": [\"" + node + "\"]}";
    }
    response.prepare_payload();
    co_await http::async_write(socket, response, as_result);
    co_return ok();
}

inline awaitable<void> answer(tcp::socket socket, std::string folder, std::string node) {
    auto exchanged = exchange(socket, folder, node);
    (void)co_await with_timeout(std::chrono::seconds(10), std::move(exchanged));
}

/// Serves `folder` until it is cancelled, and tells the page that `node` is where to connect to.
inline awaitable<void> serve_page(tcp::acceptor& acceptor, std::string folder, std::string node) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        for (;;) {
            auto socket = co_await acceptor.async_accept(asio::use_awaitable);
            tasks.spawn(answer(std::move(socket), folder, node));
        }
    };
    co_await with_tasks(body);
}

}  // namespace example
