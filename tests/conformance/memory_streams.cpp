// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/memory/memory_pipe.hpp"

#include <libp2p/conformance/memory_streams.hpp>
#include <libp2p/conformance/rng.hpp>
#include <libp2p/readable.hpp>

#include <algorithm>

namespace libp2p::conformance {
namespace {

/// Passes everything on.
class Decorator : public ByteStream {
public:
    explicit Decorator(std::unique_ptr<ByteStream> inner) : inner_(std::move(inner)) {}

    awaitable<result<std::size_t>> read_some(MutableByteView into) override { return inner_->read_some(into); }
    awaitable<result<void>> write(std::span<const ByteView> buffers) override { return inner_->write(buffers); }
    awaitable<result<void>> close_write() override { return inner_->close_write(); }
    void abort() noexcept override { inner_->abort(); }
    asio::any_io_executor executor() const noexcept override { return inner_->executor(); }

protected:
    ByteStream& inner() noexcept { return *inner_; }

private:
    std::unique_ptr<ByteStream> inner_;
};

class ChunkedStream final : public Decorator {
public:
    ChunkedStream(std::unique_ptr<ByteStream> inner, std::size_t largest, std::uint64_t seed)
        : Decorator(std::move(inner)), largest_(largest), rng_(seed) {}

    awaitable<result<std::size_t>> read_some(MutableByteView into) override {
        return inner().read_some(into.first(std::min(into.size(), 1 + rng_.below(largest_))));
    }

private:
    std::size_t largest_;
    Rng rng_;
};

class FaultyStream : public Decorator {
public:
    FaultyStream(std::unique_ptr<ByteStream> inner, std::shared_ptr<Fault> fault)
        : Decorator(std::move(inner)), fault_(std::move(fault)) {}

    ~FaultyStream() override { fault_->is_alive = false; }

    awaitable<result<std::size_t>> read_some(MutableByteView into) override {
        if (fails()) {
            co_return failure(true);
        }
        auto got = co_await inner().read_some(into);
        co_return got;
    }

    awaitable<result<void>> write(std::span<const ByteView> buffers) override {
        if (fails()) {
            co_return failure(false);
        }
        auto written = co_await inner().write(buffers);
        co_return written;
    }

    awaitable<result<void>> close_write() override {
        if (fails()) {
            co_return failure(false);
        }
        auto closed = co_await inner().close_write();
        co_return closed;
    }

protected:
    bool fails() noexcept {
        if (fault_->operations++ < fault_->at) {
            return false;
        }
        inner().abort();
        return true;
    }

    error_code failure(bool reading) const noexcept {
        switch (fault_->kind) {
            case Fault::Kind::error: break;
            case Fault::Kind::cancel: return asio::error::make_error_code(asio::error::operation_aborted);
            case Fault::Kind::eof:
                return reading ? asio::error::make_error_code(asio::error::eof)
                               : asio::error::make_error_code(asio::error::broken_pipe);
        }
        return asio::error::make_error_code(asio::error::connection_reset);
    }

private:
    std::shared_ptr<Fault> fault_;  // shared with the test
};

class ReadableFaultyStream final : public FaultyStream, public Readable {
public:
    ReadableFaultyStream(std::unique_ptr<ByteStream> inner, Readable& readable, std::shared_ptr<Fault> fault)
        : FaultyStream(std::move(inner), std::move(fault)), readable_(readable) {}

    std::size_t try_read_some(MutableByteView into, error_code& ec) noexcept override {
        if (fails()) {
            ec = failure(true);
            return 0;
        }
        return readable_.try_read_some(into, ec);
    }

    awaitable<result<void>> wait_readable() override {
        if (fails()) {
            co_return failure(true);
        }
        auto waited = co_await readable_.wait_readable();
        co_return waited;
    }

private:
    Readable& readable_;
};

class TappedStream final : public Decorator {
public:
    TappedStream(std::unique_ptr<ByteStream> inner, std::shared_ptr<Tap> tap)
        : Decorator(std::move(inner)), tap_(std::move(tap)) {}

    awaitable<result<void>> write(std::span<const ByteView> buffers) override {
        Bytes octets;
        for (auto buffer : buffers) {
            octets.insert(octets.end(), buffer.begin(), buffer.end());
        }
        const auto begin = tap_->octets;
        tap_->octets += octets.size();
        tap_->writes.push_back(octets.size());
        if (tap_->flip_at >= begin && tap_->flip_at < tap_->octets) {
            octets[tap_->flip_at - begin] ^= 1U;
        }
        if (tap_->cut_at >= tap_->octets) {
            auto written = co_await libp2p::write(inner(), octets);
            co_return written;
        }
        if (!is_cut_) {
            is_cut_ = true;
            octets.resize(tap_->cut_at - std::min(begin, tap_->cut_at));
            (void)co_await libp2p::write(inner(), octets);
            (void)co_await inner().close_write();
        }
        co_return ok();
    }

private:
    std::shared_ptr<Tap> tap_;  // shared with the test
    bool is_cut_ = false;
};

class PlainChannel final : public SecureChannel {
public:
    PlainChannel(std::unique_ptr<ByteStream> raw, PublicKey remote, ProtocolId muxer)
        : raw_(std::move(raw)), key_(std::move(remote)), peer_(key_.peer_id()), muxer_(std::move(muxer)) {}

    awaitable<result<std::size_t>> read_some(MutableByteView into) override { return raw_->read_some(into); }

    awaitable<result<MutableByteView>> read_chunk() override {
        buffer_.resize(kChunk);
        auto got = co_await raw_->read_some(buffer_);
        if (!got) {
            co_return got.error();
        }
        co_return MutableByteView(buffer_).first(*got);
    }

    awaitable<result<void>> write(std::span<const ByteView> buffers) override { return raw_->write(buffers); }
    awaitable<result<void>> close_write() override { return raw_->close_write(); }
    void abort() noexcept override { raw_->abort(); }
    asio::any_io_executor executor() const noexcept override { return raw_->executor(); }
    const PublicKey& remote_public_key() const noexcept override { return key_; }
    const PeerId& remote_peer() const noexcept override { return peer_; }
    const ProtocolId& early_muxer() const noexcept override { return muxer_; }

private:
    static constexpr std::size_t kChunk = 64 * 1024;

    std::unique_ptr<ByteStream> raw_;
    PublicKey key_;
    PeerId peer_;
    ProtocolId muxer_;
    Bytes buffer_;
};

std::unique_ptr<ByteStream> chunked(std::unique_ptr<ByteStream> stream, Chunking chunking, std::uint64_t seed) {
    switch (chunking) {
        case Chunking::whole: break;
        case Chunking::octets: return std::make_unique<ChunkedStream>(std::move(stream), 1, seed);
        case Chunking::random: return std::make_unique<ChunkedStream>(std::move(stream), 64, seed);
    }
    return stream;
}

}  // namespace

StreamPair memory_pair(const asio::any_io_executor& executor, const PairOptions& options) {
    memory::PipeOptions pipe;
    pipe.latency = options.latency;
    pipe.capacity = options.capacity;
    auto [near, far] = memory::make_pipe(executor, executor, pipe);
    return {
        chunked(std::move(near), options.chunking, options.seed),
        chunked(std::move(far), options.chunking, options.seed + 1)
    };
}

std::unique_ptr<ByteStream> make_faulty(std::unique_ptr<ByteStream> inner, std::shared_ptr<Fault> fault) {
    if (auto* readable = dynamic_cast<Readable*>(inner.get())) {
        return std::make_unique<ReadableFaultyStream>(std::move(inner), *readable, std::move(fault));
    }
    return std::make_unique<FaultyStream>(std::move(inner), std::move(fault));
}

std::unique_ptr<ByteStream> make_tapped(std::unique_ptr<ByteStream> inner, std::shared_ptr<Tap> tap) {
    return std::make_unique<TappedStream>(std::move(inner), std::move(tap));
}

std::unique_ptr<SecureChannel> make_plain_channel(std::unique_ptr<ByteStream> raw, PublicKey remote, ProtocolId muxer) {
    return std::make_unique<PlainChannel>(std::move(raw), std::move(remote), std::move(muxer));
}

awaitable<result<Bytes>> read_to_end(ByteStream& stream, std::size_t piece) {
    Bytes all;
    Bytes buffer(piece);
    for (;;) {
        auto got = co_await stream.read_some(buffer);
        if (!got && got.error() == asio::error::make_error_code(asio::error::eof)) {
            co_return std::move(all);
        }
        if (!got) {
            co_return got.error();
        }
        all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
    }
}

}  // namespace libp2p::conformance
