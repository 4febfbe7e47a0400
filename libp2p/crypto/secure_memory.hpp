// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>
#include <libp2p/secret_bytes.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace libp2p::crypto {

using libp2p::SecretBytes;
using libp2p::secure_wipe;

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
bool constant_time_equal(ByteView a, ByteView b) noexcept;

/// `Size` secret octets that are wiped when the object dies, is assigned to, or is moved from. Starts as zeros.
/// A copy has to be asked for by name.
template <std::size_t Size>
class SecretArray {
public:
    SecretArray() noexcept = default;
    explicit SecretArray(std::span<const std::uint8_t, Size> bytes) noexcept {
        std::copy(bytes.begin(), bytes.end(), bytes_.begin());
    }
    SecretArray(SecretArray&& other) noexcept : bytes_(other.bytes_) { other.wipe(); }
    SecretArray& operator=(SecretArray&& other) noexcept {
        if (this != &other) {
            bytes_ = other.bytes_;
            other.wipe();
        }
        return *this;
    }
    SecretArray(const SecretArray&) = delete;
    SecretArray& operator=(const SecretArray&) = delete;
    ~SecretArray() { wipe(); }

    SecretArray clone() const noexcept { return SecretArray(view()); }

    static constexpr std::size_t size() noexcept { return Size; }
    std::uint8_t* data() noexcept { return bytes_.data(); }
    const std::uint8_t* data() const noexcept { return bytes_.data(); }

    /// The octets, borrowed.
    std::span<const std::uint8_t, Size> view() const noexcept { return bytes_; }
    std::span<std::uint8_t, Size> writable() noexcept { return bytes_; }

    void wipe() noexcept { secure_wipe(bytes_); }

private:
    std::array<std::uint8_t, Size> bytes_{};
};

/// A symmetric key, a chaining key, a shared secret.
using Secret32 = SecretArray<32>;

}  // namespace libp2p::crypto
