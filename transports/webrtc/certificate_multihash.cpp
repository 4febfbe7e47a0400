// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/certificate_multihash.hpp"

#include "proto/multicodec.hpp"
#include "proto/multihash.hpp"

namespace libp2p::webrtc {

Bytes certificate_multihash(const crypto::Sha256Digest& digest) {
    return proto::encode_multihash({proto::multicodec::kSha2_256, digest});
}

}  // namespace libp2p::webrtc
