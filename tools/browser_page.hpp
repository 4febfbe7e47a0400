// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tools/chat_room.hpp"
#include "tools/http_server.hpp"
#include "tools/session.hpp"

#include <memory>

namespace libp2p::tools {

/// What `--http`, or listening for WebSockets, adds to a host: the page for browsers, and the chat, in which the
/// terminal takes part.
class BrowserPage {
public:
    /// Serves the chat's protocol on the session's host, which shares the page from then on, and the page on the ports
    /// of its WebSocket listeners.
    static std::shared_ptr<BrowserPage> add_to(Session& session);

    explicit BrowserPage(Session& session);

    /// Binds an HTTP server of its own.
    result<void> listen(const asio::ip::tcp::endpoint& endpoint);

    /// Prints {"event":"http","url":…} where there is such a server.
    void report() const;

    /// Serves the page, and says in the chat what is read from standard input, line by line, until it is cancelled.
    awaitable<void> serve();

private:
    awaitable<void> read_lines();
    void print_message(const std::string& name, const std::string& text);

    Output output_;  // of its own: a stream may end later than the session
    EventOutput events_;
    ChatRoom room_;
    HttpServer server_;
    asio::any_io_executor executor_;
    std::string url_;
};

/// Where a browser that opens a page at `endpoint` reaches the host over WebRTC-Direct.
Multiaddr webrtc_address_beside(const asio::ip::tcp::endpoint& endpoint);

}  // namespace libp2p::tools
