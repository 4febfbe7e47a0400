// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tools/chat_room.hpp"
#include "tools/http_server.hpp"
#include "tools/session.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace libp2p::tools {

/// What `--http`, or listening where browsers come, adds to a host: the page for browsers, and the chat, in which the
/// terminal takes part.
class BrowserPage {
public:
    /// Who serves it.
    enum class Kind {
        node,   ///< one that people talk with: it has a chat
        relay,  ///< one that they are introduced by: the page begins with that, and there is no chat
    };

    /// Serves the chat's protocol on the session's host, which shares the page from then on, and the page on the ports
    /// of its WebSocket listeners.
    static std::shared_ptr<BrowserPage> add_to(Session& session, Kind kind);

    BrowserPage(Session& session, Kind kind);

    /// Binds an HTTP server of its own.
    result<void> listen(const asio::ip::tcp::endpoint& endpoint);

    /// Prints {"event":"http","url":…} where there is such a server.
    void report() const;

    /// Serves the page, and says in the chat, where there is one, what is read from standard input, line by line, until
    /// it is cancelled.
    awaitable<void> serve();

private:
    awaitable<void> read_lines();
    void print_message(const std::string& name, const std::string& text);

    Kind kind_;
    Output output_;  // of its own: a stream may end later than the session
    EventOutput events_;
    ChatRoom room_;
    HttpServer server_;
    asio::any_io_executor executor_;
    std::string url_;
};

/// As `listen_and_report`, with the page: on the ports of WebSocket listeners, and at `http` if that is given; then the
/// host listens on a WebRTC-Direct address beside it, unless `addresses` has one.
awaitable<result<void>> listen_with_page(
    Session& session,
    std::vector<Multiaddr> addresses,
    std::optional<asio::ip::tcp::endpoint> http,
    BrowserPage::Kind kind
);

/// Where a browser that opens a page at `endpoint` reaches the host over WebRTC-Direct.
Multiaddr webrtc_address_beside(const asio::ip::tcp::endpoint& endpoint);

}  // namespace libp2p::tools
