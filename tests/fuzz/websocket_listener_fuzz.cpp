// SPDX-License-Identifier: MIT OR Apache-2.0

// What somebody sends who has connected to a WebSocket listener: the HTTP requests, then frames. The first octet cuts
// the reads; an odd one puts a proper upgrade in front of the input, which is then all frames.

#include "tests/fuzz/fuzz_stream.hpp"
#include "transports/websocket/http_front.hpp"
#include "transports/websocket/websocket_stream.hpp"

#include <cstdlib>
#include <string_view>

namespace {

using namespace libp2p;

constexpr std::string_view kUpgrade =
    "GET / HTTP/1.1\r\nHost: node\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

awaitable<void> serve(
    asio::any_io_executor executor, ByteView input, std::size_t max_read, std::shared_ptr<Budget> budget
) {
    HttpHandler page = [](const HttpRequest& request) {
        HttpResponse response;
        response.body = request.target;
        return response;
    };
    std::unique_ptr<ByteStream> raw = std::make_unique<fuzz::FuzzStream>(executor, input, max_read);
    auto asked = co_await websocket::wait_for_upgrade(std::move(raw), page, budget);
    if (!asked) {
        co_return;
    }
    websocket::WebSocketStream::Options options;
    options.max_message = 100'000;
    options.closing = std::chrono::milliseconds(100);
    auto stream = co_await websocket::WebSocketStream::answer(
        std::move(asked->raw), std::move(asked->head), std::move(asked->early), options, budget
    );
    if (!stream) {
        co_return;
    }
    std::size_t payload = 0;
    Bytes into(max_read % 2 == 0 ? 7 : 5000);
    for (;;) {
        auto got = co_await (*stream)->read_some(into);
        if (!got) {
            break;
        }
        require(*got > 0 && *got <= into.size());
        payload += *got;
    }
    require(payload <= input.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) {
        return 0;
    }
    const std::size_t mode = data[0];
    Bytes input;
    if (mode % 2 == 1) {
        const auto upgrade = as_bytes(kUpgrade);
        input.assign(upgrade.begin(), upgrade.end());
    }
    input.insert(input.end(), data + 1, data + size);
    auto budget = Budget::make("fuzz", "limits.connection", Limits().connection);
    fuzz::run([&](asio::any_io_executor executor) { return serve(executor, input, 1 + mode * 16, budget); });
    require(budget->used().is_zero());
    return 0;
}
