// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <cstddef>
#include <utility>

namespace libp2p {

/// Overwrites `bytes` with zeros in a way that no optimiser removes.
void secure_wipe(MutableByteView bytes) noexcept;

/// Secret octets: wiped when the object dies, is assigned to, or is moved from. A copy has to be asked for by name. The
/// size is fixed at construction, so that no reallocation leaves a copy behind.
class SecretBytes {
public:
    SecretBytes() noexcept = default;

    /// `size` zeros.
    explicit SecretBytes(std::size_t size) : bytes_(size) {}
    explicit SecretBytes(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
    SecretBytes(SecretBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    SecretBytes& operator=(SecretBytes&& other) noexcept {
        if (this != &other) {
            secure_wipe(bytes_);
            bytes_ = std::exchange(other.bytes_, {});
        }
        return *this;
    }
    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;
    ~SecretBytes() { secure_wipe(bytes_); }

    SecretBytes clone() const { return SecretBytes(view()); }

    std::size_t size() const noexcept { return bytes_.size(); }
    ByteView view() const noexcept { return bytes_; }
    MutableByteView writable() noexcept { return bytes_; }

private:
    Bytes bytes_;
};

}  // namespace libp2p
