// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/repeat.hpp"

#include "tools/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace libp2p::tools {
namespace {

using Clock = std::chrono::steady_clock;

/// Room that is made for times beforehand.
constexpr std::uint64_t kReserved = 1'000'000;

}  // namespace

Repetition::Repetition(std::string what, std::uint64_t count, std::uint64_t parallel)
    : what_(std::move(what)),
      count_(count),
      parallel_(std::min(parallel, count)),
      times_(static_cast<std::size_t>(std::min(count, kReserved))) {}

awaitable<void> Repetition::run(const Turn& turn) {
    const auto start = Clock::now();
    auto body = [&](TaskScope& workers) -> awaitable<void> {
        for (std::uint64_t worker = 0; worker < parallel_; ++worker) {
            workers.spawn(work(turn, worker));
        }
        co_await workers.join();
    };
    co_await with_tasks(body);
    elapsed_ = Clock::now() - start;
}

awaitable<void> Repetition::work(const Turn& turn, std::uint64_t worker) {
    while (started_ < count_ && (failed_ == 0 || times_.count() > 0)) {
        ++started_;
        auto time = co_await turn(worker);
        if (time) {
            times_.add(*time);
            continue;
        }
        ++failed_;
        if (!failure_) {
            failure_ = time.error();
        }
    }
}

result<void> Repetition::finish(const Output& output) const {
    const auto seconds = to_seconds(elapsed_);
    const auto per_second = seconds > 0 ? static_cast<double>(times_.count()) / seconds : 0;
    const auto p99 = times_.quantile(0.99);
    if (times_.count() > 0 || failed_ == 0) {
        nlohmann::ordered_json json;
        json["event"] = "summary";
        json[what_] = times_.count();
        json["failed"] = failed_;
        json["median_ms"] = to_ms(times_.median());
        json["p99_ms"] = to_ms(p99);
        json["per_second"] = std::round(per_second * 10) / 10;
        output.print(
            json,
            std::to_string(times_.count()) + " " + what_ + ", " + std::to_string(failed_) + " failed; median " +
                format_ms(times_.median()) + " ms, 99 % " + format_ms(p99) + " ms; " +
                std::to_string(std::llround(per_second)) + " a second"
        );
    }
    if (failure_) {
        return *failure_;
    }
    return ok();
}

}  // namespace libp2p::tools
