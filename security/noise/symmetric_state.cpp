// SPDX-License-Identifier: MIT OR Apache-2.0
#include "security/noise/symmetric_state.hpp"

#include "libp2p/crypto/hkdf.hpp"

#include <boost/assert.hpp>

#include <algorithm>

namespace libp2p::noise {

SymmetricState::SymmetricState(std::string_view protocol_name) noexcept : hash_{} {
    // Names up to the size of a hash stand for themselves; ours have exactly that size.
    BOOST_ASSERT(protocol_name.size() <= hash_.size());
    const auto name = as_bytes(protocol_name);
    std::copy(name.begin(), name.end(), hash_.begin());
    chaining_key_ = crypto::Secret32(hash_);
}

void SymmetricState::mix_hash(ByteView data) noexcept {
    crypto::Sha256 hash;
    hash_ = hash.update(hash_).update(data).finish();
}

void SymmetricState::mix_key(const crypto::Secret32& input) noexcept {
    auto keys = crypto::noise_hkdf2(chaining_key_, input.view());
    chaining_key_ = std::move(keys.first);
    cipher_.emplace(keys.second);
}

void SymmetricState::encrypt_and_hash(ByteView plaintext, Bytes& out) {
    const auto before = out.size();
    out.resize(before + plaintext.size() + overhead());
    const auto sealed = MutableByteView(out).subspan(before);
    if (cipher_) {
        const bool sealed_it = cipher_->seal(hash_, plaintext, sealed);
        BOOST_VERIFY(sealed_it);  // a handshake has a handful of messages
    } else {
        std::copy(plaintext.begin(), plaintext.end(), sealed.begin());
    }
    mix_hash(sealed);
}

result<MutableByteView> SymmetricState::decrypt_and_hash(MutableByteView data) noexcept {
    if (!cipher_) {
        mix_hash(data);
        return data;
    }
    // The hash takes in the ciphertext, which does not survive being decrypted; but the old hash is needed for that.
    const auto associated = hash_;
    mix_hash(data);
    if (!cipher_->open_in_place(associated, data)) {
        return Error(Errc::authentication_failed);
    }
    return data.first(data.size() - kTagSize);
}

std::pair<crypto::Secret32, crypto::Secret32> SymmetricState::split() const noexcept {
    auto keys = crypto::noise_hkdf2(chaining_key_, {});
    return {std::move(keys.first), std::move(keys.second)};
}

}  // namespace libp2p::noise
