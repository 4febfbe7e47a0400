// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <cstdint>
#include <optional>

namespace libp2p::webrtc {

/// Holds a request to reset streams (RFC 6525, 4.1) back until everything has arrived that was sent before it.
///
/// Usrsctp 0.9.5 can lose messages otherwise. It may process such a request only then, and while it waits it puts what
/// was sent behind the request aside. It looks at that again when a chunk arrives whose number follows the last one
/// directly; when the chunk that was missing lies further back, and nobody sends anything more, it never does.
///
/// One request is under way at a time in one direction, so one is held, of one packet's size at most.
class StreamResetGate {
public:
    /// Looks at a packet of the remote's that has passed the filter. Returns what SCTP may have of it now: all, or all
    /// but an early request, or nothing. Refers to `packet` or to memory that the next call reuses.
    ByteView admit(ByteView packet);

    /// Looks at a packet of ours; what it acknowledges has arrived.
    void on_sent(ByteView packet) noexcept;

    /// The packet with the request that was held back, once it may be processed.
    std::optional<Bytes> take_due();

private:
    void hold_back(ByteView packet);

    std::optional<std::uint32_t> arrived_;  // all numbers of data chunks up to this one
    std::uint32_t awaited_ = 0;             // by the request that is held
    Bytes held_;
    Bytes rest_;
};

}  // namespace libp2p::webrtc
