// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace libp2p::webrtc {
namespace {

constexpr std::size_t kChecksumOffset = 8;

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        auto value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value >> 1U) ^ ((value & 1U) != 0 ? 0x82F63B78U : 0U);
        }
        table[i] = value;
    }
    return table;
}

std::uint32_t by_table(ByteView octets) noexcept {
    static constexpr auto table = make_table();
    auto crc = ~0U;
    for (auto octet : octets) {
        crc = table[(crc ^ octet) & 0xFFU] ^ (crc >> 8U);
    }
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(ByteView octets) noexcept {
    std::uint64_t crc = ~0U;
    std::size_t done = 0;
    for (; done + 8 <= octets.size(); done += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, octets.data() + done, 8);
        crc = _mm_crc32_u64(crc, word);
    }
    auto rest = static_cast<std::uint32_t>(crc);
    for (; done < octets.size(); ++done) {
        rest = _mm_crc32_u8(rest, octets[done]);
    }
    return ~rest;
}
#endif

}  // namespace

std::uint32_t crc32c(ByteView octets) noexcept {
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("sse4.2");
    if (has_instruction) {
        return by_instruction(octets);
    }
#endif
    return by_table(octets);
}

void write_sctp_checksum(MutableByteView packet) noexcept {
    std::memset(packet.data() + kChecksumOffset, 0, 4);
    auto crc = crc32c(packet);
    for (std::size_t i = 0; i < 4; ++i) {
        packet[kChecksumOffset + i] = static_cast<std::uint8_t>(crc >> (8 * i));  // least significant octet first
    }
}

}  // namespace libp2p::webrtc
