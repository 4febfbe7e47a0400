// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <boost/container/static_vector.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace libp2p::webrtc {

/// Decides how much an association may have under way: CUBIC (RFC 9438), with HyStart++ (RFC 9406) in slow start.
///
/// It differs from them in what it takes for congestion. Where the round trip is close to the shortest one that was
/// seen, so that no queue has grown, a loss now and then is the link's, and the window stays; from 2 % on it is the
/// path's, as BBR has it. And a timeout counts only if nothing was acknowledged for as long as one takes: usrsctp,
/// which does not start its timer anew with each acknowledgement, also repeats what is merely late.
///
/// Tell it of every chunk of data that leaves, first or again, and of every acknowledgement. It does no I/O and reads
/// no clock; `now` never goes back. Acknowledgements of what was not sent mean nothing.
class CongestionControl {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// `segment`: octets of the largest chunk that a packet carries.
    explicit CongestionControl(std::size_t segment) noexcept;

    /// A chunk of `size` octets leaves. A number that is not beyond all others before it says: again.
    void on_sent(std::uint32_t tsn, std::size_t size, TimePoint now) noexcept;

    /// Everything up to `tsn` has arrived.
    void on_acknowledged(std::uint32_t tsn, TimePoint now) noexcept;

    /// Octets that may be under way.
    std::uint32_t window() const noexcept;

    /// Whether the stack has to be told its window again, since this was asked last: when something was sent again it
    /// has cut its own, and once a round trip one makes sure.
    bool take_refresh() noexcept { return std::exchange(refresh_due_, false); }

    /// Octets that have left and are not acknowledged, by their mean size.
    double flight() const noexcept;

private:
    struct Timed {
        std::uint32_t tsn;
        TimePoint sent;
    };
    using Seconds = std::chrono::duration<double>;

    /// Packets whose round trip is measured at a time.
    static constexpr std::size_t kTimed = 16;

    void on_repeated(TimePoint now) noexcept;
    void forget_some(TimePoint now) noexcept;
    void measure(std::uint32_t tsn, TimePoint now) noexcept;
    void end_round(TimePoint now) noexcept;
    void grow(double acknowledged, TimePoint now) noexcept;
    void reduce(TimePoint now) noexcept;
    void begin_avoidance(double largest, TimePoint now) noexcept;
    Seconds round_trip() const noexcept;
    Seconds timeout() const noexcept;
    bool is_queue_long() const noexcept;
    double loss_sample() const noexcept;
    bool is_in_slow_start() const noexcept { return window_ < threshold_; }

    double segment_;

    // What is under way.
    bool has_sent_ = false;
    std::uint32_t highest_ = 0;       // TSN
    std::uint32_t acknowledged_ = 0;  // TSN
    double mean_size_;
    double peak_flight_ = 0;         // of this round
    double last_peak_ = 0;           // and of the one before
    TimePoint last_progress_{};      // an acknowledgement of something new, or a beginning
    TimePoint last_acknowledged_{};  // the same without the beginnings

    // Rounds: one is over when what was sent after its beginning is acknowledged.
    std::uint32_t round_end_ = 0;  // TSN
    boost::container::static_vector<Timed, kTimed> timed_;
    std::size_t samples_ = 0;  // of this round
    Seconds shortest_;         // of this round
    Seconds last_shortest_;    // of the one before
    Seconds base_;             // of these ten seconds
    Seconds last_base_;        // and of those before
    TimePoint base_until_{};
    std::size_t queued_rounds_ = 0;  // of slow start, one after the other, in which the round trip has grown

    // Losses.
    double lost_ = 0;       // chunks, of a sample
    double delivered_ = 0;  // chunks, of a sample
    std::size_t lost_in_round_ = 0;
    bool refresh_due_ = false;
    bool recovers_ = false;
    std::uint32_t recovered_at_ = 0;  // TSN

    // The window, in octets.
    double window_;
    double threshold_;
    double largest_ = 0;        // W_max
    double friendly_ = 0;       // W_est
    double until_largest_ = 0;  // K, in seconds
    TimePoint epoch_{};
};

}  // namespace libp2p::webrtc
