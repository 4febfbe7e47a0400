// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace libp2p::crypto {

/// The record layer of DTLS 1.2 (RFC 6347, 4.1) with AES-128-GCM (RFC 5288), in epoch 1: for the data of a connection
/// whose handshake BoringSSL has made. BoringSSL's own takes and clears 16 KiB of heap for every record, which is most
/// of what a record costs; this one takes none.
class DtlsRecords {
public:
    static constexpr std::size_t kHeaderSize = 13;
    static constexpr std::size_t kExplicitNonceSize = 8;
    static constexpr std::size_t kTagSize = 16;
    static constexpr std::size_t kOverhead = kHeaderSize + kExplicitNonceSize + kTagSize;

    /// Octets of the key block (RFC 5246, 6.3): keys of client and server, then their implicit nonces.
    static constexpr std::size_t kKeyBlockSize = 2 * 16 + 2 * 4;

    static constexpr std::uint8_t kAlert = 21;
    static constexpr std::uint8_t kApplicationData = 23;

    /// Records count up from here. BoringSSL counts from 0, and still has the keys, for a last flight that has to be
    /// repeated: no number, which is a nonce, may be used by both.
    static constexpr std::uint64_t kFirstNumber = std::uint64_t{1} << 32U;

    /// Numbers behind the highest one that was seen, which are still taken once.
    static constexpr std::size_t kReplayWindow = 1024;

    DtlsRecords(std::span<const std::uint8_t, kKeyBlockSize> key_block, bool is_client) noexcept;
    DtlsRecords(const DtlsRecords&) = delete;
    DtlsRecords& operator=(const DtlsRecords&) = delete;
    ~DtlsRecords();

    /// Writes a record with `packet` to `out`, which has room for `kOverhead` more. Returns its size; 0 when all
    /// numbers are used up.
    std::size_t seal(std::uint8_t type, ByteView packet, MutableByteView out) noexcept;

    /// Whether a record at the front of `datagram` is one for `open`.
    static bool is_ours(ByteView datagram) noexcept;

    /// Takes the record at the front of `datagram`, for which `is_ours` holds, and writes what it holds to `out`, which
    /// is as large. Nothing for one that is forged, cut or repeated; one that is cut takes all of the datagram.
    std::optional<std::size_t> open(ByteView& datagram, MutableByteView out) noexcept;

private:
    static constexpr std::size_t kContextSize = 600;
    using Context = std::array<std::byte, kContextSize>;

    bool is_fresh(std::uint64_t number) const noexcept;
    void accept(std::uint64_t number) noexcept;

    alignas(16) Context seal_context_;
    alignas(16) Context open_context_;
    std::array<std::uint8_t, 4> seal_nonce_{};
    std::array<std::uint8_t, 4> open_nonce_{};
    std::uint64_t next_ = kFirstNumber;
    std::uint64_t highest_ = 0;  // that was opened; the bits below are for it and those before it
    std::array<std::uint64_t, kReplayWindow / 64> seen_{};
};

}  // namespace libp2p::crypto
