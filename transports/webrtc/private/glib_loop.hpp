// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/types.h>

#include <map>
#include <memory>

struct _GMainContext;

namespace libp2p::webrtc {

/// Runs the sources of a GMainContext of its own on an executor, without a thread: waits for the descriptors and the
/// time that they ask for, and dispatches them then. One agent has one: a step looks at all descriptors of its context.
///
/// Whoever calls something of GLib that adds or changes a source calls `step` behind it.
class GlibLoop : public std::enable_shared_from_this<GlibLoop> {
public:
    static std::shared_ptr<GlibLoop> make(asio::any_io_executor executor);
    GlibLoop(const GlibLoop&) = delete;
    GlibLoop& operator=(const GlibLoop&) = delete;
    ~GlibLoop();

    _GMainContext* context() const noexcept { return context_; }
    const asio::any_io_executor& executor() const noexcept { return executor_; }

    /// Dispatches what is due, and waits anew. Called from inside of a dispatched source it has that step go on.
    void step();

    /// Somebody else receives from `descriptor`; sources see nothing come there but in `step_for_others`. -1: nobody
    /// does.
    void leave_to_others(int descriptor);

    /// A step in which sources look at that descriptor too.
    void step_for_others();

    /// Ends all waiting. The sources are dispatched no more.
    void stop() noexcept;

private:
    /// A descriptor that is waited for. A duplicate, since GLib closes its own as it likes.
    struct Watch {
        Watch(const asio::any_io_executor& executor, int duplicate, ino_t number)
            : descriptor(executor, duplicate), inode(number) {}

        asio::posix::stream_descriptor descriptor;
        ino_t inode;  ///< tells whether the number belongs to another socket by now
        bool is_reading = false;
        bool is_writing = false;
        bool is_wanted = true;
    };

    using Watches = std::map<int, std::shared_ptr<Watch>>;

    explicit GlibLoop(asio::any_io_executor executor);

    bool dispatch(int& timeout_ms);
    Watches::iterator forget(Watches::iterator watch) noexcept;
    void watch(int descriptor, bool readable, bool writable);
    void wait(const std::shared_ptr<Watch>& watch, bool readable, bool writable);
    void wait_until_due(int timeout_ms);
    void step_later();

    asio::any_io_executor executor_;
    _GMainContext* context_;
    Watches watches_;  // shared with the handlers; the agent's sockets bound them
    asio::steady_timer timer_;
    int left_to_others_ = -1;
    bool is_for_others_ = false;
    bool is_stepping_ = false;
    bool goes_on_ = false;
    bool will_step_ = false;
    bool is_stopped_ = false;
};

}  // namespace libp2p::webrtc
