// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/decode_error.hpp"

#include <string>

namespace libp2p::proto {
namespace {

const char* words(DecodeErrc code) noexcept {
    switch (code) {
        case DecodeErrc::need_more: return "ends too early";
        case DecodeErrc::trailing_bytes: return "goes on behind its end";
        case DecodeErrc::not_minimal: return "a number is not in its shortest form";
        case DecodeErrc::out_of_range: return "a number is out of range";
        case DecodeErrc::too_long: return "too long";
        case DecodeErrc::bad_character: return "a character is not of the alphabet";
        case DecodeErrc::bad_length: return "impossible length";
        case DecodeErrc::bad_trailing_bits: return "bits behind the last octet are not zero";
        case DecodeErrc::unknown_encoding: return "unknown encoding";
        case DecodeErrc::not_canonical: return "not in the canonical encoding";
        case DecodeErrc::malformed: return "malformed message";
    }
    return "unknown decoding error";
}

// Boost's categories have no virtual destructor on purpose: they live for ever and are never deleted.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

class DecodeCategory final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "libp2p.proto"; }
    std::string message(int value) const override { return words(static_cast<DecodeErrc>(value)); }
    const char* message(int value, char*, std::size_t) const noexcept override {
        return words(static_cast<DecodeErrc>(value));
    }
};

#pragma GCC diagnostic pop

}  // namespace

boost::system::error_code make_error_code(DecodeErrc code) noexcept {
    return {static_cast<int>(code), decode_category()};
}

const boost::system::error_category& decode_category() noexcept {
    static const DecodeCategory category;
    return category;
}

}  // namespace libp2p::proto
