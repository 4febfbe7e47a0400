// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/http_front.hpp"

#include <libp2p/asio_stream.hpp>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <tuple>

namespace libp2p::websocket {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

using Layer = BasicAsioStream<ByteStream>;
using Parser = http::request_parser<http::empty_body>;
using Response = http::response<http::span_body<const char>>;

/// What a request that asks for no WebSocket is told.
HttpResponse answer_to(const Parser& parser, const HttpHandler& page) {
    const auto& head = parser.get();
    HttpResponse response;
    const bool is_head = head.method() == http::verb::head;
    if (!is_head && head.method() != http::verb::get) {
        response.status = static_cast<unsigned>(http::status::method_not_allowed);
        response.headers.emplace_back("Allow", "GET, HEAD");
    } else if (!parser.is_done()) {  // a body follows
        response.status = static_cast<unsigned>(http::status::bad_request);
    } else if (page) {
        HttpRequest request;
        request.target = head.target();
        response = page(request);
    } else {
        response.status = static_cast<unsigned>(http::status::upgrade_required);
        response.headers.emplace_back("Upgrade", "websocket");
    }
    return response;
}

awaitable<result<void>> send(Layer& layer, const HttpResponse& answer, bool head_only, bool keep_alive) {
    Response response(static_cast<http::status>(answer.status), 11);
    for (const auto& [name, value] : answer.headers) {
        response.set(name, value);
    }
    response.body() = {answer.body.data(), answer.body.size()};
    response.content_length(answer.body.size());
    response.keep_alive(keep_alive);
    http::serializer<false, Response::body_type> serializer(response);
    error_code ec;
    if (head_only) {
        std::tie(ec, std::ignore) = co_await http::async_write_header(layer, serializer, as_result);
    } else {
        std::tie(ec, std::ignore) = co_await http::async_write(layer, serializer, as_result);
    }
    if (ec) {
        co_return ec;
    }
    co_return ok();
}

}  // namespace

awaitable<result<UpgradeHead>> wait_for_upgrade(
    std::unique_ptr<ByteStream> raw, const HttpHandler& page, std::shared_ptr<Budget> budget
) {
    auto charge = budget->charge(Usage::octets(kMaxRequestHead));
    if (!charge) {
        co_return charge.error();
    }
    Layer layer(std::move(raw));
    beast::flat_buffer buffer(kMaxRequestHead);
    for (bool keep_alive = true; keep_alive;) {
        Parser parser;
        parser.header_limit(kMaxRequestHead);
        auto [ec, size] = co_await http::async_read_header(layer, buffer, parser, as_result);
        if (ec) {
            co_return explain_http(ec, kMaxRequestHead);
        }
        if (beast::websocket::is_upgrade(parser.get())) {
            const auto* early = static_cast<const std::uint8_t*>(buffer.data().data());
            UpgradeHead upgrade;
            upgrade.early.assign(early, early + buffer.size());
            upgrade.head = parser.release();
            upgrade.raw = layer.release();
            co_return std::move(upgrade);
        }
        auto answer = answer_to(parser, page);
        auto paid = budget->charge(Usage::octets(answer.body.size()));
        if (!paid) {
            co_return paid.error();
        }
        const bool head_only = parser.get().method() == http::verb::head;
        keep_alive = page && parser.is_done() && parser.get().keep_alive();
        auto sent = co_await send(layer, answer, head_only, keep_alive);
        if (!sent) {
            co_return sent.error();
        }
    }
    (void)co_await layer.stream().close_write();
    co_return Error(Errc::connection_closed, "an HTTP client that wants no WebSocket");
}

}  // namespace libp2p::websocket
