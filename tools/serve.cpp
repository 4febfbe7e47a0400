// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/serve.hpp"

#include "tools/error_report.hpp"
#include "tools/text.hpp"

#include <libp2p/protocols/echo.hpp>
#include <libp2p/protocols/perf.hpp>

#include <nlohmann/json.hpp>

#include <variant>

namespace libp2p::tools {
namespace {

using Json = nlohmann::ordered_json;

std::string remote_of(const ConnectionInfo& connection) {
    return connection.remote_address.with_peer(connection.peer).to_string();
}

/// Why a connection ended, in few words.
std::string words_for(const ConnectionClosed& closed) {
    const bool goodbye = closed.code == ConnectionErrorCode::shut_down;
    if (goodbye || closed.reason == asio::error::make_error_code(asio::error::eof)) {
        return "closed by the remote";
    }
    if (closed.reason == asio::error::make_error_code(asio::error::operation_aborted)) {
        return "closed by us";
    }
    return printable(closed.reason.message());
}

class Reporter {
public:
    explicit Reporter(const Output& output) : output_(output) {}

    void operator()(const ConnectionOpened& opened) {
        const auto& connection = *opened.connection;
        const bool inbound = connection.direction == Direction::inbound;
        Json json;
        json["event"] = "connected";
        json["peer"] = connection.peer.to_string();
        json["address"] = remote_of(connection);
        json["direction"] = inbound ? "inbound" : "outbound";
        json["transport"] = connection.transport;
        json["security"] = connection.security;
        json["muxer"] = connection.muxer;
        output_.print(json, "connected     " + remote_of(connection));
    }

    void operator()(const ConnectionClosed& closed) {
        const auto& connection = *closed.connection;
        Json json;
        json["event"] = "disconnected";
        json["peer"] = connection.peer.to_string();
        json["address"] = remote_of(connection);
        json["reason"] = words_for(closed);
        output_.print(json, "disconnected  " + remote_of(connection) + ": " + words_for(closed));
    }

    /// The host told more than was taken.
    void operator()(const EventsMissed& missed) { output_.lose(missed.count); }

    /// The rest is not shown.
    template <class Other>
    void operator()(const Other&) {}

private:
    EventOutput output_;
};

void print_listening(const Session& session, const Host& host) {
    Json json;
    json["event"] = "listening";
    json["peer"] = host.id().to_string();
    auto& list = json["addresses"] = Json::array();
    std::string text = "peer " + host.id().to_string();
    for (const auto& address : host.addresses()) {
        list.push_back(address.to_string());
        text += "\nlistening on " + address.to_string();
    }
    json["agent"] = HostOptions().agent;
    json["protocols"] = host.protocols();
    session.output().print(json, text);
}

}  // namespace

void serve_protocols(Host& host) {
    host.handle(perf::kProtocol, perf::serve);
    host.handle(perf::kLitep2pProtocol, perf::serve_litep2p);
    host.handle(echo::kProtocol, echo::serve);
}

awaitable<result<void>> listen_and_report(
    Session& session, std::vector<Multiaddr> addresses, std::function<void()> on_listening
) {
    auto& host = session.host();
    auto events = host.subscribe(4096);
    if (!events) {
        co_return events.error();
    }
    for (const auto& address : addresses) {
        auto bound = co_await host.listen(address);
        if (!bound) {
            co_return bound.error();
        }
    }
    print_listening(session, host);
    if (on_listening) {
        on_listening();
    }
    Reporter report(session.output());
    for (;;) {
        auto event = co_await events->next();
        if (!event) {
            co_return event.error();
        }
        std::visit(report, *event);
    }
}

}  // namespace libp2p::tools
