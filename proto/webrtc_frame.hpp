// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/bytes.hpp"
#include "proto/decode_error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace libp2p::webrtc {

/// The largest frame that is sent, length prefix and all. Peers that take more exist, peers that lose more do too.
inline constexpr std::size_t kMaxFrameSent = 16'384;

/// The same towards rust-libp2p, which sends more than it can read.
inline constexpr std::size_t kMaxFrameSentToRust = 8'192;

/// The largest length that a frame of the remote may announce.
inline constexpr std::size_t kMaxFrameReceived = 257 * 1024;

/// What a frame can say about its stream, besides carrying payload.
enum class Flag : std::uint8_t {
    fin = 0,           ///< the sender writes no more
    stop_sending = 1,  ///< the sender reads no more
    reset = 2,         ///< the sender has aborted the stream
    fin_ack = 3,       ///< the sender has received a FIN
};

/// The octets of a frame in front of its payload; all of it when it carries a flag alone.
class FrameHeader {
public:
    static constexpr std::size_t kMaxSize = 9;

    /// For a frame with `payload_size` octets of payload, at most `kMaxFrameReceived - 6`, and a flag if any. One of
    /// both has to be there: readers take an empty frame for an end.
    explicit FrameHeader(std::size_t payload_size, std::optional<Flag> flag = std::nullopt) noexcept;

    proto::ByteView bytes() const noexcept { return proto::ByteView(octets_).first(size_); }

private:
    std::array<std::uint8_t, kMaxSize> octets_{};
    std::uint8_t size_ = 0;
};

/// The largest payload that fits into a frame of `frame_size` octets, at most one of the limits above, with room for a
/// flag or without.
constexpr std::size_t max_payload(std::size_t frame_size, bool has_flag = true) noexcept {
    constexpr std::size_t kNumbers = 2 + 2;  // both lengths stay below 2^14
    constexpr std::size_t kTag = 1;
    return frame_size - kNumbers - kTag - (has_flag ? 2 : 0);
}

/// Reads frames from the octets of a data channel, in whatever slices they arrive: the borders of SCTP messages mean
/// nothing. Payload is not copied and not collected: a frame whose payload arrives in parts is handed out in parts.
/// Allocates nothing, and keeps at most a number and a flag.
///
///     while (auto piece = reader.next(input)) { … }
class FrameReader {
public:
    /// Payload, borrowed from the input and never empty, or the flag of a frame, which comes after all of its payload
    /// wherever it stands in the frame.
    struct Piece {
        proto::ByteView payload;
        std::optional<Flag> flag;
    };

    /// Takes octets from the front of `input` up to and with the next piece. An empty optional says that `input` is
    /// used up. Unknown fields and flags are skipped, as are frames with nothing in them.
    ///
    /// Fails with `too_long`, `not_minimal` or `out_of_range` for the length of a frame, and with `malformed` for what
    /// stands in it; `problem` has the words. All later calls fail with the same.
    proto::DecodeResult<std::optional<Piece>> next(proto::ByteView& input) noexcept;

    /// True when all octets so far are whole frames. A channel that ends otherwise was cut off.
    bool is_between_frames() const noexcept { return state_ == State::length && number_size_ == 0; }

    /// After `next` has failed: what is wrong, and for a length which limit it breaks.
    std::string problem() const;

private:
    enum class State : std::uint8_t { length, tag, flag, number, octets_length, skip, payload, failed };
    enum class Got : std::uint8_t { number, nothing, error };

    static constexpr std::size_t kMaxNumberSize = 10;

    Got read_number(proto::ByteView& input) noexcept;
    bool on_length() noexcept;
    bool on_tag() noexcept;
    bool on_octets_length() noexcept;
    bool fail(proto::DecodeErrc error) noexcept;

    State state_ = State::length;
    proto::DecodeErrc error_{};
    std::uint8_t number_size_ = 0;     // octets of the number that is being read
    bool is_message_ = false;          // the field whose length is read is the payload
    bool has_message_ = false;         // this frame has had a payload
    std::optional<Flag> flag_;         // of this frame
    std::uint64_t number_ = 0;         // that is being read
    std::uint64_t announced_ = 0;      // the length of the frame, for `problem`
    std::uint32_t left_in_frame_ = 0;  // octets
    std::uint32_t left_in_field_ = 0;  // octets to skip or hand out
};

}  // namespace libp2p::webrtc
