// SPDX-License-Identifier: MIT OR Apache-2.0
#include "security/noise/handshake_state.hpp"

#include <boost/assert.hpp>

#include <algorithm>

namespace libp2p::noise {
namespace {

constexpr std::string_view kProtocolName = "Noise_XX_25519_ChaChaPoly_SHA256";

MutableByteView take(MutableByteView& message, std::size_t count) noexcept {
    const auto part = message.first(count);
    message = message.subspan(count);
    return part;
}

}  // namespace

HandshakeState HandshakeState::initiator(
    const crypto::X25519KeyPair& static_key, crypto::X25519KeyPair ephemeral, ByteView prologue
) {
    return {true, static_key, std::move(ephemeral), prologue};
}

HandshakeState HandshakeState::responder(
    const crypto::X25519KeyPair& static_key, crypto::X25519KeyPair ephemeral, ByteView prologue
) {
    return {false, static_key, std::move(ephemeral), prologue};
}

HandshakeState::HandshakeState(
    bool initiator, const crypto::X25519KeyPair& static_key, crypto::X25519KeyPair ephemeral, ByteView prologue
)
    : is_initiator_(initiator), symmetric_(kProtocolName), static_(static_key), ephemeral_(std::move(ephemeral)) {
    symmetric_.mix_hash(prologue);
}

result<void> HandshakeState::write_message(ByteView payload, Bytes& out) {
    BOOST_ASSERT(!is_finished() && is_initiator_ == (next_ % 2 == 0));
    out.reserve(out.size() + kMessageOverhead[next_] + payload.size());
    if (next_ < 2) {
        const auto& e = ephemeral_.public_key();
        out.insert(out.end(), e.begin(), e.end());
        symmetric_.mix_hash(e);
    }
    if (next_ == 1) {
        if (auto mixed = mix_shared(ephemeral_, remote_ephemeral_); !mixed) {  // ee
            return mixed;
        }
    }
    if (next_ > 0) {
        symmetric_.encrypt_and_hash(static_.public_key(), out);
        if (auto mixed = mix_shared(static_, remote_ephemeral_); !mixed) {  // es as responder, se as initiator
            return mixed;
        }
    }
    symmetric_.encrypt_and_hash(payload, out);
    ++next_;
    return ok();
}

result<ByteView> HandshakeState::read_message(MutableByteView message) {
    BOOST_ASSERT(!is_finished() && is_initiator_ == (next_ % 2 == 1));
    if (message.size() < kMessageOverhead[next_]) {
        return Error(Errc::authentication_failed, "a handshake message is too short");
    }
    if (next_ < 2) {
        const auto e = take(message, remote_ephemeral_.size());
        std::copy(e.begin(), e.end(), remote_ephemeral_.begin());
        symmetric_.mix_hash(e);
    }
    if (next_ == 1) {
        if (auto mixed = mix_shared(ephemeral_, remote_ephemeral_); !mixed) {  // ee
            return mixed.error();
        }
    }
    if (next_ > 0) {
        if (auto got = read_static(message); !got) {
            return got.error();
        }
        if (auto mixed = mix_shared(ephemeral_, remote_static_); !mixed) {  // es as initiator, se as responder
            return mixed.error();
        }
    }
    auto payload = symmetric_.decrypt_and_hash(message);
    if (!payload) {
        return payload.error();
    }
    ++next_;
    return ByteView(*payload);
}

SessionKeys HandshakeState::session_keys() const noexcept {
    BOOST_ASSERT(is_finished());
    auto [first, second] = symmetric_.split();
    if (!is_initiator_) {
        std::swap(first, second);
    }
    return {std::move(first), std::move(second), symmetric_.hash()};
}

result<void> HandshakeState::mix_shared(const crypto::X25519KeyPair& ours, const crypto::X25519PublicKey& theirs) {
    auto secret = ours.shared_secret(theirs);
    if (!secret) {
        return secret.error();
    }
    symmetric_.mix_key(*secret);
    return ok();
}

result<void> HandshakeState::read_static(MutableByteView& message) {
    auto key = symmetric_.decrypt_and_hash(take(message, remote_static_.size() + kTagSize));
    if (!key) {
        return key.error();
    }
    std::copy(key->begin(), key->end(), remote_static_.begin());
    return ok();
}

}  // namespace libp2p::noise
