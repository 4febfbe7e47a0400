// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/dtls_records.hpp"

#include "libp2p/crypto/boringssl.hpp"
#include "libp2p/crypto/secure_memory.hpp"

#include <openssl/aead.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace libp2p::crypto {
namespace {

constexpr std::size_t kKeySize = 16;
constexpr std::uint64_t kEpoch = std::uint64_t{1} << 48U;
constexpr std::uint64_t kLastNumber = kEpoch - 1;
constexpr std::size_t kWordBits = 64;

using Nonce = std::array<std::uint8_t, 12>;
using AdditionalData = std::array<std::uint8_t, 13>;

template <class Storage>
auto* context(Storage& storage) noexcept {
    using Pointer = std::conditional_t<std::is_const_v<Storage>, const EVP_AEAD_CTX*, EVP_AEAD_CTX*>;
    static_assert(sizeof(EVP_AEAD_CTX) <= sizeof(Storage) && alignof(EVP_AEAD_CTX) <= 16);
    return std::launder(reinterpret_cast<Pointer>(storage.data()));
}

void write_number(std::uint64_t number, std::uint8_t* out) noexcept {
    for (std::size_t i = 0; i < 8; ++i) {
        out[i] = static_cast<std::uint8_t>(number >> (8 * (7 - i)));
    }
}

std::uint64_t read_number(const std::uint8_t* in) noexcept {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        number = number << 8U | in[i];
    }
    return number;
}

/// Epoch and sequence number, type, version, length of the plain text (RFC 5246, 6.2.3.3).
AdditionalData additional_data(const std::uint8_t* header, std::size_t size) noexcept {
    AdditionalData data{};
    std::copy_n(header + 3, 8, data.begin());
    data[8] = header[0];
    data[9] = header[1];
    data[10] = header[2];
    data[11] = static_cast<std::uint8_t>(size >> 8U);
    data[12] = static_cast<std::uint8_t>(size);
    return data;
}

Nonce nonce_of(const std::array<std::uint8_t, 4>& implicit, const std::uint8_t* explicit_part) noexcept {
    Nonce nonce{};
    std::copy(implicit.begin(), implicit.end(), nonce.begin());
    std::copy_n(explicit_part, DtlsRecords::kExplicitNonceSize, nonce.begin() + 4);
    return nonce;
}

}  // namespace

DtlsRecords::DtlsRecords(std::span<const std::uint8_t, kKeyBlockSize> key_block, bool is_client) noexcept {
    const auto* keys = key_block.data();
    const auto* nonces = keys + 2 * kKeySize;
    const std::size_t own = is_client ? 0 : 1;
    const std::size_t remote = 1 - own;
    auto* sealing = ::new (seal_context_.data()) EVP_AEAD_CTX;
    auto* opening = ::new (open_context_.data()) EVP_AEAD_CTX;
    const auto* cipher = EVP_aead_aes_128_gcm();
    must(EVP_AEAD_CTX_init(sealing, cipher, keys + own * kKeySize, kKeySize, kTagSize, nullptr) == 1);
    must(EVP_AEAD_CTX_init(opening, cipher, keys + remote * kKeySize, kKeySize, kTagSize, nullptr) == 1);
    std::copy_n(nonces + own * 4, 4, seal_nonce_.begin());
    std::copy_n(nonces + remote * 4, 4, open_nonce_.begin());
}

DtlsRecords::~DtlsRecords() {
    for (auto* storage : {&seal_context_, &open_context_}) {
        EVP_AEAD_CTX_cleanup(context(*storage));
        secure_wipe({reinterpret_cast<std::uint8_t*>(storage->data()), storage->size()});
    }
}

std::size_t DtlsRecords::seal(std::uint8_t type, ByteView packet, MutableByteView out) noexcept {
    if (next_ > kLastNumber) {
        return 0;
    }
    auto* header = out.data();
    header[0] = type;
    header[1] = 0xfe;
    header[2] = 0xfd;
    write_number(kEpoch | next_++, header + 3);
    const auto length = kExplicitNonceSize + packet.size() + kTagSize;
    header[11] = static_cast<std::uint8_t>(length >> 8U);
    header[12] = static_cast<std::uint8_t>(length);
    auto* explicit_nonce = header + kHeaderSize;
    std::copy_n(header + 3, kExplicitNonceSize, explicit_nonce);
    const auto nonce = nonce_of(seal_nonce_, explicit_nonce);
    const auto data = additional_data(header, packet.size());
    std::size_t written = 0;
    must(
        EVP_AEAD_CTX_seal(
            context(seal_context_),
            explicit_nonce + kExplicitNonceSize,
            &written,
            out.size() - kHeaderSize - kExplicitNonceSize,
            nonce.data(),
            nonce.size(),
            packet.data(),
            packet.size(),
            data.data(),
            data.size()
        ) == 1
    );
    return kHeaderSize + kExplicitNonceSize + written;
}

bool DtlsRecords::is_ours(ByteView datagram) noexcept {
    return datagram.size() >= kHeaderSize && datagram[0] == kApplicationData && datagram[1] == 0xfe &&
           datagram[2] == 0xfd && datagram[3] == 0 && datagram[4] == 1;
}

std::optional<std::size_t> DtlsRecords::open(ByteView& datagram, MutableByteView out) noexcept {
    const auto* header = datagram.data();
    const std::size_t length = header[11] * std::size_t{256} + header[12];
    if (length < kExplicitNonceSize + kTagSize || length > datagram.size() - kHeaderSize) {
        datagram = {};
        return std::nullopt;
    }
    const auto record = datagram.subspan(kHeaderSize, length);
    datagram = datagram.subspan(kHeaderSize + length);
    const auto number = read_number(header + 3) & kLastNumber;
    if (!is_fresh(number)) {
        return std::nullopt;
    }
    const auto size = length - kExplicitNonceSize - kTagSize;
    const auto nonce = nonce_of(open_nonce_, record.data());
    const auto data = additional_data(header, size);
    std::size_t written = 0;
    if (EVP_AEAD_CTX_open(
            context(open_context_),
            out.data(),
            &written,
            out.size(),
            nonce.data(),
            nonce.size(),
            record.data() + kExplicitNonceSize,
            record.size() - kExplicitNonceSize,
            data.data(),
            data.size()
        ) != 1) {
        ERR_clear_error();
        return std::nullopt;
    }
    accept(number);
    return written;
}

bool DtlsRecords::is_fresh(std::uint64_t number) const noexcept {
    if (number > highest_) {
        return true;
    }
    if (highest_ - number >= kReplayWindow) {
        return false;
    }
    const auto bit = number % kReplayWindow;
    return (seen_[bit / kWordBits] >> (bit % kWordBits) & 1U) == 0;
}

/// Only for numbers that were proved.
void DtlsRecords::accept(std::uint64_t number) noexcept {
    if (number > highest_) {
        if (number - highest_ >= kReplayWindow) {
            seen_.fill(0);
        } else {
            for (auto passed = highest_ + 1; passed < number; ++passed) {
                const auto bit = passed % kReplayWindow;
                seen_[bit / kWordBits] &= ~(std::uint64_t{1} << (bit % kWordBits));
            }
        }
        highest_ = number;
    }
    const auto bit = number % kReplayWindow;
    seen_[bit / kWordBits] |= std::uint64_t{1} << (bit % kWordBits);
}

}  // namespace libp2p::crypto
