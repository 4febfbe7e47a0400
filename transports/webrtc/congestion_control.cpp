// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/congestion_control.hpp"

#include "transports/webrtc/sctp_chunk.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace libp2p::webrtc {
namespace {

using namespace std::chrono_literals;

/// Packets: at first and after a timeout (RFC 6928), at least, and at most.
constexpr double kInitialWindow = 10;
constexpr double kLeastWindow = 2;
constexpr double kLargestWindow = 4096;

/// CUBIC (RFC 9438, 4.6 and 5.1): what is left of a window after congestion, and how fast it grows, in packets per
/// second cubed.
constexpr double kLeft = 0.7;
constexpr double kGrowth = 0.4;

/// How fast it grows, in packets a round trip, to be as fast as Reno (RFC 9438, 4.3).
constexpr double kFriendlyGrowth = 3 * (1 - kLeft) / (1 + kLeft);

/// So much of what was sent may be lost without being congestion, counted over so many windows, and chunks.
constexpr double kToleratedLoss = 0.02;
constexpr double kSampleWindows = 8;
constexpr double kLeastSample = 256;
constexpr double kLargestSample = 2048;

/// Chunks that may be lost in a round trip. More holes take usrsctp more time, with each acknowledgement, than a larger
/// window saves.
constexpr std::size_t kMostLost = 12;

/// A timeout is at least so long.
constexpr std::chrono::duration<double> kTimeout = 200ms;

/// The longest round trip that is counted with; an unknown one is taken to be so long.
constexpr std::chrono::duration<double> kLongest = 1s;

/// For so long, once or twice, the shortest round trip is remembered.
constexpr auto kBaseAge = 10s;

/// HyStart++ (RFC 9406, 4.3).
constexpr std::chrono::duration<double> kLeastDelay = 4ms;
constexpr std::chrono::duration<double> kMostDelay = 16ms;
constexpr std::size_t kLeastSamples = 8;
constexpr double kSlowerGrowth = 0.25;
constexpr std::size_t kSlowerRounds = 5;

constexpr auto kUnknown = std::chrono::duration<double>(std::numeric_limits<double>::infinity());

}  // namespace

CongestionControl::CongestionControl(std::size_t segment) noexcept
    : segment_(static_cast<double>(segment)),
      mean_size_(segment_),
      shortest_(kUnknown),
      last_shortest_(kUnknown),
      base_(kUnknown),
      last_base_(kUnknown),
      window_(kInitialWindow * segment_),
      threshold_(std::numeric_limits<double>::infinity()) {}

std::uint32_t CongestionControl::window() const noexcept {
    return static_cast<std::uint32_t>(window_);
}

double CongestionControl::flight() const noexcept {
    return tsn_distance(acknowledged_, highest_) * mean_size_;
}

CongestionControl::Seconds CongestionControl::round_trip() const noexcept {
    return samples_ > 0 ? shortest_ : last_shortest_;
}

CongestionControl::Seconds CongestionControl::timeout() const noexcept {
    return kTimeout + std::min(round_trip(), kLongest);
}

bool CongestionControl::is_queue_long() const noexcept {
    const auto base = std::min(base_, last_base_);
    return round_trip() != kUnknown && round_trip() > 1.25 * base + kLeastDelay;
}

double CongestionControl::loss_sample() const noexcept {
    return std::clamp(kSampleWindows * window_ / mean_size_, kLeastSample, kLargestSample);
}

void CongestionControl::on_sent(std::uint32_t tsn, std::size_t size, TimePoint now) noexcept {
    if (!has_sent_) {
        has_sent_ = true;
        acknowledged_ = tsn - 1;
        highest_ = tsn - 1;
        round_end_ = tsn;
        last_acknowledged_ = now;
        base_until_ = now + kBaseAge;
    }
    if (tsn_distance(highest_, tsn) <= 0) {
        on_repeated(now);
        return;
    }
    if (highest_ == acknowledged_) {
        last_progress_ = now;
        forget_some(now);
    }
    highest_ = tsn;
    mean_size_ += (static_cast<double>(size) - mean_size_) / 16;
    peak_flight_ = std::max(peak_flight_, flight());
    const auto apart = window_ / mean_size_ / kTimed;
    if (timed_.size() < kTimed && (timed_.empty() || tsn_distance(timed_.back().tsn, tsn) >= apart)) {
        timed_.push_back({tsn, now});
    }
}

/// After a pause the window says less and less about the path (RFC 9260, 7.2.1).
void CongestionControl::forget_some(TimePoint now) noexcept {
    const auto timeouts = std::floor(Seconds(now - last_acknowledged_) / timeout());
    if (timeouts >= 1) {
        threshold_ = std::max(threshold_, 0.75 * window_);
        window_ = std::max(window_ * std::exp2(-timeouts), std::min(window_, kInitialWindow * segment_));
        refresh_due_ = true;
    }
}

/// Each chunk that is sent again has been lost, or seems so.
void CongestionControl::on_repeated(TimePoint now) noexcept {
    ++lost_;
    ++lost_in_round_;
    refresh_due_ = true;
    timed_.clear();  // what is behind it is acknowledged late
    if (recovers_) {
        return;
    }
    const bool has_timed_out = Seconds(now - last_progress_) >= timeout();
    const double sample = std::max(loss_sample(), delivered_ + flight() / mean_size_);
    if (!has_timed_out && !is_queue_long() && lost_ <= kToleratedLoss * sample && lost_in_round_ <= kMostLost) {
        return;
    }
    reduce(now);
    if (has_timed_out) {
        window_ = std::min(window_, kInitialWindow * segment_);
    }
}

void CongestionControl::on_acknowledged(std::uint32_t tsn, TimePoint now) noexcept {
    if (tsn_distance(acknowledged_, tsn) <= 0 || tsn_distance(tsn, highest_) < 0) {
        return;
    }
    const auto chunks = tsn_distance(acknowledged_, tsn);
    const bool is_full = std::max(peak_flight_, last_peak_) >= window_ / 2;
    acknowledged_ = tsn;
    last_progress_ = now;
    delivered_ += chunks;
    if (tsn_distance(round_end_, tsn) >= 0) {
        end_round(now);
    }
    measure(tsn, now);
    if (!is_full) {
        epoch_ += now - last_acknowledged_;  // the window does not grow while nobody fills it
    } else if (!recovers_) {
        grow(chunks * mean_size_, now);
    }
    if (recovers_ && tsn_distance(recovered_at_, tsn) >= 0) {
        recovers_ = false;
    }
    last_acknowledged_ = now;
}

void CongestionControl::measure(std::uint32_t tsn, TimePoint now) noexcept {
    auto first = timed_.begin();
    for (; first != timed_.end() && tsn_distance(first->tsn, tsn) >= 0; ++first) {
        const Seconds took = now - first->sent;
        shortest_ = samples_ == 0 ? took : std::min(shortest_, took);
        base_ = std::min(base_, took);
        ++samples_;
    }
    timed_.erase(timed_.begin(), first);
}

void CongestionControl::end_round(TimePoint now) noexcept {
    if (is_in_slow_start() && samples_ >= kLeastSamples && last_shortest_ != kUnknown) {
        const auto delay = std::clamp(last_shortest_ / 8, kLeastDelay, kMostDelay);
        queued_rounds_ = shortest_ >= last_shortest_ + delay ? queued_rounds_ + 1 : 0;
        if (queued_rounds_ > kSlowerRounds) {
            begin_avoidance(window_, now);
        }
    }
    if (samples_ > 0) {
        last_shortest_ = queued_rounds_ == 0 ? shortest_ : std::min(shortest_, last_shortest_);
    }
    samples_ = 0;
    if (now >= base_until_) {
        base_until_ = now + kBaseAge;
        last_base_ = std::exchange(base_, kUnknown);
    }
    if (delivered_ >= loss_sample()) {
        delivered_ = 0;
        lost_ = 0;
    }
    last_peak_ = std::exchange(peak_flight_, flight());
    round_end_ = highest_ + 1;
    refresh_due_ = true;
    lost_in_round_ = 0;
}

void CongestionControl::grow(double acknowledged, TimePoint now) noexcept {
    if (is_in_slow_start()) {
        window_ += queued_rounds_ == 0 ? acknowledged : kSlowerGrowth * acknowledged;
        if (!is_in_slow_start()) {
            begin_avoidance(std::max(largest_, window_), now);
        }
    } else {
        const auto time = Seconds(now - epoch_) + std::min(round_trip(), kLongest);
        const auto since = time.count() - until_largest_;
        const auto wanted = largest_ + kGrowth * since * since * since * segment_;
        const auto target = std::clamp(wanted, window_, 1.5 * window_);
        const auto growth = friendly_ < largest_ ? kFriendlyGrowth : 1;
        friendly_ += growth * segment_ * acknowledged / window_;
        window_ += (target - window_) * acknowledged / window_;
        window_ = std::max(window_, friendly_);
    }
    window_ = std::min(window_, kLargestWindow * segment_);
}

void CongestionControl::reduce(TimePoint now) noexcept {
    const auto used = std::min(window_, std::max(peak_flight_, last_peak_));
    // Who has less than the last time leaves room for others (RFC 9438, 4.7).
    const auto largest = used < largest_ ? used * (1 + kLeft) / 2 : used;
    window_ = std::max(used * kLeft, kLeastWindow * segment_);
    begin_avoidance(std::max(largest, window_), now);
    recovers_ = true;
    recovered_at_ = highest_;
    lost_ = 0;
    delivered_ = 0;
}

void CongestionControl::begin_avoidance(double largest, TimePoint now) noexcept {
    threshold_ = window_;
    largest_ = largest;
    friendly_ = window_;
    until_largest_ = std::cbrt((largest_ - window_) / segment_ / kGrowth);
    epoch_ = now;
    queued_rounds_ = 0;
}

}  // namespace libp2p::webrtc
