// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/keys.hpp>
#include <libp2p/peer_id.hpp>

#include <algorithm>
#include <cstdlib>

using namespace libp2p;

namespace {

void check(const PeerId& peer) {
    for (const auto& text : {peer.to_string(), peer.to_cid_string()}) {
        const auto again = PeerId::parse(text);
        if (!again || *again != peer) {
            std::abort();
        }
    }
    const auto key = peer.public_key();
    if (key && (!peer.has_public_key() || key->peer_id() != peer)) {
        std::abort();
    }
}

}  // namespace

/// A peer id that is read, from octets or from text, is the same after it was printed, and the key inside gives it
/// back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView in(data, size);
    if (const auto peer = PeerId::from_bytes(in)) {
        if (!std::equal(in.begin(), in.end(), peer->bytes().begin(), peer->bytes().end())) {
            std::abort();
        }
        check(*peer);
    }
    if (const auto peer = PeerId::parse(as_text(in))) {
        check(*peer);
    }
    return 0;
}
