// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/browser_page.hpp"

#include "tools/serve.hpp"
#include "tools/standard_io.hpp"
#include "tools/text.hpp"

#include <libp2p/tasks.hpp>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>

namespace libp2p::tools {
namespace {

using Json = nlohmann::ordered_json;

bool is_for_browsers(const Multiaddr& address) {
    return address.has(Protocol::webrtc_direct);
}

std::string node_json(Host& host, BrowserPage::Kind kind) {
    Json json;
    json["peer"] = host.id().to_string();
    json["agent"] = HostOptions().agent;
    auto& list = json["addresses"] = Json::array();
    for (const auto& address : host.addresses()) {
        if (is_for_browsers(address)) {
            list.push_back(address.to_string());
        }
    }
    json["relay"] = kind == BrowserPage::Kind::relay;
    return json.dump();
}

/// False for a job in the background of a terminal, which reading would stop.
bool may_read_stdin() noexcept {
    return isatty(STDIN_FILENO) == 0 || tcgetpgrp(STDIN_FILENO) == getpgrp();
}

}  // namespace

Multiaddr webrtc_address_beside(const asio::ip::tcp::endpoint& endpoint) {
    const auto* family = endpoint.address().is_v6() ? "/ip6/" : "/ip4/";
    return Multiaddr::parse(family + endpoint.address().to_string() + "/udp/0/webrtc-direct").value();
}

std::shared_ptr<BrowserPage> BrowserPage::add_to(Session& session, Kind kind) {
    auto page = std::make_shared<BrowserPage>(session, kind);
    if (kind == Kind::node) {
        session.host().handle(ChatRoom::kProtocol, [page](std::unique_ptr<Stream> stream) {
            return page->room_.serve(std::move(stream));
        });
    }
    session.serve_page([page](const HttpRequest& request) { return page->server_.answer(request.target); });
    return page;
}

BrowserPage::BrowserPage(Session& session, Kind kind)
    : kind_(kind),
      output_(session.output()),
      events_(output_),
      room_(
          ChatRoom::name_of(session.host().id()),
          [this](const std::string& name, const std::string& text) { print_message(name, text); }
      ),
      server_(session.host().executor(), web_files(), [&session, kind] { return node_json(session.host(), kind); }),
      executor_(session.host().executor()) {}

result<void> BrowserPage::listen(const asio::ip::tcp::endpoint& endpoint) {
    auto bound = server_.listen(endpoint);
    if (!bound) {
        return bound.error();
    }
    url_ = http_url(*bound);
    return ok();
}

void BrowserPage::report() const {
    if (url_.empty()) {
        return;
    }
    Json json;
    json["event"] = "http";
    json["url"] = url_;
    output_.print(json, "page for browsers at " + url_);
}

awaitable<void> BrowserPage::serve() {
    auto body = [this](TaskScope& tasks) -> awaitable<void> {
        if (kind_ == Kind::node && may_read_stdin()) {
            tasks.spawn(read_lines());
        }
        if (url_.empty()) {
            co_await tasks.join();
        } else {
            co_await server_.serve();
        }
    };
    co_await with_tasks(body);
}

awaitable<void> BrowserPage::read_lines() {
    StandardInput input(executor_);
    Bytes buffer(ChatRoom::kLongestMessage);
    std::string line;
    for (;;) {
        auto got = co_await input.read_some(buffer);
        if (!got) {
            room_.say(line);
            co_return;  // the end of the input is not the end of the host
        }
        for (const char c : as_text(ByteView(buffer).first(*got))) {
            if (c == '\n') {
                room_.say(line);
                line.clear();
            } else if (line.size() < ChatRoom::kLongestMessage) {
                line += c;
            }
        }
    }
}

void BrowserPage::print_message(const std::string& name, const std::string& text) {
    Json json;
    json["event"] = "chat";
    json["from"] = name;
    json["text"] = text;
    events_.print(json, (name.empty() ? "chat          " : "chat          " + name + ": ") + printable(text));
}

awaitable<result<void>> listen_with_page(
    Session& session,
    std::vector<Multiaddr> addresses,
    std::optional<asio::ip::tcp::endpoint> http,
    BrowserPage::Kind kind
) {
    auto page = BrowserPage::add_to(session, kind);
    if (http) {
        auto bound = page->listen(*http);
        if (!bound) {
            co_return bound.error();
        }
        if (std::none_of(addresses.begin(), addresses.end(), is_for_browsers)) {
            addresses.push_back(webrtc_address_beside(*http));
        }
    }
    result<void> outcome = ok();
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(page->serve());
        auto listening = listen_and_report(session, addresses, [&page] { page->report(); });
        outcome = co_await std::move(listening);
    };
    co_await with_tasks(body);
    co_return outcome;
}

}  // namespace libp2p::tools
