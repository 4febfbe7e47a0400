// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hosts.hpp"
#include "tests/support/web_certificates.hpp"
#include "transports/tcp/tcp_address.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace libp2p::test {
namespace {

/// A folder with certificates, for one test.
class Certificates {
public:
    Certificates() {
        std::string pattern = (std::filesystem::temp_directory_path() / "websocket-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        put("authority", kAuthority);
        put("other-authority", kOtherAuthority);
        use(kCertificate, kKey);
    }
    ~Certificates() { std::filesystem::remove_all(folder_); }

    std::string path(const char* name) const { return (folder_ / name).string(); }

    void put(const char* name, std::string_view text) const {
        std::ofstream(path("new")) << text;
        std::filesystem::rename(path("new"), path(name));
    }

    void use(std::string_view certificate, std::string_view key) const {
        put("certificate", certificate);
        put("key", key);
    }

private:
    std::filesystem::path folder_;
};

/// A host with WebSocket alone.
struct WebNode {
    WebNode(asio::io_context& io, WebSocketOptions options)
        : identity(Identity::generate()), host(io.get_executor(), identity) {
        auto& services = host.services();
        host.add_security(make_noise(identity));
        host.add_muxer(make_yamux(services.limits(), services.timeouts()));
        host.add_transport(make_websocket_transport(services, std::move(options)));
        host.handle(echo::kProtocol, echo::serve);
    }

    awaitable<Multiaddr> listen(std::string text) {
        auto bound = co_await host.listen(Multiaddr::parse(text).value());
        co_return bound.value().with_peer(host.id());
    }

    awaitable<void> close() {
        co_await host.close();
        EXPECT_TRUE(host.resources().system_usage().is_zero());
    }

    Identity identity;
    Host host;
};

awaitable<result<std::string>> echo(WebNode& from, Multiaddr to) {
    auto peer = co_await from.host.connect(to);
    if (!peer) {
        co_return peer.error();
    }
    auto stream = co_await from.host.open_stream(*peer, ProtocolId(echo::kProtocol));
    if (!stream) {
        co_return stream.error();
    }
    std::string text("hello");
    auto written = co_await write(**stream, as_bytes(text));
    if (!written) {
        co_return written.error();
    }
    Bytes answer(5);
    auto read = co_await read_exactly(**stream, answer);
    if (!read) {
        co_return read.error();
    }
    stream->reset();
    co_await from.host.disconnect(*peer);
    co_return std::string(as_text(answer));
}

/// `address` with another transport behind the port.
Multiaddr spelled(const Multiaddr& address, const std::string& behind_port) {
    const auto text = address.to_string();
    const auto peer = text.find("/p2p/");
    const auto tls = text.find("/tls/ws");
    return Multiaddr::parse(text.substr(0, tls) + behind_port + text.substr(peer)).value();
}

class WebSocketHostTest : public testing::Test {
protected:
    WebSocketOptions serving() const {
        WebSocketOptions options;
        options.certificate_file = certificates.path("certificate");
        options.key_file = certificates.path("key");
        return options;
    }

    WebSocketOptions trusting(const char* authorities = "authority") const {
        WebSocketOptions options;
        options.authorities_file = certificates.path(authorities);
        return options;
    }

    asio::io_context io{1};
    Certificates certificates;
};

TEST_F(WebSocketHostTest, TlsIsSpokenInEverySpelling) {
    WebNode server(io, serving());
    WebNode client(io, trusting());
    auto body = [&]() -> awaitable<void> {
        auto address = co_await server.listen("/ip4/127.0.0.1/tcp/0/tls/ws");
        EXPECT_TRUE(address.has(Protocol::tls)) << address.to_string();
        for (const auto* behind_port : {"/tls/ws", "/wss", "/tls/sni/node.test/ws", "/wss/http-path/any%2Fpath"}) {
            auto answer = co_await echo(client, spelled(address, behind_port));
            LIBP2P_EXPECT_OK(answer);
        }
        co_await client.close();
        co_await server.close();
    };
    run(io, body());
}

TEST_F(WebSocketHostTest, ServersThatCannotBeTrustedAreToldWhy) {
    WebNode server(io, serving());
    WebNode client(io, trusting());
    WebNode stranger(io, trusting("other-authority"));
    auto body = [&]() -> awaitable<void> {
        auto address = co_await server.listen("/ip4/127.0.0.1/tcp/0/tls/ws");
        auto wrong_name = co_await echo(client, spelled(address, "/tls/sni/else.test/ws"));
        LIBP2P_CO_ASSERT_ERROR(wrong_name, Errc::authentication_failed);
        EXPECT_NE(wrong_name.error().message().find("not for else.test"), std::string::npos) << wrong_name.error();
        auto unknown = co_await echo(stranger, address);
        LIBP2P_CO_ASSERT_ERROR(unknown, Errc::authentication_failed);
        EXPECT_NE(unknown.error().message().find("nobody that is trusted"), std::string::npos) << unknown.error();
        auto no_tls = co_await echo(client, spelled(address, "/ws"));
        EXPECT_FALSE(no_tls);
        auto plain = co_await server.listen("/ip4/127.0.0.1/tcp/0/ws");
        auto text = plain.to_string();
        text.replace(text.find("/ws"), 3, "/wss");
        auto not_tls = co_await echo(client, Multiaddr::parse(text).value());
        LIBP2P_EXPECT_ERROR(not_tls, Errc::protocol_violation);
        co_await stranger.close();
        co_await client.close();
        co_await server.close();
    };
    run(io, body());
}

TEST_F(WebSocketHostTest, NewCertificatesAreTakenWithoutRestart) {
    WebNode server(io, serving());
    WebNode client(io, trusting());
    auto body = [&]() -> awaitable<void> {
        auto address = co_await server.listen("/ip4/127.0.0.1/tcp/0/tls/ws");
        auto before = co_await echo(client, spelled(address, "/tls/sni/node.test/ws"));
        LIBP2P_EXPECT_OK(before);
        certificates.use(kOtherCertificate, kOtherKey);
        result<std::string> after = Errc::shut_down;
        for (int tries = 0; tries < 100 && !after; ++tries) {  // looked at once a second
            co_await conformance::pause(50ms);
            after = co_await echo(client, spelled(address, "/tls/sni/other.test/ws"));
        }
        LIBP2P_EXPECT_OK(after);
        co_await client.close();
        co_await server.close();
    };
    run(io, body());
}

TEST_F(WebSocketHostTest, ListeningWithTlsNeedsACertificate) {
    WebNode none(io, WebSocketOptions());
    auto options = serving();
    options.key_file = certificates.path("authority");
    WebNode wrong(io, options);
    auto body = [&]() -> awaitable<void> {
        auto address = Multiaddr::parse("/ip4/127.0.0.1/tcp/0/wss").value();
        auto missing = co_await none.host.listen(address);
        LIBP2P_EXPECT_ERROR(missing, Errc::invalid_key);
        auto unfit = co_await wrong.host.listen(address);
        LIBP2P_EXPECT_ERROR(unfit, Errc::invalid_key);
        co_await none.close();
        co_await wrong.close();
    };
    run(io, body());
}

/// What a server says to `request` on a socket of its own, up to the end.
awaitable<std::string> ask(Multiaddr address, std::string request) {
    auto executor = co_await asio::this_coro::executor;
    asio::ip::tcp::socket socket(executor);
    auto [refused] = co_await socket.async_connect(tcp::endpoint_in(address).value(), as_result);
    EXPECT_FALSE(refused);
    auto [unsent, sent] = co_await asio::async_write(socket, asio::buffer(request), as_result);
    EXPECT_FALSE(unsent);
    std::string answer;
    auto [end, size] = co_await asio::async_read(socket, asio::dynamic_buffer(answer), as_result);
    EXPECT_EQ(size, answer.size());
    co_return answer;
}

TEST_F(WebSocketHostTest, OnePortServesThePageAndTheWebSocket) {
    WebSocketOptions options;
    options.http = [](const HttpRequest& request) {
        HttpResponse response;
        response.body = "a page at " + std::string(request.target);
        return response;
    };
    WebNode server(io, options);
    WebNode client(io, WebSocketOptions());
    auto body = [&]() -> awaitable<void> {
        auto address = co_await server.listen("/ip4/127.0.0.1/tcp/0/ws");
        auto page = co_await ask(address, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(page.starts_with("HTTP/1.1 200 ")) << page;
        EXPECT_TRUE(page.ends_with("a page at /x")) << page;
        auto answer = co_await echo(client, address);
        LIBP2P_EXPECT_OK(answer);
        co_await client.close();
        co_await server.close();
    };
    run(io, body());
}

}  // namespace
}  // namespace libp2p::test
