// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/webrtc_frame.hpp"

#include "proto/varint.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <limits>

namespace libp2p::webrtc {
namespace {

using proto::ByteView;
using proto::DecodeErrc;
using proto::DecodeResult;

constexpr std::uint8_t kFlagTag = 1 << 3 | 0;
constexpr std::uint8_t kMessageTag = 2 << 3 | 2;

enum WireType : std::uint8_t { kNumber = 0, kFixed64 = 1, kOctets = 2, kFixed32 = 5 };

/// Writes a number below 2^21 and returns its size.
std::size_t put_number(std::uint8_t* to, std::size_t value) noexcept {
    std::size_t size = 0;
    while (value >= 0x80) {
        to[size++] = static_cast<std::uint8_t>(value | 0x80);
        value >>= 7;
    }
    to[size++] = static_cast<std::uint8_t>(value);
    return size;
}

}  // namespace

static_assert(max_payload(kMaxFrameSent) == 16'377 && max_payload(kMaxFrameSentToRust) == 8'185);

FrameHeader::FrameHeader(std::size_t payload_size, std::optional<Flag> flag) noexcept {
    BOOST_ASSERT(payload_size > 0 || flag);
    BOOST_ASSERT(payload_size <= kMaxFrameReceived - 6);
    std::size_t body = flag ? 2 : 0;
    if (payload_size > 0) {
        body += 1 + proto::varint_size(payload_size) + payload_size;
    }
    auto* to = octets_.data();
    to += put_number(to, body);
    if (flag) {
        *to++ = kFlagTag;
        *to++ = static_cast<std::uint8_t>(*flag);
    }
    if (payload_size > 0) {
        *to++ = kMessageTag;
        to += put_number(to, payload_size);
    }
    size_ = static_cast<std::uint8_t>(to - octets_.data());
}

DecodeResult<std::optional<FrameReader::Piece>> FrameReader::next(ByteView& input) noexcept {
    for (;;) {
        if (state_ == State::tag && left_in_frame_ == 0) {
            state_ = State::length;
            if (flag_) {
                return Piece{{}, flag_};
            }
        }
        switch (state_) {
            case State::failed: return error_;
            case State::skip:
            case State::payload: {
                if (left_in_field_ == 0) {
                    state_ = State::tag;
                    continue;
                }
                if (input.empty()) {
                    return std::nullopt;
                }
                const auto part = input.first(std::min<std::size_t>(left_in_field_, input.size()));
                input = input.subspan(part.size());
                left_in_field_ -= static_cast<std::uint32_t>(part.size());
                left_in_frame_ -= static_cast<std::uint32_t>(part.size());
                if (state_ == State::payload) {
                    return Piece{part, std::nullopt};
                }
                continue;
            }
            default: break;
        }
        switch (read_number(input)) {
            case Got::nothing: return std::nullopt;
            case Got::error: return error_;
            case Got::number: break;
        }
        bool fine = true;
        switch (state_) {
            case State::length: fine = on_length(); break;
            case State::tag: fine = on_tag(); break;
            case State::octets_length: fine = on_octets_length(); break;
            case State::flag:
                // Generated code cuts an enumeration to 32 bits before it looks.
                if (static_cast<std::uint32_t>(number_) <= static_cast<std::uint32_t>(Flag::fin_ack)) {
                    flag_ = static_cast<Flag>(number_);
                }
                [[fallthrough]];
            default: state_ = State::tag; break;
        }
        number_ = 0;
        number_size_ = 0;
        if (!fine) {
            return error_;
        }
    }
}

FrameReader::Got FrameReader::read_number(ByteView& input) noexcept {
    while (!input.empty()) {
        if (state_ != State::length && left_in_frame_ == 0) {
            fail(DecodeErrc::malformed);
            return Got::error;
        }
        const std::uint64_t octet = input.front();
        input = input.subspan(1);
        left_in_frame_ -= state_ == State::length ? 0 : 1;
        number_ |= (octet & 0x7f) << (7U * number_size_);
        ++number_size_;
        if (state_ == State::length && number_ > kMaxFrameReceived) {
            announced_ = number_;
            fail(DecodeErrc::too_long);
            return Got::error;
        }
        if (octet < 0x80) {
            if (state_ == State::length && octet == 0 && number_size_ > 1) {
                fail(DecodeErrc::not_minimal);
                return Got::error;
            }
            return Got::number;
        }
        if (number_size_ == kMaxNumberSize) {
            fail(state_ == State::length ? DecodeErrc::out_of_range : DecodeErrc::malformed);
            return Got::error;
        }
    }
    // A number that the end of its frame cuts off is wrong, not unfinished.
    if (state_ != State::length && left_in_frame_ == 0) {
        fail(DecodeErrc::malformed);
        return Got::error;
    }
    return Got::nothing;
}

bool FrameReader::on_length() noexcept {
    left_in_frame_ = static_cast<std::uint32_t>(number_);
    flag_.reset();
    has_message_ = false;
    state_ = State::tag;
    return true;
}

bool FrameReader::on_tag() noexcept {
    if (number_ >> 3 == 0 || number_ > std::numeric_limits<std::uint32_t>::max()) {
        return fail(DecodeErrc::malformed);
    }
    if (number_ == kFlagTag) {
        state_ = State::flag;
        return true;
    }
    is_message_ = number_ == kMessageTag;
    switch (number_ & 7) {
        case kNumber: state_ = State::number; return true;
        case kOctets: state_ = State::octets_length; return true;
        case kFixed64: left_in_field_ = 8; break;
        case kFixed32: left_in_field_ = 4; break;
        default: return fail(DecodeErrc::malformed);
    }
    state_ = State::skip;
    return left_in_field_ <= left_in_frame_ || fail(DecodeErrc::malformed);
}

bool FrameReader::on_octets_length() noexcept {
    // Of two payloads protobuf counts the last, which nobody means who hands out octets as they come.
    if (number_ > left_in_frame_ || (is_message_ && has_message_)) {
        return fail(DecodeErrc::malformed);
    }
    left_in_field_ = static_cast<std::uint32_t>(number_);
    has_message_ = has_message_ || is_message_;
    state_ = is_message_ ? State::payload : State::skip;
    return true;
}

bool FrameReader::fail(DecodeErrc error) noexcept {
    error_ = error;
    state_ = State::failed;
    return false;
}

std::string FrameReader::problem() const {
    const auto limit = std::to_string(kMaxFrameReceived);
    switch (error_) {
        case DecodeErrc::too_long:
            return "a frame announces " + std::to_string(announced_) + " octets or more, the limit is " + limit;
        case DecodeErrc::not_minimal: return "the length of a frame is not in its shortest form";
        case DecodeErrc::out_of_range: return "the length of a frame takes more than 10 octets";
        default: return "a frame is not a message of the WebRTC stream protocol";
    }
}

}  // namespace libp2p::webrtc
