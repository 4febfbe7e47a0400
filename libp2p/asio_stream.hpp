// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/stream.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <exception>
#include <memory>
#include <span>
#include <utility>

namespace libp2p {

/// A byte stream as Asio's own algorithms and Boost.Beast expect one: models AsyncReadStream and AsyncWriteStream, for
/// any completion token. `asio::async_read_until`, `asio::async_write`, `beast::http::async_read` run over it
/// unchanged.
///
/// Owns the stream. Like the stream, it takes one read and one write at a time, from the host's executor. Terminal
/// cancellation of an operation finishes the stream. It must outlive what was started on it. A stream's own operations
/// are cheaper: use this where code made for Asio is to run.
template <class Layer>
class BasicAsioStream {
public:
    using executor_type = asio::any_io_executor;

    explicit BasicAsioStream(std::unique_ptr<Layer> stream) noexcept : stream_(std::move(stream)) {}

    executor_type get_executor() const noexcept { return stream_->executor(); }

    Layer& stream() noexcept { return *stream_; }

    /// Gives the stream back, and is empty afterwards. Nothing may be under way.
    std::unique_ptr<Layer> release() noexcept { return std::move(stream_); }

    /// Completes with `void(error_code, std::size_t)`: as soon as some octets have come into the first of `buffers`
    /// that is not empty, or with `asio::error::eof`.
    template <class MutableBufferSequence, class Token>
    auto async_read_some(const MutableBufferSequence& buffers, Token&& token) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [](auto handler, Layer* stream, MutableByteView into) {
                start(*stream, std::move(handler), read(*stream, into));
            },
            token,
            stream_.get(),
            first_buffer(buffers)
        );
    }

    /// Completes with `void(error_code, std::size_t)` once all octets of the first sixteen buffers are written.
    template <class ConstBufferSequence, class Token>
    auto async_write_some(const ConstBufferSequence& buffers, Token&& token) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [](auto handler, Layer* stream, Gathered gathered) {
                start(*stream, std::move(handler), write_gathered(*stream, gathered));
            },
            token,
            stream_.get(),
            Gathered(buffers)
        );
    }

private:
    /// The first buffers of a sequence, enough for what one system call would take.
    class Gathered {
    public:
        template <class ConstBufferSequence>
        explicit Gathered(const ConstBufferSequence& buffers) noexcept {
            const auto end = asio::buffer_sequence_end(buffers);
            for (auto it = asio::buffer_sequence_begin(buffers); it != end && count_ < views_.size(); ++it) {
                const asio::const_buffer buffer(*it);
                if (buffer.size() > 0) {
                    views_[count_++] = ByteView(static_cast<const std::uint8_t*>(buffer.data()), buffer.size());
                    octets_ += buffer.size();
                }
            }
        }

        std::span<const ByteView> views() const noexcept { return std::span(views_).first(count_); }
        std::size_t octets() const noexcept { return octets_; }

    private:
        std::array<ByteView, 16> views_;
        std::size_t count_ = 0;
        std::size_t octets_ = 0;
    };

    template <class MutableBufferSequence>
    static MutableByteView first_buffer(const MutableBufferSequence& buffers) noexcept {
        const auto end = asio::buffer_sequence_end(buffers);
        for (auto it = asio::buffer_sequence_begin(buffers); it != end; ++it) {
            const asio::mutable_buffer buffer(*it);
            if (buffer.size() > 0) {
                return {static_cast<std::uint8_t*>(buffer.data()), buffer.size()};
            }
        }
        return {};
    }

    static awaitable<result<std::size_t>> read(Layer& stream, MutableByteView into) {
        if (into.empty()) {
            co_return std::size_t{0};
        }
        co_return co_await stream.read_some(into);
    }

    static awaitable<result<std::size_t>> write_gathered(Layer& stream, Gathered gathered) {
        if (gathered.octets() > 0) {
            auto written = co_await stream.write(gathered.views());
            if (!written) {
                co_return written.error();
            }
        }
        co_return gathered.octets();
    }

    /// Runs `operation` and calls `handler` with its outcome, on the handler's executor and never before this returns.
    template <class Handler>
    static void start(Layer& stream, Handler handler, awaitable<result<std::size_t>> operation) {
        auto executor = asio::get_associated_executor(handler, stream.executor());
        auto slot = asio::get_associated_cancellation_slot(handler);
        auto complete = [handler = std::move(handler)](std::exception_ptr failure, result<std::size_t> done) mutable {
            if (failure) {
                std::move(handler)(code_of(failure), std::size_t{0});
            } else if (!done) {
                std::move(handler)(done.error().code(), std::size_t{0});
            } else {
                std::move(handler)(error_code(), *done);
            }
        };
        asio::co_spawn(
            stream.executor(),
            std::move(operation),
            asio::bind_executor(std::move(executor), asio::bind_cancellation_slot(slot, std::move(complete)))
        );
    }

    static error_code code_of(const std::exception_ptr& failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const boost::system::system_error& error) {
            return error.code();  // cancelled
        }
    }

    std::unique_ptr<Layer> stream_;
};

/// Over a libp2p stream.
using AsioStream = BasicAsioStream<Stream>;

}  // namespace libp2p
