// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace libp2p::webrtc {

/// The numbers of the channels that this side opens: even ones for the DTLS client, odd ones for the server (RFC 8832
/// section 6). Each is used once before any is used again, and then the one that has rested longest: a remote that is
/// slow to forget a channel has all the time there is.
class ChannelIds {
public:
    /// `is_0_taken`: it belongs to the handshake.
    explicit ChannelIds(bool is_dtls_client, bool is_0_taken = true) noexcept
        : fresh_(is_dtls_client ? (is_0_taken ? 2 : 0) : 1) {}

    /// Numbers are below this.
    void set_limit(std::uint16_t streams) noexcept { limit_ = streams; }

    bool has_free() const noexcept { return fresh_ < limit_ || !rested_.empty(); }

    /// Nothing when all are in use.
    std::optional<std::uint16_t> take();

    /// Both sides have closed the channel.
    void give_back(std::uint16_t id) { rested_.push_back(id); }

private:
    std::uint32_t fresh_;
    std::uint32_t limit_ = 0;
    std::deque<std::uint16_t> rested_;  // at most half of the streams
};

}  // namespace libp2p::webrtc
