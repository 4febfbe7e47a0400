// SPDX-License-Identifier: MIT OR Apache-2.0

// The check that a listener makes before it keeps anything for an address. What passes is a plain handshake record of a
// size that was looked at, and a server that is given it holds no more than its bounds allow.

#include "libp2p/crypto/dtls.hpp"

#include <cstdlib>

namespace {

using namespace libp2p;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView datagram(data, size);
    if (!crypto::is_client_hello(datagram)) {
        return 0;
    }
    require(size >= 25 && data[0] == 22 && data[1] == 0xfe && data[13] == 1);
    require(data[14] == 0 && (data[15] << 8 | data[16]) <= int{crypto::DtlsSession::kMaxHandshakeMessage});
    require(data[17] == 0 && data[18] == 0);
    // Every prefix that still passes ends after the piece; one octet less than the piece does not pass.
    const auto piece = std::size_t{25} + (std::size_t{data[22]} << 16 | std::size_t{data[23]} << 8 | data[24]);
    require(piece <= size);
    require(!crypto::is_client_hello(datagram.first(piece - 1)));
    return 0;
}
