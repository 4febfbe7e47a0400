// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <cstddef>
#include <cstdint>

namespace libp2p::conformance {

/// Numbers that look random and are the same in every run (splitmix64).
class Rng {
public:
    explicit Rng(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15U;
        auto mixed = state_;
        mixed = (mixed ^ mixed >> 30U) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ mixed >> 27U) * 0x94d049bb133111ebU;
        return mixed ^ mixed >> 31U;
    }

    /// From 0 to `bound` - 1.
    std::size_t below(std::size_t bound) noexcept { return static_cast<std::size_t>(next() % bound); }

    void fill(MutableByteView into) noexcept {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < into.size(); ++i) {
            bits = i % 8 == 0 ? next() : bits >> 8U;
            into[i] = static_cast<std::uint8_t>(bits);
        }
    }

    Bytes bytes(std::size_t size) {
        Bytes made(size);
        fill(made);
        return made;
    }

private:
    std::uint64_t state_;
};

}  // namespace libp2p::conformance
