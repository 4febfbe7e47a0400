// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/wait_list.hpp>

#include <cstdint>
#include <memory>

namespace libp2p::swarm {

/// Room for so many dials at the same time (`Limits::dials`); the others wait in line. Outlives its slots.
class DialSlots {
public:
    DialSlots(asio::any_io_executor executor, std::uint32_t limit) : limit_(limit), waiting_(std::move(executor)) {}

    /// Gives the room back when it goes.
    struct Release {
        void operator()(DialSlots* slots) const noexcept { slots->release(); }
    };
    using Slot = std::unique_ptr<DialSlots, Release>;

    /// Waits for room; `operation_aborted` when cancelled.
    awaitable<result<Slot>> acquire();

private:
    void release() noexcept;

    std::uint32_t limit_;
    std::uint32_t used_ = 0;
    WaitList waiting_;
};

}  // namespace libp2p::swarm
