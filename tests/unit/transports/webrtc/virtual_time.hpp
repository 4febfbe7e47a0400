// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>

namespace libp2p::webrtc {

/// Has `gettimeofday`, by which usrsctp judges the age of what it has sent, stand still for the time of a scope and
/// move only when told. Not nested.
class VirtualTime {
public:
    VirtualTime() noexcept;
    ~VirtualTime();
    VirtualTime(const VirtualTime&) = delete;
    VirtualTime& operator=(const VirtualTime&) = delete;

    void advance(std::chrono::microseconds by) noexcept;
};

}  // namespace libp2p::webrtc
