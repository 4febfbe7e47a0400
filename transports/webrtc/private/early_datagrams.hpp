// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace libp2p::webrtc {

/// What a remote sends before there is a pair to answer over: it has chosen one before us, and begins with DTLS. A
/// ClientHello, in fragments and repeated, finds room; what is dropped is sent again once nobody answers it.
class EarlyDatagrams {
public:
    static constexpr std::size_t kMaxCount = 8;
    static constexpr std::size_t kMaxSize = 4096;  ///< of each, in octets

    /// Keeps a copy, or drops it past a bound.
    void keep(ByteView datagram) {
        if (kept_.size() < kMaxCount && datagram.size() <= kMaxSize) {
            kept_.emplace_back(datagram.begin(), datagram.end());
        }
    }

    /// In the order of their coming; afterwards there are none.
    std::vector<Bytes> take() noexcept { return std::exchange(kept_, {}); }

private:
    std::vector<Bytes> kept_;
};

}  // namespace libp2p::webrtc
