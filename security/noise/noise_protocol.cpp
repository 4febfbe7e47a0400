// SPDX-License-Identifier: MIT OR Apache-2.0
#include "security/noise/noise_protocol.hpp"

#include "proto/noise_payload.hpp"
#include "security/noise/noise_channel.hpp"

#include <libp2p/negotiate.hpp>
#include <libp2p/security_protocols.hpp>

#include <algorithm>

namespace libp2p {

std::unique_ptr<SecurityProtocol> make_noise(Identity identity) {
    return std::make_unique<noise::NoiseProtocol>(std::move(identity));
}

}  // namespace libp2p

namespace libp2p::noise {
namespace {

/// What an identity key signs: this, and then the static key.
constexpr std::string_view kSignatureContext = "noise-libp2p-static-key:";

/// Octets to read at first; enough for the messages of all but RSA identities.
constexpr std::size_t kFirstRead = 512;

Bytes signed_text(const crypto::X25519PublicKey& static_key) {
    const auto context = as_bytes(kSignatureContext);
    Bytes text(context.begin(), context.end());
    text.insert(text.end(), static_key.begin(), static_key.end());
    return text;
}

/// The first of the initiator's muxers that the responder has too; nothing when one of them offers none, as peers do
/// that know nothing of this.
result<ProtocolId> choose_muxer(const std::vector<std::string>& initiator, const std::vector<std::string>& responder) {
    if (initiator.empty() || responder.empty()) {
        return ProtocolId();
    }
    for (const auto& muxer : initiator) {
        if (std::find(responder.begin(), responder.end(), muxer) != responder.end()) {
            return muxer;
        }
    }
    return Error(Errc::no_common_protocol, "the remote offers none of our muxers");
}

/// What the remote's payload proves.
struct Remote {
    PublicKey key;
    PeerId peer;
    std::vector<std::string> muxers;
};

result<Remote> check_payload(
    ByteView octets,
    const crypto::X25519PublicKey& static_key,
    const std::optional<PeerId>& expected,
    VerifiedProofs& verified
) {
    auto payload = decode_payload(octets);
    if (!payload) {
        return Error(Errc::authentication_failed, "the remote's handshake payload cannot be read");
    }
    auto key = PublicKey::decode(payload->identity_key);
    if (!key) {
        return Error(Errc::authentication_failed, "the remote's identity key cannot be used: " + key.error().message());
    }
    auto peer = key->peer_id();
    // Before the signature: nothing that a peer says matters who is not the one we want.
    if (expected && peer != *expected) {
        return Error(Errc::peer_mismatch, "expected " + expected->to_string() + ", found " + peer.to_string());
    }
    if (!verified.verify(*key, signed_text(static_key), payload->identity_signature)) {
        return Error(Errc::authentication_failed, "the remote did not prove that it has its identity key");
    }
    return Remote{std::move(*key), peer, std::move(payload->stream_muxers)};
}

}  // namespace

/// One handshake under way: the machine, its framing, and what it found out about the remote.
class NoiseProtocol::Handshake {
public:
    Handshake(ByteStream& raw, HandshakeState state) : raw_(raw), state_(std::move(state)) {}

    /// Sends the next message.
    awaitable<result<void>> send(ByteView payload) {
        Bytes message(kLengthSize);
        auto made = state_.write_message(payload, message);
        if (!made) {
            co_return made.error();
        }
        const auto size = message.size() - kLengthSize;
        message[0] = static_cast<std::uint8_t>(size / 256);
        message[1] = static_cast<std::uint8_t>(size % 256);
        auto sent = co_await write(raw_, message);
        co_return sent;
    }

    /// Waits for the next message, and returns its payload, which stays valid until the next one.
    awaitable<result<ByteView>> receive() {
        for (;;) {
            const auto held = end_ - begin_;
            std::size_t wanted = kLengthSize;
            if (held >= kLengthSize) {
                wanted += in_[begin_] * std::size_t{256} + in_[begin_ + 1];
            }
            if (wanted > kLengthSize + kMaxHandshakeMessage) {
                co_return Error(Errc::protocol_violation, "a handshake message is too long");
            }
            if (held >= wanted) {  // also a message of no octets, which the state refuses
                const auto message = MutableByteView(in_).subspan(begin_ + kLengthSize, wanted - kLengthSize);
                begin_ += wanted;
                co_return state_.read_message(message);
            }
            make_room();
            auto got = co_await raw_.read_some(MutableByteView(in_).subspan(end_));
            if (!got) {
                co_return got.error();
            }
            end_ += *got;
        }
    }

    /// Takes what the payload proves, and agrees on a muxer. `ours` is best first.
    result<void> accept(ByteView payload, const SecurityOptions& options, VerifiedProofs& verified) {
        auto found = check_payload(payload, state_.remote_static_key(), options.expected_peer, verified);
        if (!found) {
            return found.error();
        }
        const bool initiator = options.direction == Direction::outbound;
        auto muxer =
            initiator ? choose_muxer(options.muxers, found->muxers) : choose_muxer(found->muxers, options.muxers);
        if (!muxer) {
            return muxer.error();
        }
        remote_ = std::move(*found);
        early_muxer_ = std::move(*muxer);
        return ok();
    }

    /// The channel that follows from a finished handshake.
    std::unique_ptr<SecureChannel> finish(std::unique_ptr<ByteStream> raw) {
        const auto keys = state_.session_keys();
        Session session{
            CipherState(keys.send),
            CipherState(keys.receive),
            std::move(remote_->key),
            remote_->peer,
            std::move(early_muxer_)
        };
        const auto early = ByteView(in_).subspan(begin_, end_ - begin_);
        return std::make_unique<NoiseChannel>(unwrap_negotiated(std::move(raw)), std::move(session), early);
    }

private:
    /// Grows with what has arrived: to twice of that, and never past the longest message.
    void make_room() {
        if (begin_ == end_) {
            begin_ = end_ = 0;
        } else if (begin_ > 0) {
            std::copy(in_.data() + begin_, in_.data() + end_, in_.data());
            end_ -= begin_;
            begin_ = 0;
        }
        if (end_ == in_.size()) {
            in_.resize(std::clamp(2 * end_, kFirstRead, kLengthSize + kMaxHandshakeMessage));
        }
    }

    ByteStream& raw_;
    HandshakeState state_;
    Bytes in_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::optional<Remote> remote_;
    ProtocolId early_muxer_;
};

bool VerifiedProofs::verify(const PublicKey& key, ByteView text, ByteView signature) {
    // The three parts cannot run into one another: the key says how long it is, and the text is always of one length.
    crypto::Sha256 hash;
    const auto digest = hash.update(key.encoded()).update(text).update(signature).finish();
    const auto end = digests_.begin() + static_cast<std::ptrdiff_t>(std::min(count_, kRemembered));
    if (std::find(digests_.begin(), end, digest) != end) {
        return true;
    }
    if (!key.verify(text, signature)) {
        return false;
    }
    digests_[count_++ % kRemembered] = digest;
    return true;
}

NoiseProtocol::NoiseProtocol(Identity identity, crypto::X25519KeyPair static_key)
    : identity_(std::move(identity)),
      static_key_(std::move(static_key)),
      signature_(identity_.sign(signed_text(static_key_.public_key()))) {}

awaitable<result<std::unique_ptr<SecureChannel>>> NoiseProtocol::secure(
    std::unique_ptr<ByteStream> raw, SecurityOptions options
) {
    const bool initiator = options.direction == Direction::outbound;
    auto make_state = initiator ? &HandshakeState::initiator : &HandshakeState::responder;
    Handshake handshake(*raw, make_state(static_key_, take_ephemeral(), options.prologue));
    result<void> done;
    if (initiator) {
        done = co_await initiate(handshake, options);
    } else {
        done = co_await respond(handshake, options);
    }
    if (!done) {
        co_return done.error().with_context("Noise handshake");
    }
    co_return handshake.finish(std::move(raw));
}

awaitable<result<void>> NoiseProtocol::initiate(Handshake& handshake, const SecurityOptions& options) {
    auto sent = co_await handshake.send(ByteView());
    if (!sent) {
        co_return sent.error();
    }
    prepare_ephemeral();
    auto payload = co_await handshake.receive();
    if (!payload) {
        co_return payload.error();
    }
    if (auto accepted = handshake.accept(*payload, options, verified_); !accepted) {
        co_return accepted.error();
    }
    const auto proof = our_payload(options);
    sent = co_await handshake.send(proof);
    co_return sent;
}

awaitable<result<void>> NoiseProtocol::respond(Handshake& handshake, const SecurityOptions& options) {
    auto early = co_await handshake.receive();
    if (!early) {
        co_return early.error();
    }
    // A payload of the first message is neither encrypted nor specified: it is ignored.
    const auto proof = our_payload(options);
    auto sent = co_await handshake.send(proof);
    if (!sent) {
        co_return sent.error();
    }
    prepare_ephemeral();
    auto payload = co_await handshake.receive();
    if (!payload) {
        co_return payload.error();
    }
    co_return handshake.accept(*payload, options, verified_);
}

Bytes NoiseProtocol::our_payload(const SecurityOptions& options) const {
    const auto key = identity_.public_key().encoded();
    Payload payload;
    payload.identity_key.assign(key.begin(), key.end());
    payload.identity_signature = signature_;
    payload.stream_muxers = options.muxers;
    return encode(payload);
}

crypto::X25519KeyPair NoiseProtocol::take_ephemeral() noexcept {
    prepare_ephemeral();
    auto ephemeral = std::move(*next_ephemeral_);
    next_ephemeral_.reset();
    return ephemeral;
}

/// Called where the remote is about to compute for a while anyway.
void NoiseProtocol::prepare_ephemeral() noexcept {
    if (!next_ephemeral_) {
        next_ephemeral_ = crypto::X25519KeyPair::generate();
    }
}

}  // namespace libp2p::noise
