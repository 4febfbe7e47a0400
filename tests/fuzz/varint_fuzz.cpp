// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/protobuf_scan.hpp"
#include "proto/varint.hpp"

#include <cstdlib>

using namespace libp2p::proto;

/// What is read is written back to the same octets, and no other octets give the same number.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView in(data, size);
    if (const auto read = decode_varint(in)) {
        Bytes out;
        append_varint(out, read->value);
        const auto taken = in.first(read->size);
        if (read->value > kMaxVarint || out != Bytes(taken.begin(), taken.end()) ||
            varint_size(read->value) != read->size) {
            std::abort();
        }
        const auto tolerant = decode_protobuf_varint(in);
        if (!tolerant || tolerant->value != read->value || tolerant->size != read->size) {
            std::abort();
        }
    } else if (read.error() == DecodeErrc::need_more && size >= kMaxVarintSize) {
        std::abort();
    }
    if (const auto read = decode_length_prefixed(in, 100)) {
        Bytes out;
        append_length_prefixed(out, read->value);
        if (read->value.size() > 100 || out != Bytes(data, data + read->size)) {
            std::abort();
        }
    }
    if (const auto count = count_fields(in, 3); count && 2 * *count > size) {
        std::abort();
    }
    return 0;
}
