// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/tls_session.hpp"

#include <libp2p/budget.hpp>
#include <libp2p/byte_stream.hpp>
#include <libp2p/readable.hpp>

#include <memory>
#include <string>

namespace libp2p::websocket {

/// Octets that are read from below, and encrypted, at a time.
inline constexpr std::size_t kTlsBlock = 64 * 1024;

/// Charged for a TLS stream: the session, what of a record has come, one block each way.
inline constexpr std::size_t kTlsMemory = 2 * kTlsBlock + 48 * 1024;

/// A byte stream encrypted by TLS. A stream with nothing to read holds no block, where the one below is `Readable`.
///
/// The end of the byte stream below without TLS's own is `asio::error::eof` too: what runs inside knows its end.
class TlsStream final : public ByteStream {
public:
    /// Shakes hands over `raw`. `remote_name` and errors are those of `crypto::TlsSession`; a remote that closes
    /// meanwhile is an `Errc::protocol_violation`. `raw` is destroyed on failure, after the remote was told. The
    /// stream is charged to `budget`.
    static awaitable<result<std::unique_ptr<TlsStream>>> handshake(
        std::unique_ptr<ByteStream> raw,
        std::shared_ptr<const crypto::TlsContext> context,
        std::string remote_name,
        std::shared_ptr<Budget> budget
    );

    awaitable<result<std::size_t>> read_some(MutableByteView into) override;
    awaitable<result<void>> write(std::span<const ByteView> buffers) override;
    awaitable<result<void>> close_write() override;
    void abort() noexcept override { raw_->abort(); }
    asio::any_io_executor executor() const noexcept override { return raw_->executor(); }

private:
    TlsStream(
        std::unique_ptr<ByteStream> raw,
        std::shared_ptr<const crypto::TlsContext> context,
        const std::string& remote_name,
        Charge charge
    );

    awaitable<result<void>> shake_hands();
    awaitable<result<void>> receive();
    awaitable<result<void>> flush();

    Charge charge_;
    std::unique_ptr<ByteStream> raw_;
    Readable* readable_;  // raw_ again, if it can do that
    crypto::TlsSession session_;
    Bytes block_;  ///< what the session was fed with and has not consumed lies here
};

}  // namespace libp2p::websocket
