// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/http_server.hpp"

#include <libp2p/error_codes.hpp>
#include <libp2p/tasks.hpp>
#include <libp2p/timeout.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <charconv>
#include <tuple>

namespace libp2p::tools {
namespace {

namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

using Parser = http::request_parser<http::empty_body>;
using Response = http::response<http::span_body<const char>>;

/// The page runs what it brings itself, talks to where it came from, and stands in no other page.
constexpr auto kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws: wss:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

HttpResponse response_of(http::status status, std::string_view type, std::string body) {
    HttpResponse response;
    response.status = static_cast<unsigned>(status);
    response.headers.emplace_back("Content-Type", type);
    response.headers.emplace_back("Cache-Control", "no-cache");
    response.headers.emplace_back("Content-Security-Policy", kPolicy);
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    response.body = std::move(body);
    return response;
}

HttpResponse plain(http::status status) {
    return response_of(status, "text/plain", {});
}

awaitable<result<void>> read_head(tcp::socket& socket, boost::beast::flat_buffer& buffer, Parser& parser) {
    auto [ec, size] = co_await http::async_read_header(socket, buffer, parser, as_result);
    if (ec) {
        co_return ec;
    }
    co_return ok();
}

awaitable<result<void>> send(tcp::socket& socket, http::serializer<false, Response::body_type>& response, bool head) {
    error_code ec;
    if (head) {
        std::tie(ec, std::ignore) = co_await http::async_write_header(socket, response, as_result);
    } else {
        std::tie(ec, std::ignore) = co_await http::async_write(socket, response, as_result);
    }
    if (ec) {
        co_return ec;
    }
    co_return ok();
}

}  // namespace

result<tcp::endpoint> parse_http_address(const std::string& text) {
    Error wrong(
        Errc::invalid_address, "\"" + text + "\" is no address to serve HTTP on; write for example 127.0.0.1:8080"
    );
    const auto colon = text.rfind(':');
    const auto port_text = colon == std::string::npos ? text : text.substr(colon + 1);
    auto host = colon == std::string::npos ? std::string("127.0.0.1") : text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string::npos) {
        return wrong;
    }
    std::uint16_t port = 0;
    const auto* end = port_text.data() + port_text.size();
    const auto [parsed, failure] = std::from_chars(port_text.data(), end, port);
    error_code ec;
    const auto address = asio::ip::make_address(host, ec);
    if (ec || failure != std::errc() || parsed != end) {
        return wrong;
    }
    return tcp::endpoint(address, port);
}

std::string http_url(const tcp::endpoint& endpoint) {
    const auto host = endpoint.address().to_string();
    return "http://" + (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port()) +
           "/";
}

HttpServer::HttpServer(
    asio::any_io_executor executor, std::span<const WebFile> files, std::function<std::string()> node_json
)
    : acceptor_(std::move(executor)), files_(files), node_json_(std::move(node_json)) {}

result<tcp::endpoint> HttpServer::listen(const tcp::endpoint& endpoint) {
    error_code ec;
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) {
        acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
    }
    if (!ec) {
        acceptor_.bind(endpoint, ec);
    }
    if (!ec) {
        acceptor_.listen(tcp::acceptor::max_listen_connections, ec);
    }
    if (ec) {
        return Error(ec, "HTTP on " + http_url(endpoint));
    }
    return acceptor_.local_endpoint();
}

awaitable<void> HttpServer::serve() {
    auto body = [this](TaskScope& tasks) -> awaitable<void> {
        asio::steady_timer pause(acceptor_.get_executor());
        for (;;) {
            auto [ec, socket] = co_await acceptor_.async_accept(as_result);
            if (ec) {  // for example no descriptor is left
                pause.expires_after(std::chrono::milliseconds(100));
                co_await pause.async_wait(asio::use_awaitable);
            } else if (tasks.size() < kMaxConnections) {
                tasks.spawn(serve_connection(std::move(socket)));
            }
        }
    };
    co_await with_tasks(body);
}

awaitable<void> HttpServer::serve_connection(tcp::socket socket) {
    boost::beast::flat_buffer buffer(kLongestHead);
    for (bool keep_alive = true; keep_alive;) {
        Parser parser;
        parser.header_limit(kLongestHead);
        auto reading = read_head(socket, buffer, parser);
        auto read = co_await with_timeout(kIdle, std::move(reading));
        const auto of_http = make_error_code(http::error::end_of_stream);
        if (!read && (read.error() == of_http || read.error().code().category() != of_http.category())) {
            break;  // the end, or silence
        }
        const auto& request = parser.get();
        const bool is_head = request.method() == http::verb::head;
        HttpResponse found;
        const bool is_known = is_head || request.method() == http::verb::get;
        if (!read || (is_known && !parser.is_done())) {  // such a request has no body
            found = plain(http::status::bad_request);
        } else if (!is_known) {
            found = plain(http::status::method_not_allowed);
            found.headers.emplace_back("Allow", "GET, HEAD");
        } else {
            found = answer(request.target());
        }
        keep_alive = read && parser.is_done() && request.keep_alive();

        Response response(static_cast<http::status>(found.status), 11);
        for (const auto& [name, value] : found.headers) {
            response.set(name, value);
        }
        response.body() = {found.body.data(), found.body.size()};
        response.content_length(found.body.size());
        response.keep_alive(keep_alive);
        http::serializer<false, Response::body_type> serializer(response);
        auto sending = send(socket, serializer, is_head);
        auto sent = co_await with_timeout(kIdle, std::move(sending));
        if (!sent) {
            break;
        }
    }
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
}

HttpResponse HttpServer::answer(std::string_view target) const {
    const auto named = target.substr(0, target.find('?'));
    const auto path = named == "/" ? std::string_view("/index.html") : named;
    const auto file =
        std::find_if(files_.begin(), files_.end(), [path](const auto& each) { return each.path == path; });
    if (path == "/node.json") {
        return response_of(http::status::ok, "application/json", node_json_());
    }
    if (file == files_.end()) {
        auto missing = plain(http::status::not_found);
        missing.body = "There is nothing here.\n";
        return missing;
    }
    return response_of(http::status::ok, file->type, std::string(file->content));
}

}  // namespace libp2p::tools
