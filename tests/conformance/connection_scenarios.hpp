// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/conformance/loop.hpp>
#include <libp2p/connection.hpp>
#include <libp2p/limits.hpp>

#include <cstddef>
#include <functional>
#include <memory>

/// What every pair of connections has to be good for, whatever is below. The transport suite and the muxer suite run
/// each of these as a test of its own.
namespace libp2p::conformance {

/// Two connections with each other, which tasks of the test run.
struct Ends {
    Ends(Loop& the_loop, std::unique_ptr<Connection>& the_near, std::unique_ptr<Connection>& the_far)
        : loop(the_loop), near(the_near), far(the_far), near_end(loop.executor()), far_end(loop.executor()) {}

    Loop& loop;
    std::unique_ptr<Connection>& near;  ///< that of the dialer
    std::unique_ptr<Connection>& far;
    Promise<Error> near_end;  ///< what `run` said
    Promise<Error> far_end;
    std::function<std::size_t()> far_memory;  ///< octets that the far side is charged for
    bool independent_streams = true;          ///< see TransportProvider
};

/// The limits that the suites work with: small windows, so that they fill quickly.
Limits suite_limits();
Timeouts suite_timeouts();

namespace scenarios {

awaitable<void> opens_streams_from_both_sides(Ends& ends);
awaitable<void> echoes_messages_of_all_sizes(Ends& ends);
awaitable<void> small_writes_arrive_in_order(Ends& ends);
awaitable<void> half_close_leaves_the_other_direction_open(Ends& ends);
awaitable<void> data_before_the_end_is_delivered(Ends& ends);
awaitable<void> reset_reaches_the_remote_with_its_code(Ends& ends);
awaitable<void> after_close_write(Ends& ends);
awaitable<void> after_remote_close_write(Ends& ends);
awaitable<void> after_abort(Ends& ends);
awaitable<void> after_remote_reset(Ends& ends);
awaitable<void> after_deadline(Ends& ends);
awaitable<void> after_connection_end(Ends& ends);
awaitable<void> abort_wakes_who_waits(Ends& ends);
awaitable<void> deadline_wakes_a_reader(Ends& ends);
awaitable<void> deadline_wakes_a_writer(Ends& ends);
awaitable<void> destroyed_stream_is_reset(Ends& ends);
awaitable<void> destroyed_after_close_write_drains(Ends& ends);
awaitable<void> large_transfers_both_ways_arrive_intact(Ends& ends);
awaitable<void> hundred_streams_at_once(Ends& ends);
awaitable<void> thousand_streams_one_after_the_other(Ends& ends);
awaitable<void> reader_that_stops_makes_the_writer_wait(Ends& ends);
awaitable<void> close_ends_politely(Ends& ends);
awaitable<void> close_wakes_everybody(Ends& ends);
awaitable<void> abort_of_the_connection_wakes_everybody(Ends& ends);
awaitable<void> streams_outlive_the_connection(Ends& ends);
awaitable<void> cancelled_reads_leave_nothing(Ends& ends);
awaitable<void> cancelled_writes_leave_nothing(Ends& ends);
awaitable<void> cancelled_opens_leave_nothing(Ends& ends);
awaitable<void> cancelled_accepts_lose_no_stream(Ends& ends);

}  // namespace scenarios
}  // namespace libp2p::conformance

/// Calls `X(TestName, scenario)` for each of them.
#define LIBP2P_CONNECTION_SCENARIOS(X)                                                  \
    X(OpensStreamsFromBothSides, opens_streams_from_both_sides)                         \
    X(EchoesMessagesOfAllSizes, echoes_messages_of_all_sizes)                           \
    X(SmallWritesArriveInOrder, small_writes_arrive_in_order)                           \
    X(HalfCloseLeavesTheOtherDirectionOpen, half_close_leaves_the_other_direction_open) \
    X(DataBeforeTheEndIsDelivered, data_before_the_end_is_delivered)                    \
    X(ResetReachesTheRemoteWithItsCode, reset_reaches_the_remote_with_its_code)         \
    X(StreamTableAfterCloseWrite, after_close_write)                                    \
    X(StreamTableAfterRemoteCloseWrite, after_remote_close_write)                       \
    X(StreamTableAfterAbort, after_abort)                                               \
    X(StreamTableAfterRemoteReset, after_remote_reset)                                  \
    X(StreamTableAfterDeadline, after_deadline)                                         \
    X(StreamTableAfterConnectionEnd, after_connection_end)                              \
    X(AbortOfAStreamWakesWhoWaits, abort_wakes_who_waits)                               \
    X(DeadlineWakesAReader, deadline_wakes_a_reader)                                    \
    X(DeadlineWakesAWriter, deadline_wakes_a_writer)                                    \
    X(DestroyedStreamIsReset, destroyed_stream_is_reset)                                \
    X(StreamDestroyedAfterCloseWriteDrains, destroyed_after_close_write_drains)         \
    X(LargeTransfersBothWaysArriveIntact, large_transfers_both_ways_arrive_intact)      \
    X(HundredStreamsAtOnce, hundred_streams_at_once)                                    \
    X(ThousandStreamsOneAfterTheOther, thousand_streams_one_after_the_other)            \
    X(ReaderThatStopsMakesTheWriterWait, reader_that_stops_makes_the_writer_wait)       \
    X(CloseEndsPolitely, close_ends_politely)                                           \
    X(CloseWakesEverybody, close_wakes_everybody)                                       \
    X(AbortOfTheConnectionWakesEverybody, abort_of_the_connection_wakes_everybody)      \
    X(StreamsOutliveTheConnection, streams_outlive_the_connection)                      \
    X(CancelledReadsLeaveNothing, cancelled_reads_leave_nothing)                        \
    X(CancelledWritesLeaveNothing, cancelled_writes_leave_nothing)                      \
    X(CancelledOpensLeaveNothing, cancelled_opens_leave_nothing)                        \
    X(CancelledAcceptsLoseNoStream, cancelled_accepts_lose_no_stream)
