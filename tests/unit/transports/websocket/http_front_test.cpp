// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/http_front.hpp"

#include "tests/unit/transports/websocket/websocket_pair.hpp"

#include <optional>

namespace libp2p::websocket::test {
namespace {

class HttpFrontTest : public WebSocketTest {
protected:
    struct Outcome {
        Error error;
        bool upgraded = false;
        std::string early;
        std::string said;
    };

    /// What becomes of a remote that sends `octets` and then nothing more.
    Outcome serve(std::string octets, const HttpHandler& handler) {
        auto raw = conformance::memory_pair(loop.executor());
        Outcome outcome;
        auto body = [&]() -> awaitable<void> {
            auto sent = co_await write(*raw.first, as_bytes(octets));
            LIBP2P_CO_ASSERT_OK(sent);
            auto ended = co_await raw.first->close_write();
            LIBP2P_CO_ASSERT_OK(ended);
            auto asked = co_await wait_for_upgrade(std::move(raw.second), handler, budget);
            EXPECT_TRUE(budget->used().is_zero());
            if (asked) {
                outcome.upgraded = true;
                outcome.early = as_text(asked->early);
                asked->raw.reset();
            } else {
                outcome.error = asked.error();
            }
            outcome.said = co_await read_what_came(*raw.first);
        };
        loop.run(body());
        return outcome;
    }

    HttpHandler page = [](const HttpRequest& request) {
        HttpResponse response;
        response.status = request.target == "/" ? 200 : 404;
        response.headers.emplace_back("Content-Type", "text/plain");
        response.body = "page of " + std::string(request.target);
        return response;
    };
};

TEST_F(HttpFrontTest, ServesAPageAndThenAWebSocketOnOneConnection) {
    const auto outcome = serve(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /other HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kUpgrade) + "early",
        page
    );
    EXPECT_TRUE(outcome.upgraded) << outcome.error;
    EXPECT_EQ(outcome.early, "early");
}

TEST_F(HttpFrontTest, AnswersWhatIsAsked) {
    const auto got = serve("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", page);
    EXPECT_EQ(got.error, Errc::connection_closed);
    EXPECT_TRUE(got.said.starts_with("HTTP/1.1 200 OK\r\n")) << got.said;
    EXPECT_TRUE(got.said.ends_with("\r\n\r\npage of /")) << got.said;
    EXPECT_NE(got.said.find("Content-Length: 9\r\n"), std::string::npos) << got.said;
    const auto head = serve("HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", page);
    EXPECT_TRUE(head.said.starts_with("HTTP/1.1 404 ")) << head.said;
    EXPECT_TRUE(head.said.ends_with("\r\n\r\n")) << head.said;
    EXPECT_NE(head.said.find("Content-Length: 10\r\n"), std::string::npos) << head.said;
}

TEST_F(HttpFrontTest, TellsWhoComesForAnythingElse) {
    const std::tuple<const char*, std::string, HttpHandler> cases[] = {
        {"HTTP/1.1 426 ", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", HttpHandler()},
        {"HTTP/1.1 405 ", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", page},
        {"HTTP/1.1 400 ", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", page},
    };
    for (const auto& [status, octets, answering] : cases) {
        const auto outcome = serve(octets, answering);
        EXPECT_EQ(outcome.error, Errc::connection_closed) << outcome.error;
        EXPECT_TRUE(outcome.said.starts_with(status)) << outcome.said;
    }
}

TEST_F(HttpFrontTest, BoundsAndChecksTheHead) {
    const std::tuple<std::string, Error> cases[] = {
        {"", asio::error::make_error_code(asio::error::eof)},
        {"GET / HT", Errc::protocol_violation},
        {std::string("\x13/multistream/1.0.0\n"), Errc::protocol_violation},
        {"GET / HTTP/1.1\r\nX: " + std::string(kMaxRequestHead, 'x'), Errc::limit_exceeded},
        {"GET /" + std::string(3 * kMaxRequestHead, 'x'), Errc::limit_exceeded},
        {"GET / HTTP/1.1\r\n" + std::string(10 * kMaxRequestHead, 'x'), Errc::limit_exceeded},
    };
    for (const auto& [octets, error] : cases) {
        SCOPED_TRACE(octets.substr(0, 30));
        const auto outcome = serve(octets, page);
        EXPECT_FALSE(outcome.upgraded);
        EXPECT_EQ(outcome.error, error) << outcome.error;
    }
}

}  // namespace
}  // namespace libp2p::websocket::test
