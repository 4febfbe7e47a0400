// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "security/noise/cipher_state.hpp"
#include "security/noise/pooled_buffer.hpp"

#include <libp2p/readable.hpp>
#include <libp2p/security.hpp>

#include <memory>

namespace libp2p::noise {

/// Octets of the length in front of each message.
inline constexpr std::size_t kLengthSize = 2;

/// The largest message, tag included, and how much it can carry.
inline constexpr std::size_t kMaxMessage = 65'535;
inline constexpr std::size_t kMaxPlaintext = kMaxMessage - kTagSize;

/// Buffers from this size on are encrypted from where they are, into messages of their own. Smaller ones are gathered
/// first: copying them costs less than a message each.
inline constexpr std::size_t kGatherBelow = 2048;

/// At most so many octets are read, or written, by one call of the byte stream beneath.
inline constexpr std::size_t kMaxReadSize = 256 * 1024;
inline constexpr std::size_t kMaxWriteSize = 256 * 1024;

/// Who reads without pause lets the others have their turn after so many octets, or messages.
inline constexpr std::size_t kOctetsPerTurn = 256 * 1024;
inline constexpr std::size_t kMessagesPerTurn = 512;

/// What a handshake has come to.
struct Session {
    CipherState send;
    CipherState receive;
    PublicKey remote_key;
    PeerId remote_peer;
    ProtocolId early_muxer;
};

/// A byte stream in messages of Noise, each a length, a ciphertext and a tag.
///
/// Plaintext is encrypted from the caller's buffers straight into what is sent, and decrypted where it was received: no
/// octet is copied, but for small writes, for messages that a read cuts in two, and for `read_some`. A channel with
/// nothing to do holds no buffer, provided that the byte stream beneath is `Readable`.
///
/// A message that is not authentic ends the channel, in both directions.
class NoiseChannel final : public SecureChannel {
public:
    /// `early` is what was read behind the handshake.
    NoiseChannel(std::unique_ptr<ByteStream> raw, Session session, ByteView early);

    awaitable<result<std::size_t>> read_some(MutableByteView into) override;
    awaitable<result<MutableByteView>> read_chunk() override;
    awaitable<result<void>> write(std::span<const ByteView> buffers) override;
    awaitable<result<void>> close_write() override;
    void abort() noexcept override;
    asio::any_io_executor executor() const noexcept override { return raw_->executor(); }

    const PublicKey& remote_public_key() const noexcept override { return session_.remote_key; }
    const PeerId& remote_peer() const noexcept override { return session_.remote_peer; }
    const ProtocolId& early_muxer() const noexcept override { return session_.early_muxer; }

private:
    class Plaintext;

    awaitable<result<void>> next_plaintext();
    awaitable<result<void>> wait_and_read();
    std::size_t read_at_hand(error_code& ec);
    bool open_next();
    void make_room(std::size_t block_size);
    void park();
    void unpark();
    MutableByteView front() noexcept;
    std::size_t missing() noexcept;
    Error fail_read(Error error);

    /// A message was not authentic.
    bool is_dead() const noexcept { return read_failure_ == Errc::authentication_failed; }

    bool seal_batch(Plaintext& plaintext);

    std::unique_ptr<ByteStream> raw_;
    Readable* readable_;  // raw_ again, if it can do that
    Session session_;

    // Reading. What was received and not decrypted is [begin_, end_) of the block; or, while the rest of one message is
    // waited for, the first octets of `parked_`.
    PooledBuffer in_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    Bytes parked_;
    std::size_t parked_size_ = 0;
    MutableByteView plaintext_;  // decrypted and not handed out; in the block, or in `parked_`
    std::size_t block_size_;     // to read into, when the byte stream beneath is not Readable
    std::uint32_t octets_in_turn_ = 0;
    std::uint32_t messages_in_turn_ = 0;
    bool drained_ = false;  // nothing was left behind the last read
    Error read_failure_;    // none while its code is zero; the same below

    // Writing.
    PooledBuffer out_;
    std::size_t out_size_ = 0;
    Error write_failure_;
};

}  // namespace libp2p::noise
