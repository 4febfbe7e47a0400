// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/signed_envelope.hpp>

#include <cstdlib>

using namespace libp2p;

/// An envelope that opens is the same after it was written; and whatever the octets hold can be sealed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::string_view kDomain = "libp2p-testing";
    const ByteView in(data, size);
    if (const auto envelope = SignedEnvelope::open(in, kDomain)) {
        const auto again = SignedEnvelope::open(envelope->encode(), kDomain);
        if (!again || *again != *envelope || SignedEnvelope::open(in, "another domain")) {
            std::abort();
        }
    }
    static const auto signer = Identity::generate();
    const auto split = size / 3;
    const auto sealed = SignedEnvelope::seal(signer, kDomain, in.first(split), in.subspan(split));
    const auto octets = sealed.encode();
    const auto opened = SignedEnvelope::open(octets, kDomain);
    if (octets.size() <= kMaxEnvelopeSize ? !opened || *opened != sealed : opened.has_value()) {
        std::abort();
    }
    return 0;
}
