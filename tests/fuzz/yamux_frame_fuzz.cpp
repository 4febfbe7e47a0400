// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_frame.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

using namespace libp2p;
using namespace libp2p::yamux;

/// What is read is written back to the same octets; what is refused has another version or type.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteView in(data, size);
    while (in.size() >= kHeaderSize) {
        const auto head = in.first<kHeaderSize>();
        if (const auto header = decode(head)) {
            std::array<std::uint8_t, kHeaderSize> out{};
            encode(*header, out);
            if (!std::equal(out.begin(), out.end(), head.begin())) {
                std::abort();
            }
        } else if (head[0] == 0 && head[1] <= 3) {
            std::abort();
        }
        in = in.subspan(kHeaderSize);
    }
    return 0;
}
