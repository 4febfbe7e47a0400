// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/cid.hpp"

#include <cstdlib>
#include <string_view>

using namespace libp2p::proto;

namespace {

void check(const Cid& cid) {
    const auto octets = encode_cid(cid);
    const auto again = decode_cid(octets);
    if (!again || *again != cid) {
        std::abort();
    }
    for (const auto base : {Base::base32, Base::base36, Base::base64url}) {
        const auto parsed = parse_cid(to_text(cid, base));
        if (!parsed || *parsed != cid) {
            std::abort();
        }
    }
}

}  // namespace

/// A CID that is read, from octets or from text, is the same after it was written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (const auto cid = decode_cid(ByteView(data, size))) {
        if (encode_cid(*cid) != Bytes(data, data + size)) {
            std::abort();
        }
        check(*cid);
    }
    if (const auto cid = parse_cid(std::string_view(reinterpret_cast<const char*>(data), size))) {
        check(*cid);
    }
    return 0;
}
