// SPDX-License-Identifier: MIT OR Apache-2.0
#include "security/noise/noise_channel.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstring>

namespace libp2p::noise {
namespace {

constexpr std::size_t kOverhead = kLengthSize + kTagSize;

/// A block to wait in, when the byte stream beneath reads into our memory while it waits, and for more.
constexpr std::size_t kSmallBlock = 4 * 1024;
constexpr std::size_t kFrameBlock = kLengthSize + kMaxMessage;

std::size_t length_at(const std::uint8_t* octets) noexcept {
    return std::size_t{octets[0]} * 256 + octets[1];
}

void put_length(std::uint8_t* to, std::size_t length) noexcept {
    to[0] = static_cast<std::uint8_t>(length / 256);
    to[1] = static_cast<std::uint8_t>(length % 256);
}

bool is_eof(const Error& error) {
    return error == asio::error::make_error_code(asio::error::eof);
}

}  // namespace

NoiseChannel::NoiseChannel(std::unique_ptr<ByteStream> raw, Session session, ByteView early)
    : raw_(std::move(raw)),
      readable_(dynamic_cast<Readable*>(raw_.get())),
      session_(std::move(session)),
      parked_(early.begin(), early.end()),
      parked_size_(early.size()),
      block_size_(kSmallBlock) {}

// --- reading ---

awaitable<result<std::size_t>> NoiseChannel::read_some(MutableByteView into) {
    if (plaintext_.empty()) {
        auto got = co_await next_plaintext();
        if (!got) {
            co_return got.error();
        }
    }
    const auto count = std::min(into.size(), plaintext_.size());
    std::copy_n(plaintext_.begin(), count, into.begin());
    plaintext_ = plaintext_.subspan(count);
    co_return count;
}

awaitable<result<MutableByteView>> NoiseChannel::read_chunk() {
    if (plaintext_.empty()) {
        auto got = co_await next_plaintext();
        if (!got) {
            co_return got.error();
        }
    }
    co_return std::exchange(plaintext_, {});
}

/// Decrypts the next message that carries something, reading as needed.
awaitable<result<void>> NoiseChannel::next_plaintext() {
    for (;;) {
        if (read_failure_.code()) {
            co_return read_failure_;
        }
        if (octets_in_turn_ >= kOctetsPerTurn || messages_in_turn_ >= kMessagesPerTurn) {
            octets_in_turn_ = 0;
            messages_in_turn_ = 0;
            co_await asio::post(raw_->executor(), asio::use_awaitable);
            continue;
        }
        if (open_next()) {
            if (!plaintext_.empty()) {
                co_return ok();
            }
            continue;
        }
        if (read_failure_.code()) {
            co_return read_failure_;
        }
        if (readable_ != nullptr && !drained_) {
            error_code ec;
            if (read_at_hand(ec) > 0) {
                continue;
            }
            if (ec != asio::error::would_block) {
                co_return fail_read(ec);
            }
        }
        auto read = co_await wait_and_read();
        if (!read) {
            co_return fail_read(read.error());
        }
    }
}

/// Waits for octets, holding as little memory as the byte stream beneath lets us.
awaitable<result<void>> NoiseChannel::wait_and_read() {
    if (readable_ != nullptr) {
        drained_ = false;
        park();
        auto ready = co_await readable_->wait_readable();
        co_return ready;
    }
    if (front().empty() && in_.size() > block_size_) {
        in_.release();
        begin_ = end_ = 0;
    }
    make_room(std::max(block_size_, front().size() + missing()));
    const auto room = in_.view().subspan(end_);
    auto got = co_await raw_->read_some(room);
    if (!got) {
        co_return got.error();
    }
    end_ += *got;
    block_size_ = *got == room.size() ? kFrameBlock : kSmallBlock;
    co_return ok();
}

/// Reads without waiting. The rest of a message that was parked goes behind its beginning: no matter in how many pieces
/// it comes, it is not moved around. Everything else goes to a block.
std::size_t NoiseChannel::read_at_hand(error_code& ec) {
    if (parked_size_ >= kLengthSize) {
        if (parked_size_ == parked_.size()) {
            // What is allocated is in proportion to what has arrived, not to what the length says.
            const auto whole = kLengthSize + length_at(parked_.data());
            Bytes larger(std::min(whole, std::max(4 * parked_size_, kSmallBlock)));
            std::copy_n(parked_.begin(), parked_size_, larger.begin());
            parked_ = std::move(larger);
        }
        const auto count = readable_->try_read_some(MutableByteView(parked_).subspan(parked_size_), ec);
        parked_size_ += count;
        return count;
    }
    make_room(PooledBuffer::kMaxSize);
    auto room = in_.view().subspan(end_);
    room = room.first(std::min(room.size(), kMaxReadSize));
    const auto count = readable_->try_read_some(room, ec);
    end_ += count;
    drained_ = count < kSmallBlock && count < room.size();  // a small message: to ask for more would be for nothing
    return count;
}

/// Decrypts the message at the front, if all of it is there. False otherwise, also when that fails: see
/// `read_failure_`.
bool NoiseChannel::open_next() {
    if (parked_size_ == 0) {
        parked_ = Bytes();  // what was lent of it is not needed any more
    }
    if (missing() > 0) {
        return false;
    }
    const auto size = length_at(front().data());
    if (parked_size_ > kLengthSize + size) {
        unpark();  // several messages came behind the handshake
    }
    const auto sealed = front().subspan(kLengthSize, size);
    if (!session_.receive.open_in_place({}, sealed)) {
        fail_read(Error(Errc::authentication_failed, "a Noise message is not authentic"));
        write_failure_ = read_failure_;
        raw_->abort();
        return false;
    }
    if (parked_size_ > 0) {
        parked_size_ = 0;
    } else {
        begin_ += kLengthSize + size;
    }
    octets_in_turn_ += static_cast<std::uint32_t>(kLengthSize + size);
    ++messages_in_turn_;
    plaintext_ = sealed.first(size - kTagSize);
    return true;
}

/// What was received and not decrypted.
MutableByteView NoiseChannel::front() noexcept {
    if (parked_size_ > 0) {
        return {parked_.data(), parked_size_};
    }
    return {in_.data() + begin_, end_ - begin_};
}

/// What the message at the front still lacks, as far as is known.
std::size_t NoiseChannel::missing() noexcept {
    const auto held = front();
    if (held.size() < kLengthSize) {
        return kLengthSize - held.size();
    }
    const auto whole = kLengthSize + length_at(held.data());
    return whole > held.size() ? whole - held.size() : 0;
}

/// Sees to it that there is a block, that it has `block_size` octets or more, and that the message at its front fits.
void NoiseChannel::make_room(std::size_t block_size) {
    const auto held = front();
    if (in_ && in_.size() >= block_size) {
        if (held.empty()) {
            begin_ = end_ = 0;
        } else if (end_ == in_.size() || missing() > in_.size() - end_) {
            std::memmove(in_.data(), held.data(), held.size());
            begin_ = 0;
            end_ = held.size();
        }
        return;
    }
    PooledBuffer block(std::max(block_size, held.size()));
    if (!held.empty()) {
        std::memcpy(block.data(), held.data(), held.size());
    }
    begin_ = 0;
    end_ = held.size();
    in_ = std::move(block);
    parked_ = Bytes();
    parked_size_ = 0;
}

/// Gives the block back, but for the beginning of a message, which is kept in just as much memory.
void NoiseChannel::park() {
    if (!in_) {
        return;
    }
    parked_.assign(in_.data() + begin_, in_.data() + end_);
    parked_size_ = parked_.size();
    in_.release();
    begin_ = end_ = 0;
}

/// The opposite.
void NoiseChannel::unpark() {
    make_room(parked_size_);
}

Error NoiseChannel::fail_read(Error error) {
    if (is_eof(error) && !front().empty()) {
        error = Error(Errc::protocol_violation, "the remote closed in the middle of a Noise message");
    }
    in_.release();
    begin_ = end_ = 0;
    parked_ = Bytes();
    parked_size_ = 0;
    read_failure_ = error;
    return error;
}

// --- writing ---

/// The octets of several buffers that are not sent yet, cut into messages.
class NoiseChannel::Plaintext {
public:
    explicit Plaintext(std::span<const ByteView> buffers) noexcept : buffers_(buffers) { skip_empty(); }

    bool empty() const noexcept { return buffers_.empty(); }

    /// Octets that are left, together with what is added to them, roughly. No more than `limit`.
    std::size_t sealed_size(std::size_t limit) const noexcept {
        std::size_t size = 0;
        for (auto buffer = buffers_.begin(); buffer != buffers_.end() && size < limit; ++buffer) {
            size += buffer->size() + kOverhead * (1 + buffer->size() / kMaxPlaintext);
        }
        return std::min(size - offset_, limit);
    }

    /// The next message, of as many octets as `room` allows, from one large buffer or from several small ones. Large
    /// buffers are cut evenly. Empty when `room` is too small.
    ByteView next(MutableByteView room) noexcept {
        const auto front = buffers_.front().subspan(offset_);
        if (front.size() >= kGatherBelow) {
            const auto pieces = (front.size() + kMaxPlaintext - 1) / kMaxPlaintext;
            const auto size = (front.size() + pieces - 1) / pieces;
            if (size > room.size()) {
                return {};
            }
            advance(size);
            return front.first(size);
        }
        std::size_t size = 0;
        const auto limit = std::min(room.size(), kMaxPlaintext);
        while (!empty()) {
            const auto piece = buffers_.front().subspan(offset_);
            if (piece.size() >= kGatherBelow || piece.size() > limit - size) {
                break;
            }
            std::memcpy(room.data() + size, piece.data(), piece.size());
            size += piece.size();
            advance(piece.size());
        }
        return room.first(size);
    }

private:
    void advance(std::size_t count) noexcept {
        offset_ += count;
        if (offset_ == buffers_.front().size()) {
            offset_ = 0;
            buffers_ = buffers_.subspan(1);
            skip_empty();
        }
    }

    void skip_empty() noexcept {
        while (!buffers_.empty() && buffers_.front().empty()) {
            buffers_ = buffers_.subspan(1);
        }
    }

    std::span<const ByteView> buffers_;
    std::size_t offset_ = 0;  // in the first
};

awaitable<result<void>> NoiseChannel::write(std::span<const ByteView> buffers) {
    if (write_failure_.code()) {
        co_return write_failure_;
    }
    Plaintext plaintext(buffers);
    if (plaintext.empty()) {
        co_return ok();
    }
    // Until it is all out: who cancels us half way leaves behind a channel that cannot go on.
    write_failure_ = Error(asio::error::make_error_code(asio::error::operation_aborted));
    while (!plaintext.empty()) {
        if (!seal_batch(plaintext)) {
            out_.release();
            write_failure_ = Error(Errc::connection_closed, "the keys of the Noise session are used up");
            co_return write_failure_;
        }
        const ByteView sealed(out_.data(), out_size_);
        auto written = co_await raw_->write(std::span(&sealed, 1));
        if (is_dead()) {
            out_.release();
            write_failure_ = read_failure_;
            co_return write_failure_;
        }
        if (!written) {
            out_.release();
            write_failure_ = written.error();
            co_return write_failure_;
        }
    }
    out_.release();
    write_failure_ = Error();
    co_return ok();
}

/// Encrypts as much as is sent at once. False when the counter is used up.
bool NoiseChannel::seal_batch(Plaintext& plaintext) {
    if (!out_) {
        out_ = PooledBuffer(plaintext.sealed_size(kMaxWriteSize));
    }
    out_size_ = 0;
    while (!plaintext.empty() && out_.size() - out_size_ > kOverhead) {
        const auto frame = out_.view().subspan(out_size_);
        const auto text = plaintext.next(frame.subspan(kLengthSize, frame.size() - kOverhead));
        if (text.empty()) {
            break;
        }
        put_length(frame.data(), text.size() + kTagSize);
        if (!session_.send.seal({}, text, frame.subspan(kLengthSize, text.size() + kTagSize))) {
            return false;
        }
        out_size_ += text.size() + kOverhead;
    }
    return true;
}

awaitable<result<void>> NoiseChannel::close_write() {
    if (write_failure_.code()) {
        co_return write_failure_;
    }
    auto closed = co_await raw_->close_write();
    co_return closed;
}

void NoiseChannel::abort() noexcept {
    raw_->abort();
}

}  // namespace libp2p::noise
