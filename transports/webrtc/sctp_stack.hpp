// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/bytes.hpp>

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace libp2p::webrtc {

class SctpAssociation;

/// usrsctp, of which a process has one, run without threads of its own.
///
/// It knows associations by a number that is never used twice, so that whatever it says late about one that has gone
/// finds nothing. Packets that it sends while the owner of an association calls it go straight to that owner; those
/// that its timers send, on the thread of whoever ticks, wait in a mailbox, and the owner's executor is asked to look.
/// The lock is for hosts on different threads; nobody is called under it.
class SctpStack {
public:
    static SctpStack& instance();

    SctpStack(const SctpStack&) = delete;
    SctpStack& operator=(const SctpStack&) = delete;

    /// Moves usrsctp's clock, which starts when the first association is made, to `now`; never back.
    void advance(std::chrono::steady_clock::time_point now);

    /// How often `advance` wants to be called while there are associations.
    static constexpr std::chrono::milliseconds kTick{10};

    /// Associations that exist in the process.
    std::size_t size() const;

private:
    friend class SctpAssociation;

    /// What came about for an association while its owner was not calling.
    struct Mailbox {
        std::vector<Bytes> packets;
        bool called = false;  // the owner was asked to look, and has not yet
        asio::any_io_executor executor;
        std::weak_ptr<SctpAssociation> owner;
    };

    SctpStack();

    std::uintptr_t add(
        std::weak_ptr<SctpAssociation> owner, asio::any_io_executor executor, std::chrono::steady_clock::time_point now
    );
    void remove(std::uintptr_t number) noexcept;
    void leave(std::uintptr_t number, ByteView packet) noexcept;
    std::vector<Bytes> collect(std::uintptr_t number) noexcept;

    mutable std::mutex mutex_;
    std::unordered_map<std::uintptr_t, Mailbox> mailboxes_;
    std::uintptr_t last_number_ = 0;
    std::chrono::steady_clock::time_point time_{};
};

/// Ticks usrsctp's clock on one executor while somebody needs it.
class SctpTicker : public std::enable_shared_from_this<SctpTicker> {
public:
    explicit SctpTicker(asio::any_io_executor executor) : timer_(std::move(executor)) {}

    /// Until as many `stop` have followed.
    void start();
    void stop() noexcept;

private:
    void arm();

    asio::steady_timer timer_;
    std::size_t users_ = 0;
};

}  // namespace libp2p::webrtc
