// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/websocket/http_messages.hpp"

#include <libp2p/budget.hpp>
#include <libp2p/byte_stream.hpp>

#include <memory>
#include <string>

namespace libp2p::websocket {

/// A client masks what it sends (RFC 6455, section 5.3) in a buffer: of the first size as a rule, and of the second
/// from a large message to the next small one, as long as the budget has room for it. Octets.
inline constexpr std::size_t kSmallMaskBuffer = 4 * 1024;
inline constexpr std::size_t kLargeMaskBuffer = 128 * 1024;

/// Charged for the state of a stream, Beast's read buffer with it.
inline constexpr std::size_t kStreamMemory = 4 * 1024;

/// Octets in the binary messages of a WebSocket (RFC 6455). How they are cut into messages and frames means nothing: a
/// write leaves as one message of one frame, and what comes may be cut anywhere.
///
/// WebSocket has no half close. `close_write` says goodbye with a close frame of status 1000 and waits for the
/// remote's; what still comes until then is thrown away, and reading then ends with `asio::error::eof`. A remote that
/// does not answer within the close timeout is cut off. The remote's close frame is answered, and is `eof` here;
/// so is the end of the byte stream below without one, which is how most peers leave.
///
/// A remote that breaks the rules is told so by a close frame. Reading then fails with `Errc::protocol_violation` (a
/// text message, a frame that is none), or with `Errc::limit_exceeded` (a message that is too long, more than
/// `kMaxWithoutPayload` octets of frames without any payload).
class WebSocketStream final : public ByteStream {
public:
    struct Options {
        std::size_t max_message;            ///< octets of one message
        std::chrono::milliseconds closing;  ///< for the remote to answer our close frame
    };

    /// Asks the server at the other end of `raw` for a WebSocket at `target`. Octets that come along with its answer
    /// are kept. Fails with `Errc::refused_by_remote` when it answers with another status, and with
    /// `Errc::protocol_violation` when the answer is none; `raw` is destroyed then. What the stream holds is charged to
    /// `budget`.
    static awaitable<result<std::unique_ptr<WebSocketStream>>> request(
        std::unique_ptr<ByteStream> raw,
        std::string host,
        std::string target,
        Options options,
        std::shared_ptr<Budget> budget
    );

    /// Answers `head`, which is an upgrade. `early` came behind it. Fails like `request`.
    static awaitable<result<std::unique_ptr<WebSocketStream>>> answer(
        std::unique_ptr<ByteStream> raw, HttpHead head, Bytes early, Options options, std::shared_ptr<Budget> budget
    );

    ~WebSocketStream() override;

    /// Waits until the first payload octets have come.
    awaitable<result<void>> wait_for_payload();

    awaitable<result<std::size_t>> read_some(MutableByteView into) override;
    awaitable<result<void>> write(std::span<const ByteView> buffers) override;
    awaitable<result<void>> close_write() override;
    void abort() noexcept override;
    asio::any_io_executor executor() const noexcept override;

private:
    struct Socket;

    WebSocketStream(std::unique_ptr<ByteStream> raw, Bytes early, const Options& options, Charge charge);

    awaitable<result<std::size_t>> receive(MutableByteView into);
    awaitable<result<void>> refuse_text();
    void bound_goodbye(const Options& options);
    void choose_mask_buffer(std::size_t message);
    Error explain(const error_code& ec) const;

    Charge charge_;
    std::unique_ptr<Socket> socket_;
    std::size_t max_message_;
    std::size_t mask_buffer_ = 0;  ///< octets; a server has none
    Bytes ahead_;                  ///< received and not asked for yet: less than kReadAhead octets
    std::size_t ahead_begin_ = 0;
    bool closing_ = false;  ///< we have said goodbye
};

}  // namespace libp2p::websocket
