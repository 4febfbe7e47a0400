// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/negotiate.hpp"

#include "proto/multistream.hpp"

#include <libp2p/timeout.hpp>
#include <libp2p/waiter.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace libp2p {
namespace {

using multistream::Negotiator;

/// Octets asked for at once. Most negotiations take two reads; longer names take more.
constexpr std::size_t kReadSize = 64;

Error failure_of(const Negotiator& negotiator) {
    switch (negotiator.state()) {
        case Negotiator::State::exhausted:
            return Error(Errc::limit_exceeded, "the remote negotiates a protocol without end");
        case Negotiator::State::violated:
            // What follows a refusal may be data that a lazy dialer sent along with its proposal.
            if (!negotiator.refused().empty()) {
                break;
            }
            return Error(Errc::protocol_violation, "not a multistream-select message");
        case Negotiator::State::negotiating:
        case Negotiator::State::agreed:
        case Negotiator::State::refused: break;
    }
    return Error(Errc::no_common_protocol, "'" + negotiator.refused() + "' is not supported");
}

Error end_of(const Negotiator& negotiator) {
    if (!negotiator.refused().empty()) {
        return Error(Errc::no_common_protocol, "'" + negotiator.refused() + "' is not supported");
    }
    if (!negotiator.is_between_messages()) {
        return Error(Errc::protocol_violation, "the remote closed in the middle of a negotiation");
    }
    return asio::error::make_error_code(asio::error::eof);
}

/// A responder's answer may come too late for a dialer that has said all it wants to say and is gone.
bool is_harmless(const Error& error) {
    return !(error == asio::error::make_error_code(asio::error::operation_aborted)) &&
           !(error == asio::error::make_error_code(asio::error::timed_out));
}

/// Runs `negotiator` until it has agreed. Can be called again after a deadline has passed and was moved.
awaitable<result<void>> drive(ByteStream& stream, Negotiator& negotiator) {
    std::array<std::uint8_t, kReadSize> buffer;
    for (;;) {
        const bool over = negotiator.state() != Negotiator::State::negotiating;
        if (negotiator.has_output() && (over || negotiator.is_between_messages())) {
            const auto output = negotiator.take_output();
            const ByteView message = as_bytes(output);
            auto written = co_await stream.write(std::span(&message, 1));
            if (!written && !(negotiator.state() == Negotiator::State::agreed && is_harmless(written.error()))) {
                co_return written.error();
            }
        }
        if (over) {
            break;
        }
        const auto into = std::span(buffer).first(std::min(negotiator.wanted(), buffer.size()));
        auto got = co_await stream.read_some(into);
        if (!got) {
            if (got.error() == asio::error::make_error_code(asio::error::eof)) {
                co_return end_of(negotiator);
            }
            co_return got.error();
        }
        negotiator.consume(into.first(*got));
    }
    if (negotiator.state() != Negotiator::State::agreed) {
        co_return failure_of(negotiator);
    }
    co_return ok();
}

/// One lazy negotiation over a byte stream, as dialer. The proposal leaves once, in front of the first write; the
/// answer is read once, by the first who needs it. Reader and writer may both come by at any time; each waits for the
/// other only where the other is doing what it needs.
class Opening {
public:
    Opening(const asio::any_io_executor& executor, ProtocolId protocol)
        : state_(std::make_unique<State>(executor, std::move(protocol))) {
        if (!multistream::is_valid_name(state_->protocol)) {
            failure_ = Error(Errc::no_common_protocol, "'" + state_->protocol + "' cannot be the name of a protocol");
        }
    }

    bool is_sent() const noexcept { return sent_ && !sending_; }
    bool is_settled() const noexcept { return settled_; }

    /// Writes `buffers`, behind the proposal if that has not left yet.
    awaitable<result<void>> write(ByteStream& stream, std::span<const ByteView> buffers) {
        while (sending_) {
            auto interrupted = co_await state_->sent.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
        if (failure_) {
            co_return *failure_;
        }
        if (sent_) {
            auto written = co_await stream.write(buffers);
            co_return explain(written);
        }
        Turn turn(sending_, state_->sent);
        sent_ = true;
        const auto proposal = state_->negotiator.take_output();
        std::vector<ByteView> all;
        all.reserve(buffers.size() + 1);
        all.push_back(as_bytes(proposal));
        all.insert(all.end(), buffers.begin(), buffers.end());
        auto written = co_await stream.write(all);
        co_return explain(written);
    }

    /// Waits for the answer. Can be called again after a deadline has passed and was moved.
    awaitable<result<void>> settle(ByteStream& stream) {
        if (!sent_) {
            const std::span<const ByteView> nothing;
            auto flushed = co_await write(stream, nothing);
            if (!flushed) {
                co_return flushed.error();
            }
        }
        while (reading_) {
            auto interrupted = co_await state_->answered.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
        if (settled_) {
            co_return ok();
        }
        if (failure_) {
            co_return *failure_;
        }
        Turn turn(reading_, state_->answered);
        auto agreed = co_await drive(stream, state_->negotiator);
        if (agreed) {
            settled_ = true;
        } else if (state_->negotiator.state() != Negotiator::State::negotiating) {
            failure_ = agreed.error();
        } else if (agreed.error() == asio::error::make_error_code(asio::error::eof)) {
            // Not to be taken for the end of what the protocol says.
            failure_ =
                Error(Errc::protocol_violation, "the remote closed without an answer to '" + state_->protocol + "'");
            co_return *failure_;
        }
        co_return agreed;
    }

    /// The remote's refusal, once it is known, or what is as good as one.
    const std::optional<Error>& failure() const noexcept { return failure_; }

    void fail(Error error) noexcept { failure_ = std::move(error); }

    bool is_idle() const noexcept { return !sending_ && !reading_; }

    /// Gives back what is not needed any more: nobody touches it once the answer is there and all turns are over.
    void shrink() noexcept {
        if (settled_ && is_idle()) {
            state_.reset();
        }
    }

private:
    struct State {
        State(const asio::any_io_executor& executor, ProtocolId name)
            : protocol(std::move(name)),
              negotiator(Negotiator::initiator(std::span(&protocol, 1))),
              sent(executor),
              answered(executor) {}

        ProtocolId protocol;
        Negotiator negotiator;
        Waiter sent;      // the writer, while the reader sends the proposal
        Waiter answered;  // whoever comes second for the answer
    };

    /// Holds a turn while it lives, also when the operation is cancelled, and wakes who waits for it.
    class Turn {
    public:
        Turn(bool& taken, Waiter& next) noexcept : taken_(taken), next_(next) { taken_ = true; }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() {
            taken_ = false;
            next_.notify();
        }

    private:
        bool& taken_;
        Waiter& next_;
    };

    /// A write that failed because the refusal came in the meantime failed for that.
    result<void> explain(const result<void>& written) const {
        if (!written && failure_) {
            return *failure_;
        }
        return written;
    }

    std::unique_ptr<State> state_;
    bool sent_ = false;
    bool sending_ = false;
    bool reading_ = false;
    bool settled_ = false;
    std::optional<Error> failure_;
};

/// A byte stream of any kind with a lazy negotiation in front.
template <class Seam>
class Lazy : public Seam {
public:
    template <class... Base>
    Lazy(std::unique_ptr<Seam> inner, ProtocolId protocol, Base&&... base)
        : Seam(std::forward<Base>(base)...),
          inner_(std::move(inner)),
          opening_(inner_->executor(), std::move(protocol)) {}

    awaitable<result<std::size_t>> read_some(MutableByteView into) override {
        return opening_.is_settled() ? inner_->read_some(into) : settle_and_read(into);
    }

    awaitable<result<void>> write(std::span<const ByteView> buffers) override {
        const bool plain = opening_.is_sent() && !opening_.failure();
        return plain ? inner_->write(buffers) : opening_.write(*inner_, buffers);
    }

    awaitable<result<void>> close_write() override {
        return opening_.is_settled() ? inner_->close_write() : settle_and_close_write();
    }

    asio::any_io_executor executor() const noexcept override { return inner_->executor(); }

    bool is_over() const noexcept { return opening_.is_settled() && opening_.is_idle(); }
    std::unique_ptr<Seam> take_inner() noexcept { return std::move(inner_); }

protected:
    /// Before and after somebody waits for the answer. The second tells whether the answer is overdue.
    virtual void on_waiting() noexcept {}
    virtual bool on_waited() noexcept { return false; }

    /// The remote refused, or did not answer.
    virtual void on_failure() noexcept { inner_->abort(); }

    awaitable<result<void>> settle() {
        on_waiting();
        auto settled = co_await opening_.settle(*inner_);
        const bool overdue = on_waited();
        if (!settled && overdue) {
            opening_.fail(settled.error());
        }
        if (opening_.failure()) {
            on_failure();
        }
        opening_.shrink();
        co_return settled;
    }

    Seam& inner() noexcept { return *inner_; }
    const Seam& inner() const noexcept { return *inner_; }
    bool is_settled() const noexcept { return opening_.is_settled(); }

private:
    awaitable<result<std::size_t>> settle_and_read(MutableByteView into) {
        auto settled = co_await settle();
        if (!settled) {
            co_return settled.error();
        }
        auto got = co_await inner_->read_some(into);
        co_return got;
    }

    awaitable<result<void>> settle_and_close_write() {
        auto settled = co_await settle();
        if (!settled) {
            co_return settled.error();
        }
        auto closed = co_await inner_->close_write();
        co_return closed;
    }

    std::unique_ptr<Seam> inner_;
    Opening opening_;
};

class LazyByteStream final : public Lazy<ByteStream> {
public:
    using Lazy<ByteStream>::Lazy;

    void abort() noexcept override { inner().abort(); }
};

class LazySecureChannel final : public Lazy<SecureChannel> {
public:
    using Lazy<SecureChannel>::Lazy;

    const PublicKey& remote_public_key() const noexcept override { return inner().remote_public_key(); }
    const PeerId& remote_peer() const noexcept override { return inner().remote_peer(); }
    const ProtocolId& early_muxer() const noexcept override { return inner().early_muxer(); }

    awaitable<result<MutableByteView>> read_chunk() override {
        return is_settled() ? inner().read_chunk() : settle_and_read_chunk();
    }

    void abort() noexcept override { inner().abort(); }

private:
    awaitable<result<MutableByteView>> settle_and_read_chunk() {
        auto settled = co_await settle();
        if (!settled) {
            co_return settled.error();
        }
        auto chunk = co_await inner().read_chunk();
        co_return chunk;
    }
};

class LazyStream final : public Lazy<Stream> {
public:
    LazyStream(std::unique_ptr<Stream> stream, ProtocolId protocol, std::chrono::milliseconds answer_timeout)
        : LazyStream(stream->direction(), borrow_info(*stream), stream, std::move(protocol), answer_timeout) {}

    using Stream::abort;
    void abort(StreamErrorCode code) noexcept override { inner().abort(code); }

    void expires_at(Clock::time_point time) noexcept override {
        deadline_ = time;
        inner().expires_at(std::min(deadline_, answer_deadline_));
    }

    std::optional<StreamErrorCode> remote_error() const noexcept override { return inner().remote_error(); }
    std::uint64_t id() const noexcept override { return inner().id(); }

private:
    LazyStream(
        Direction direction,
        std::shared_ptr<const ConnectionInfo> info,
        std::unique_ptr<Stream>& stream,
        ProtocolId protocol,
        std::chrono::milliseconds answer_timeout
    )
        : Lazy<Stream>(std::move(stream), protocol, direction, std::move(info)), answer_timeout_(answer_timeout) {
        set_protocol(std::move(protocol));
        set_charge(std::move(inner().charge()));
    }

    /// The stream beneath shares the connection's information, and lives as long as this one: no count is needed.
    static std::shared_ptr<const ConnectionInfo> borrow_info(const Stream& stream) {
        return std::shared_ptr<const ConnectionInfo>(std::shared_ptr<const void>(), &stream.connection());
    }

    /// The time runs while somebody waits, not from the beginning: who only writes for a minute finds the answer ready.
    void on_waiting() noexcept override {
        if (answer_timeout_.count() > 0 && answer_deadline_ == Clock::time_point::max()) {
            answer_deadline_ = Clock::now() + answer_timeout_;
            inner().expires_at(std::min(deadline_, answer_deadline_));
        }
    }

    bool on_waited() noexcept override {
        if (answer_deadline_ == Clock::time_point::max()) {
            return false;
        }
        const auto due = std::exchange(answer_deadline_, Clock::time_point::max());
        inner().expires_at(deadline_);
        return due <= deadline_ && due <= Clock::now();
    }

    void on_failure() noexcept override { inner().abort(StreamErrorCode::protocol_negotiation_failed); }

    std::chrono::milliseconds answer_timeout_;
    Clock::time_point deadline_ = Clock::time_point::max();
    Clock::time_point answer_deadline_ = Clock::time_point::max();
};

}  // namespace

awaitable<result<ProtocolId>> negotiate_outbound(ByteStream& stream, std::span<const ProtocolId> protocols) {
    if (protocols.empty()) {
        co_return Error(Errc::no_common_protocol, "nothing to propose");
    }
    for (const auto& protocol : protocols) {
        if (!multistream::is_valid_name(protocol)) {
            co_return Error(Errc::no_common_protocol, "'" + protocol + "' cannot be the name of a protocol");
        }
    }
    auto negotiator = Negotiator::initiator(protocols);
    auto agreed = co_await drive(stream, negotiator);
    if (!agreed) {
        co_return agreed.error();
    }
    co_return negotiator.protocol();
}

awaitable<result<ProtocolId>> negotiate_inbound(ByteStream& stream, SupportsProtocol supports, ListProtocols list) {
    auto negotiator = Negotiator::responder(supports, list);
    auto agreed = co_await drive(stream, negotiator);
    if (!agreed) {
        co_return agreed.error();
    }
    co_return negotiator.protocol();
}

awaitable<result<ProtocolId>> negotiate_inbound(ByteStream& stream, std::span<const ProtocolId> protocols) {
    auto supports = [protocols](std::string_view name) {
        return std::find(protocols.begin(), protocols.end(), name) != protocols.end();
    };
    auto list = [protocols] { return std::vector<ProtocolId>(protocols.begin(), protocols.end()); };
    return negotiate_inbound(stream, std::move(supports), std::move(list));
}

std::unique_ptr<Stream> lazy_stream(
    std::unique_ptr<Stream> stream, ProtocolId protocol, std::chrono::milliseconds answer_timeout
) {
    return std::make_unique<LazyStream>(std::move(stream), std::move(protocol), answer_timeout);
}

std::unique_ptr<ByteStream> negotiate_lazily(std::unique_ptr<ByteStream> raw, ProtocolId protocol) {
    return std::make_unique<LazyByteStream>(std::move(raw), std::move(protocol));
}

std::unique_ptr<SecureChannel> negotiate_lazily(std::unique_ptr<SecureChannel> channel, ProtocolId protocol) {
    return std::make_unique<LazySecureChannel>(std::move(channel), std::move(protocol));
}

std::unique_ptr<ByteStream> unwrap_negotiated(std::unique_ptr<ByteStream> stream) {
    auto* lazy = dynamic_cast<LazyByteStream*>(stream.get());
    if (lazy == nullptr || !lazy->is_over()) {
        return stream;
    }
    return lazy->take_inner();
}

}  // namespace libp2p
