// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tools/output.hpp"
#include "tools/statistics.hpp"

#include <libp2p/async.hpp>
#include <libp2p/tasks.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace libp2p::tools {

/// Something done many times, some of it at once, and timed.
class Repetition {
public:
    /// One turn of worker number `worker`; the time that counts comes back.
    using Turn = std::function<awaitable<result<std::chrono::nanoseconds>>(std::uint64_t worker)>;

    /// `what` is the name of the things in the summary: "streams".
    Repetition(std::string what, std::uint64_t count, std::uint64_t parallel);

    /// Takes all turns. Gives up when the first ones fail and none has succeeded.
    awaitable<void> run(const Turn& turn);

    /// Prints {"event":"summary",…}; then fails with the first failure, if there was one.
    result<void> finish(const Output& output) const;

private:
    awaitable<void> work(const Turn& turn, std::uint64_t worker);

    std::string what_;
    std::uint64_t count_;
    std::uint64_t parallel_;
    std::uint64_t started_ = 0;
    std::uint64_t failed_ = 0;
    std::optional<Error> failure_;
    Durations times_;
    std::chrono::nanoseconds elapsed_{0};
};

}  // namespace libp2p::tools
