// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/internal/relay_voucher.hpp"
#include "proto/relay_message.hpp"

#include <cstdlib>

using namespace libp2p;

/// A voucher that is read is the same after it was written. Envelopes are nearly always refused, because of the
/// signature; the parsers in front of it run all the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView in(data, size);
    if (const auto message = relay::decode_voucher_message(in)) {
        const auto octets = relay::encode(*message);
        if (octets.size() <= relay::kMaxMessageSize && relay::decode_voucher_message(octets).value() != *message) {
            std::abort();
        }
    }
    if (const auto voucher = relay::Voucher::open(in)) {
        // What was opened is refused to everybody else.
        if (relay::check_voucher(in, voucher->relay, voucher->peer, voucher->expiration)) {
            std::abort();
        }
    }
    return 0;
}
