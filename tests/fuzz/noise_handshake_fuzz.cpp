// SPDX-License-Identifier: MIT OR Apache-2.0

// A Noise handshake with a remote that says anything, as initiator and as responder, behind a lazy negotiation and
// without. The keys are always the same ones, and a reordering of "message 2" in the corpus can therefore be right
// octet for octet.

#include "security/noise/noise_protocol.hpp"
#include "tests/fuzz/fuzz_stream.hpp"

#include <libp2p/negotiate.hpp>

namespace {

using namespace libp2p;

crypto::X25519KeyPair key_from(std::uint8_t first) {
    std::array<std::uint8_t, 32> octets;
    for (auto& octet : octets) {
        octet = first++;
    }
    return crypto::X25519KeyPair::from_private(octets);
}

Identity make_identity() {
    // Ed25519, seed 32 times a1, as in the derived vectors.
    constexpr std::uint8_t kPublic[] = {0xbc, 0x7c, 0xbc, 0xb5, 0x63, 0x63, 0x75, 0xfa, 0x1d, 0x82, 0x43,
                                        0x4d, 0x46, 0x67, 0x24, 0xd9, 0x23, 0x77, 0xf5, 0x3b, 0x98, 0x06,
                                        0x95, 0xdd, 0x49, 0xd2, 0x6d, 0x0c, 0xe1, 0x22, 0x05, 0xa5};
    Bytes message{0x08, 0x01, 0x12, 0x40};
    message.insert(message.end(), 32, 0xa1);
    message.insert(message.end(), std::begin(kPublic), std::end(kPublic));
    return Identity(PrivateKey::decode(message).value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static noise::NoiseProtocol protocol(make_identity(), key_from(0x00));
    if (size == 0) {
        return 0;
    }
    const auto mode = data[0];
    const bool initiator = mode % 2 == 0;
    const bool lazy = mode / 2 % 2 == 1;
    const std::size_t max_read = mode / 4 % 8 == 0 ? 100'000 : mode / 4 % 8;
    fuzz::run([&](asio::any_io_executor executor) -> awaitable<void> {
        std::unique_ptr<ByteStream> raw =
            std::make_unique<fuzz::FuzzStream>(executor, ByteView(data + 1, size - 1), max_read);
        if (lazy) {
            raw = negotiate_lazily(std::move(raw), "/noise");
        }
        protocol.use_next(key_from(0x20));
        SecurityOptions options(initiator ? Direction::outbound : Direction::inbound, std::nullopt, {"/yamux/1.0.0"});
        auto channel = co_await protocol.secure(std::move(raw), std::move(options));
        if (channel) {
            // The corpus has a remote that is right; then the rest is its messages.
            Bytes into(100);
            for (;;) {
                auto got = co_await (*channel)->read_some(into);
                if (!got) {
                    break;
                }
            }
        }
    });
    return 0;
}
