// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/glib_loop.hpp"

#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <iterator>
#include <utility>
#include <vector>

namespace libp2p::webrtc {
namespace {

/// Rounds of one step, before others have their turn.
constexpr int kMaxRounds = 16;

/// Descriptors that a context is first asked about.
constexpr std::size_t kUsualDescriptors = 16;

ino_t inode_of(int descriptor) noexcept {
    struct stat status{};
    return ::fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

std::shared_ptr<GlibLoop> GlibLoop::make(asio::any_io_executor executor) {
    return std::shared_ptr<GlibLoop>(new GlibLoop(std::move(executor)));
}

GlibLoop::GlibLoop(asio::any_io_executor executor)
    : executor_(std::move(executor)), context_(g_main_context_new()), timer_(executor_) {}

GlibLoop::~GlibLoop() {
    stop();
    g_main_context_unref(context_);
}

void GlibLoop::leave_to_others(int descriptor) {
    left_to_others_ = descriptor;
    step_later();
}

void GlibLoop::stop() noexcept {
    is_stopped_ = true;
    while (!watches_.empty()) {
        forget(watches_.begin());
    }
    timer_.cancel();
}

void GlibLoop::step_for_others() {
    is_for_others_ = true;
    step();
    is_for_others_ = false;
}

void GlibLoop::step() {
    if (is_stopped_) {
        return;
    }
    if (std::exchange(is_stepping_, true)) {
        goes_on_ = true;
        return;
    }
    const auto self = shared_from_this();  // a source may let go of whoever owns this
    int timeout_ms = 0;
    int rounds = 0;
    do {
        goes_on_ = false;
        goes_on_ = dispatch(timeout_ms) || goes_on_;
    } while (!is_stopped_ && goes_on_ && ++rounds < kMaxRounds);
    is_stepping_ = false;
    if (is_stopped_) {
        return;
    }
    if (goes_on_) {
        step_later();
    }
    wait_until_due(timeout_ms);
}

/// One round of GLib's main loop, without its wait. True when a source was dispatched.
bool GlibLoop::dispatch(int& timeout_ms) {
    if (g_main_context_acquire(context_) == 0) {
        return false;
    }
    std::vector<GPollFD> descriptors(kUsualDescriptors);
    gint priority = 0;
    g_main_context_prepare(context_, &priority);
    gint count = 0;
    for (;;) {
        const auto room = static_cast<gint>(descriptors.size());
        count = g_main_context_query(context_, priority, &timeout_ms, descriptors.data(), room);
        descriptors.resize(static_cast<std::size_t>(count));
        if (count <= room) {
            break;
        }
    }
    g_poll(descriptors.data(), static_cast<guint>(count), 0);
    for (auto& [number, watch] : watches_) {
        watch->is_wanted = false;
    }
    for (auto& polled : descriptors) {
        if (polled.fd == left_to_others_ && !is_for_others_) {
            polled.revents = 0;
        }
        watch(polled.fd, (polled.events & G_IO_IN) != 0, (polled.events & G_IO_OUT) != 0);
    }
    for (auto next = watches_.begin(); next != watches_.end();) {
        next = next->second->is_wanted ? std::next(next) : forget(next);
    }
    const bool is_ready = g_main_context_check(context_, priority, descriptors.data(), count) != 0;
    if (is_ready) {
        g_main_context_dispatch(context_);
    }
    g_main_context_release(context_);
    return is_ready;
}

/// Closes what is waited for, as the handler that waits has a share in it.
GlibLoop::Watches::iterator GlibLoop::forget(Watches::iterator watch) noexcept {
    error_code ignored;  // the descriptor is gone whatever close reports
    watch->second->descriptor.close(ignored);
    return watches_.erase(watch);
}

void GlibLoop::watch(int descriptor, bool readable, bool writable) {
    if (descriptor == left_to_others_) {
        return;
    }
    const auto inode = inode_of(descriptor);
    auto found = watches_.find(descriptor);
    if (found != watches_.end() && found->second->inode != inode) {
        forget(found);
        found = watches_.end();
    }
    if (found == watches_.end()) {
        const auto duplicate = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
        if (duplicate < 0) {
            return;  // out of descriptors: it is looked at whenever something else happens
        }
        found = watches_.emplace(descriptor, std::make_shared<Watch>(executor_, duplicate, inode)).first;
    }
    found->second->is_wanted = true;
    wait(found->second, readable, writable);
}

void GlibLoop::wait(const std::shared_ptr<Watch>& watch, bool readable, bool writable) {
    using Descriptor = asio::posix::stream_descriptor;
    const auto arm = [&](Descriptor::wait_type what, bool Watch::* is_waiting) {
        if (std::exchange((*watch).*is_waiting, true)) {
            return;
        }
        watch->descriptor.async_wait(what, [weak = weak_from_this(), watch, is_waiting](error_code ec) {
            (*watch).*is_waiting = false;
            if (auto self = weak.lock(); self && !ec) {
                self->step();
            }
        });
    };
    if (readable) {
        arm(Descriptor::wait_read, &Watch::is_reading);
    }
    if (writable) {
        arm(Descriptor::wait_write, &Watch::is_writing);
    }
}

void GlibLoop::wait_until_due(int timeout_ms) {
    timer_.cancel();
    if (timeout_ms < 0) {
        return;
    }
    timer_.expires_after(std::chrono::milliseconds(timeout_ms));
    timer_.async_wait([weak = weak_from_this()](error_code ec) {
        if (auto self = weak.lock(); self && !ec) {
            self->step();
        }
    });
}

void GlibLoop::step_later() {
    if (std::exchange(will_step_, true)) {
        return;
    }
    asio::post(executor_, [weak = weak_from_this()] {
        if (auto self = weak.lock()) {
            self->will_step_ = false;
            self->step();
        }
    });
}

}  // namespace libp2p::webrtc
