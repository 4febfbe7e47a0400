// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/echo.hpp"

#include "libp2p/protocols/internal/transfer_buffer.hpp"

namespace libp2p::echo {

awaitable<void> serve(std::unique_ptr<Stream> stream) {
    auto served = co_await serve_until_end(*stream);
    (void)served;  // whatever ended it has ended the stream too
}

awaitable<result<void>> serve_until_end(Stream& stream) {
    protocols::TransferBuffer buffer(stream);
    for (;;) {
        stream.expires_after(kIdle);
        auto got = co_await stream.read_some(buffer.view());
        if (!got) {
            if (got.error() == asio::error::make_error_code(asio::error::eof)) {
                break;
            }
            co_return got.error();
        }
        auto sent = co_await write(stream, buffer.first(*got));
        if (!sent) {
            co_return sent.error();
        }
        buffer.on_read(*got);
    }
    co_return co_await stream.close_write();
}

}  // namespace libp2p::echo
