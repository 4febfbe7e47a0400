// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/multiaddr.hpp>

#include <cstdlib>
#include <string_view>

using namespace libp2p;

/// The text of an address that was read reads as the same address, and `explain` agrees with `parse`.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(ByteView(data, size));
    const auto parsed = Multiaddr::parse(text);
    const auto rows = explain(text);
    if (rows.empty() || rows.back().problem.empty() != parsed.has_value()) {
        std::abort();
    }
    if (!parsed) {
        return 0;
    }
    const auto printed = parsed->to_string();
    const auto again = Multiaddr::parse(printed);
    if (!again || *again != *parsed || again->to_string() != printed) {
        std::abort();
    }
    const auto read = Multiaddr::from_bytes(parsed->bytes());
    if (!read || *read != *parsed || rows.size() != parsed->components().size()) {
        std::abort();
    }
    return 0;
}
