// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/multibase.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace libp2p::proto {
namespace {

constexpr std::string_view kBase16 = "0123456789abcdef";
constexpr std::string_view kBase16Upper = "0123456789ABCDEF";
constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view kBase32Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kBase36 = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kBase36Upper = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kBase58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// An alphabet with its inverse. The number of characters says how octets become digits: a power of two cuts the octets
/// into groups of bits, any other makes one large number of them.
class Alphabet {
public:
    static constexpr std::uint8_t kNone = 0xff;

    constexpr Alphabet(std::string_view characters, bool padded) : characters_(characters), padded_(padded) {
        values_.fill(kNone);
        for (std::size_t i = 0; i < characters.size(); ++i) {
            values_[static_cast<unsigned char>(characters[i])] = static_cast<std::uint8_t>(i);
        }
        for (bits_ = 0; (std::size_t{1} << bits_) < characters.size(); ++bits_) {
        }
        positional_ = (std::size_t{1} << bits_) != characters.size();
        // Characters of a group that holds whole octets: 2 of base 16, 8 of base 32, 4 of base 64.
        for (group_ = 1; group_ * bits_ % 8 != 0; ++group_) {
        }
    }

    std::string encode(ByteView data) const { return positional_ ? encode_number(data) : encode_bits(data); }
    DecodeResult<Bytes> decode(std::string_view text, TrailingBits trailing) const {
        return positional_ ? decode_number(text) : decode_bits(text, trailing);
    }

private:
    std::uint8_t value_of(char character) const noexcept { return values_[static_cast<unsigned char>(character)]; }

    std::string encode_bits(ByteView data) const;
    DecodeResult<Bytes> decode_bits(std::string_view text, TrailingBits trailing) const;
    std::string encode_number(ByteView data) const;
    DecodeResult<Bytes> decode_number(std::string_view text) const;

    std::string_view characters_;
    bool padded_;
    bool positional_ = false;
    unsigned bits_ = 0;   // of one character
    unsigned group_ = 1;  // characters that padding fills up
    std::array<std::uint8_t, 256> values_{};
};

std::string Alphabet::encode_bits(ByteView data) const {
    std::string text;
    text.reserve((data.size() * 8 + bits_ - 1) / bits_ + group_);
    std::uint32_t pending = 0;
    unsigned pending_bits = 0;
    for (const auto octet : data) {
        pending = pending << 8 | octet;
        pending_bits += 8;
        while (pending_bits >= bits_) {
            pending_bits -= bits_;
            text += characters_[pending >> pending_bits];
            pending &= (1U << pending_bits) - 1;
        }
    }
    if (pending_bits > 0) {
        text += characters_[pending << (bits_ - pending_bits)];
    }
    while (padded_ && text.size() % group_ != 0) {
        text += '=';
    }
    return text;
}

DecodeResult<Bytes> Alphabet::decode_bits(std::string_view text, TrailingBits trailing) const {
    if (padded_) {
        if (text.size() % group_ != 0) {
            return DecodeErrc::bad_length;
        }
        const auto last = text.find_last_not_of('=');
        const auto digits = last == std::string_view::npos ? 0 : last + 1;
        if (text.size() - digits >= group_) {
            return DecodeErrc::bad_length;
        }
        text = text.substr(0, digits);
    }
    Bytes data;
    data.reserve(text.size() * bits_ / 8);
    std::uint32_t pending = 0;
    unsigned pending_bits = 0;
    for (const char character : text) {
        const auto value = value_of(character);
        if (value == kNone) {
            return DecodeErrc::bad_character;
        }
        pending = pending << bits_ | value;
        pending_bits += bits_;
        if (pending_bits >= 8) {
            pending_bits -= 8;
            data.push_back(static_cast<std::uint8_t>(pending >> pending_bits));
            pending &= (1U << pending_bits) - 1;
        }
    }
    if (pending_bits >= bits_) {
        return DecodeErrc::bad_length;  // the last character holds nothing
    }
    if (pending != 0 && trailing == TrailingBits::refuse) {
        return DecodeErrc::bad_trailing_bits;
    }
    return data;
}

std::string Alphabet::encode_number(ByteView data) const {
    BOOST_ASSERT(data.size() <= kMaxPositionalDataSize);
    const auto base = static_cast<std::uint32_t>(characters_.size());
    const auto zeros = static_cast<std::size_t>(
        std::find_if(data.begin(), data.end(), [](std::uint8_t octet) { return octet != 0; }) - data.begin()
    );
    Bytes digits;  // least significant first
    digits.reserve(data.size() * 2);
    for (const auto octet : data.subspan(zeros)) {
        std::uint32_t carry = octet;
        for (auto& digit : digits) {
            carry += std::uint32_t{digit} << 8;
            digit = static_cast<std::uint8_t>(carry % base);
            carry /= base;
        }
        for (; carry > 0; carry /= base) {
            digits.push_back(static_cast<std::uint8_t>(carry % base));
        }
    }
    std::string text(zeros, characters_[0]);
    std::transform(digits.rbegin(), digits.rend(), std::back_inserter(text), [this](std::uint8_t digit) {
        return characters_[digit];
    });
    return text;
}

DecodeResult<Bytes> Alphabet::decode_number(std::string_view text) const {
    if (text.size() > kMaxPositionalTextSize) {
        return DecodeErrc::too_long;
    }
    const auto base = static_cast<std::uint32_t>(characters_.size());
    const auto zeros = std::min(text.find_first_not_of(characters_[0]), text.size());
    Bytes octets;  // least significant first
    octets.reserve(text.size());
    for (const char character : text.substr(zeros)) {
        std::uint32_t carry = value_of(character);
        if (carry == kNone) {
            return DecodeErrc::bad_character;
        }
        for (auto& octet : octets) {
            carry += octet * base;
            octet = static_cast<std::uint8_t>(carry);
            carry >>= 8;
        }
        for (; carry > 0; carry >>= 8) {
            octets.push_back(static_cast<std::uint8_t>(carry));
        }
    }
    octets.insert(octets.end(), zeros, 0);
    std::reverse(octets.begin(), octets.end());
    return octets;
}

/// Null for a value that is no enumerator.
const Alphabet* find_alphabet(Base base) noexcept {
    static constexpr Alphabet base16(kBase16, false);
    static constexpr Alphabet base16upper(kBase16Upper, false);
    static constexpr Alphabet base32(kBase32, false);
    static constexpr Alphabet base32upper(kBase32Upper, false);
    static constexpr Alphabet base32pad(kBase32, true);
    static constexpr Alphabet base32padupper(kBase32Upper, true);
    static constexpr Alphabet base36(kBase36, false);
    static constexpr Alphabet base36upper(kBase36Upper, false);
    static constexpr Alphabet base58btc(kBase58, false);
    static constexpr Alphabet base64(kBase64, false);
    static constexpr Alphabet base64pad(kBase64, true);
    static constexpr Alphabet base64url(kBase64Url, false);
    static constexpr Alphabet base64urlpad(kBase64Url, true);
    switch (base) {
        case Base::base16: return &base16;
        case Base::base16upper: return &base16upper;
        case Base::base32: return &base32;
        case Base::base32upper: return &base32upper;
        case Base::base32pad: return &base32pad;
        case Base::base32padupper: return &base32padupper;
        case Base::base36: return &base36;
        case Base::base36upper: return &base36upper;
        case Base::base58btc: return &base58btc;
        case Base::base64: return &base64;
        case Base::base64pad: return &base64pad;
        case Base::base64url: return &base64url;
        case Base::base64urlpad: return &base64urlpad;
    }
    return nullptr;
}

}  // namespace

std::string encode_base(Base base, ByteView data) {
    const auto* alphabet = find_alphabet(base);
    BOOST_ASSERT(alphabet != nullptr);
    return alphabet->encode(data);
}

DecodeResult<Bytes> decode_base(Base base, std::string_view text, TrailingBits trailing) {
    const auto* alphabet = find_alphabet(base);
    if (alphabet == nullptr) {
        return DecodeErrc::unknown_encoding;
    }
    return alphabet->decode(text, trailing);
}

std::string encode_multibase(Base base, ByteView data) {
    return static_cast<char>(base) + encode_base(base, data);
}

DecodeResult<Multibase> decode_multibase(std::string_view text) {
    if (text.empty()) {
        return DecodeErrc::need_more;
    }
    const auto base = static_cast<Base>(text.front());
    auto data = decode_base(base, text.substr(1));
    if (!data) {
        return data.error();
    }
    return Multibase{base, std::move(*data)};
}

}  // namespace libp2p::proto
