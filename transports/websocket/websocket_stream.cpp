// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/websocket_stream.hpp"

#include "transports/websocket/wire.hpp"

#include <libp2p/asio_stream.hpp>

#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace libp2p::websocket {
namespace {

namespace beast = boost::beast;
namespace ws = beast::websocket;

/// Reads of less than this are served from one larger read.
constexpr std::size_t kReadAhead = 1024;

const error_code kEof = asio::error::make_error_code(asio::error::eof);

/// What Beast's WebSocket runs over.
class Layer : public BasicAsioStream<Wire> {
public:
    using BasicAsioStream::BasicAsioStream;
};

/// Beast calls it when a deadline of its own has passed.
void beast_close_socket(Layer& layer) {
    layer.stream().abort();
}

/// Beast calls it at the end, once close frames have been exchanged or the rules were broken: nothing that still comes
/// is wanted, so nothing is waited for.
template <class Handler>
void async_teardown(beast::role_type /*role*/, Layer& layer, Handler&& handler) {
    auto executor = asio::get_associated_executor(handler, layer.get_executor());
    auto complete = [handler = std::forward<Handler>(handler)](
                        const std::exception_ptr& /*cancelled*/, const result<void>& /*closed*/
                    ) mutable { std::move(handler)(error_code()); };
    asio::co_spawn(
        layer.get_executor(), layer.stream().close_write(), asio::bind_executor(executor, std::move(complete))
    );
}

}  // namespace

struct WebSocketStream::Socket : ws::stream<Layer, false> {
    using stream::stream;

    Wire& wire() { return next_layer().stream(); }
};

awaitable<result<std::unique_ptr<WebSocketStream>>> WebSocketStream::request(
    std::unique_ptr<ByteStream> raw,
    std::string host,
    std::string target,
    Options options,
    std::shared_ptr<Budget> budget
) {
    auto charge = budget->charge(Usage::octets(kStreamMemory + kSmallMaskBuffer));
    if (!charge) {
        co_return charge.error();
    }
    std::unique_ptr<WebSocketStream> self(new WebSocketStream(std::move(raw), Bytes(), options, std::move(*charge)));
    auto& socket = *self->socket_;
    self->mask_buffer_ = kSmallMaskBuffer;
    socket.write_buffer_bytes(kSmallMaskBuffer);
    ws::response_type response;
    auto [ec] = co_await socket.async_handshake(response, host, target, as_result);
    if (ec == ws::error::upgrade_declined) {
        co_return Error(
            Errc::refused_by_remote,
            "the server answers with HTTP status " + std::to_string(response.result_int()) + " instead of a WebSocket"
        );
    }
    if (ec) {
        co_return self->explain(ec);
    }
    self->bound_goodbye(options);
    co_return std::move(self);
}

awaitable<result<std::unique_ptr<WebSocketStream>>> WebSocketStream::answer(
    std::unique_ptr<ByteStream> raw, HttpHead head, Bytes early, Options options, std::shared_ptr<Budget> budget
) {
    auto charge = budget->charge(Usage::octets(kStreamMemory));
    if (!charge) {
        co_return charge.error();
    }
    std::unique_ptr<WebSocketStream> self(
        new WebSocketStream(std::move(raw), std::move(early), options, std::move(*charge))
    );
    auto [ec] = co_await self->socket_->async_accept(head, as_result);
    if (ec) {
        co_return self->explain(ec);
    }
    self->bound_goodbye(options);
    co_return std::move(self);
}

WebSocketStream::WebSocketStream(std::unique_ptr<ByteStream> raw, Bytes early, const Options& options, Charge charge)
    : charge_(std::move(charge)),
      socket_(std::make_unique<Socket>(std::make_unique<Wire>(std::move(raw), std::move(early)))),
      max_message_(options.max_message) {
    socket_->binary(true);
    socket_->auto_fragment(false);
    socket_->read_message_max(max_message_);
    ws::stream_base::timeout forever{ws::stream_base::none(), ws::stream_base::none(), false};
    socket_->set_option(forever);  // the handshake is bounded by who asked for it
}

void WebSocketStream::bound_goodbye(const Options& options) {
    ws::stream_base::timeout timeout{options.closing, ws::stream_base::none(), false};
    socket_->set_option(timeout);
}

WebSocketStream::~WebSocketStream() = default;

awaitable<result<void>> WebSocketStream::wait_for_payload() {
    if (ahead_begin_ < ahead_.size()) {
        co_return ok();
    }
    std::array<std::uint8_t, kReadAhead> scratch;
    auto got = co_await receive(scratch);
    if (!got) {
        co_return got.error();
    }
    ahead_.assign(scratch.data(), scratch.data() + *got);
    ahead_begin_ = 0;
    co_return ok();
}

awaitable<result<std::size_t>> WebSocketStream::read_some(MutableByteView into) {
    if (into.size() < kReadAhead) {
        auto ready = co_await wait_for_payload();
        if (!ready) {
            co_return ready.error();
        }
    }
    const auto taken = std::min(into.size(), ahead_.size() - ahead_begin_);
    if (taken == 0) {
        auto got = co_await receive(into);
        co_return got;
    }
    std::copy_n(ahead_.data() + ahead_begin_, taken, into.data());
    ahead_begin_ += taken;
    if (ahead_begin_ == ahead_.size()) {
        Bytes().swap(ahead_);
        ahead_begin_ = 0;
    }
    co_return taken;
}

/// One octet of payload or more.
awaitable<result<std::size_t>> WebSocketStream::receive(MutableByteView into) {
    for (;;) {
        asio::mutable_buffer buffer(into.data(), into.size());
        auto [ec, size] = co_await socket_->async_read_some(buffer, as_result);
        if (ec) {
            co_return explain(ec);
        }
        if (socket_->got_text()) {
            auto told = co_await refuse_text();
            co_return told.error();
        }
        if (size > 0) {
            socket_->wire().on_payload();
            co_return size;
        }
    }
}

awaitable<result<void>> WebSocketStream::refuse_text() {
    ws::close_reason reason(ws::close_code::unknown_data);
    auto [ec] = co_await socket_->async_close(reason, as_result);
    (void)ec;  // whether it was heard or not
    co_return Error(Errc::protocol_violation, "WebSocket: a text message");
}

awaitable<result<void>> WebSocketStream::write(std::span<const ByteView> buffers) {
    std::vector<asio::const_buffer> parts;
    parts.reserve(buffers.size());
    std::size_t octets = 0;
    for (const auto& buffer : buffers) {
        if (!buffer.empty()) {
            parts.emplace_back(buffer.data(), buffer.size());
            octets += buffer.size();
        }
    }
    if (parts.empty()) {
        co_return ok();
    }
    choose_mask_buffer(octets);
    std::span<const asio::const_buffer> message(parts);
    auto [ec, size] = co_await socket_->async_write(message, as_result);
    if (ec) {
        auto error = explain(ec);
        if (error == kEof) {
            error = asio::error::make_error_code(asio::error::broken_pipe);
        }
        co_return error;
    }
    co_return ok();
}

/// A large message goes out in as many system calls as the buffer has to be filled.
void WebSocketStream::choose_mask_buffer(std::size_t message) {
    const auto wanted = message > kSmallMaskBuffer ? kLargeMaskBuffer : kSmallMaskBuffer;
    if (mask_buffer_ == 0 || wanted == mask_buffer_ || !charge_.resize_memory(kStreamMemory + wanted)) {
        return;
    }
    mask_buffer_ = wanted;
    socket_->write_buffer_bytes(wanted);  // Beast takes the new one with the next message
}

awaitable<result<void>> WebSocketStream::close_write() {
    if (closing_ || !socket_->is_open()) {
        co_return ok();
    }
    closing_ = true;
    ws::close_reason reason(ws::close_code::normal);
    auto [ec] = co_await socket_->async_close(reason, as_result);
    if (ec && explain(ec) != kEof) {
        co_return explain(ec);
    }
    co_return ok();
}

void WebSocketStream::abort() noexcept {
    socket_->wire().abort();
}

asio::any_io_executor WebSocketStream::executor() const noexcept {
    return socket_->wire().executor();
}

Error WebSocketStream::explain(const error_code& ec) const {
    const auto& failure = socket_->wire().failure();
    if (ec == failure.code() && ec) {
        return failure;
    }
    // Beast calls it aborted, too, when there was an end before.
    if (ec == ws::error::closed || (ec == asio::error::operation_aborted && !socket_->is_open())) {
        return kEof;
    }
    if (ec == ws::error::message_too_big) {
        return Error(
            Errc::limit_exceeded, "WebSocket: a message of more than " + std::to_string(max_message_) + " octets"
        );
    }
    if (ec == ws::error::buffer_overflow) {
        return explain_http(beast::http::error::buffer_overflow, kMaxAnswerHead);
    }
    if (ec == beast::error::timeout) {
        return Error(
            asio::error::make_error_code(asio::error::timed_out), "the remote does not answer the close frame"
        );
    }
    if (ec.category() == make_error_code(ws::error::closed).category()) {
        return Error(Errc::protocol_violation, "WebSocket: " + ec.message());
    }
    return explain_http(ec, kMaxAnswerHead);
}

}  // namespace libp2p::websocket
