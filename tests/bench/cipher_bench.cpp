// SPDX-License-Identifier: MIT OR Apache-2.0
// ChaCha20-Poly1305 alone, one core, in pieces as Noise cuts them: the ceiling of every secured transfer. Prints JSON.
#include "libp2p/crypto/chacha20_poly1305.hpp"

#include <array>
#include <chrono>
#include <cstdio>

int main() {
    using namespace libp2p;
    constexpr std::size_t kPiece = 65'519;  // what one Noise message holds
    constexpr std::size_t kTotal = std::size_t{1} << 30;
    std::array<std::uint8_t, crypto::ChaCha20Poly1305::kKeySize> key{};
    crypto::ChaCha20Poly1305 cipher(key);
    Bytes plain(kPiece, 1);
    Bytes sealed(kPiece + crypto::ChaCha20Poly1305::kTagSize);
    auto start = std::chrono::steady_clock::now();
    std::uint64_t counter = 0;
    for (std::size_t done = 0; done < kTotal; done += kPiece) {
        cipher.seal(counter++, {}, plain, sealed);
    }
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("{\"cipher_MBps\": %.1f}\n", static_cast<double>(counter * kPiece) / took.count() / 1e6);
    return 0;
}
