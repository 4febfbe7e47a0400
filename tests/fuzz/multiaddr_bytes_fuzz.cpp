// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/multiaddr.hpp>

#include <algorithm>
#include <cstdlib>

using namespace libp2p;

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_parts(const Multiaddr& whole) {
    std::size_t octets = 0;
    for (const auto& component : whole.components()) {
        octets += component.bytes().size();
        const auto alone = Multiaddr::from_bytes(component.bytes());
        require(alone.has_value());
        const auto front = whole.decapsulate(*alone);
        require(!front || (*front != whole && whole.starts_with(*front)));
        require(whole.has(component.protocol()));
    }
    require(octets == whole.bytes().size());
}

}  // namespace

/// An address that a peer sent prints as text that reads as the same octets, and comes apart into its components.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView in(data, size);
    const auto read = Multiaddr::from_bytes(in);
    if (!read) {
        return 0;
    }
    require(std::equal(in.begin(), in.end(), read->bytes().begin(), read->bytes().end()));
    const auto text = read->to_string();
    require(std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    const auto parsed = Multiaddr::parse(text);
    require(parsed.has_value() && *parsed == *read);
    check_parts(*read);
    if (const auto peer = read->peer()) {
        require(read->with_peer(*peer) == *read);
        const auto bare = read->without_peer();
        require(!bare || bare->peer() || bare->with_peer(*peer) == *read);
    } else {
        require(read->without_peer() == *read);
    }
    return 0;
}
