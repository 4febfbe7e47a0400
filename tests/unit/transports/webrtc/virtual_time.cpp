// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/unit/transports/webrtc/virtual_time.hpp"

#include <sys/time.h>

#include <atomic>
#include <ctime>

namespace {

std::atomic<bool> stands_still = false;
std::atomic<std::int64_t> microseconds = 0;

}  // namespace

/// In the place of the C library's.
extern "C" int gettimeofday(timeval* time, void*) noexcept {
    if (stands_still) {
        time->tv_sec = microseconds / 1'000'000;
        time->tv_usec = microseconds % 1'000'000;
        return 0;
    }
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

namespace libp2p::webrtc {

VirtualTime::VirtualTime() noexcept {
    timeval now{};
    gettimeofday(&now, nullptr);
    microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_usec;
    stands_still = true;
}

VirtualTime::~VirtualTime() {
    stands_still = false;
}

void VirtualTime::advance(std::chrono::microseconds by) noexcept {
    microseconds += by.count();
}

}  // namespace libp2p::webrtc
