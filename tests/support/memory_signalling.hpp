// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/signalling.hpp>
#include <libp2p/waiter.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace libp2p::test {

/// One direction of a pipe in memory.
struct MemoryMessages {
    explicit MemoryMessages(asio::any_io_executor executor) : changed(std::move(executor)) {}

    std::deque<SignallingMessage> messages;
    Waiter changed;
    bool is_closed = false;   ///< no more follow
    bool is_aborted = false;  ///< either side has gone
};

/// What happens to a message on its way: nothing, or it is changed, or lost (false).
using Tamper = std::function<bool(SignallingMessage& message)>;

/// One end of a pipe in memory.
class MemoryPipe final : public SignallingPipe {
public:
    MemoryPipe(
        std::shared_ptr<MemoryMessages> in, std::shared_ptr<MemoryMessages> out, SignallingRemote remote, Tamper tamper
    );
    ~MemoryPipe() override { abort(); }

    const SignallingRemote& remote() const noexcept override { return remote_; }
    awaitable<result<void>> send(SignallingMessage message) override;
    awaitable<result<SignallingMessage>> receive() override;
    awaitable<result<void>> close() override;
    void abort() noexcept override;

private:
    std::shared_ptr<MemoryMessages> in_;   // shared with the other end
    std::shared_ptr<MemoryMessages> out_;  // likewise
    SignallingRemote remote_;
    Tamper tamper_;
    bool is_aborted_ = false;
};

/// Both ends, with what they are told of each other.
std::pair<std::unique_ptr<MemoryPipe>, std::unique_ptr<MemoryPipe>> make_memory_pipe(
    const asio::any_io_executor& executor, SignallingRemote first, SignallingRemote second, const Tamper& tamper = {}
);

/// Hosts of one process that signal in memory at `/memory/N/webrtc`.
class MemorySignallingNetwork {
public:
    /// Vouches for the peers; else they have to prove themselves.
    explicit MemorySignallingNetwork(bool is_trusted = true) noexcept : is_trusted_(is_trusted) {}

    bool is_trusted() const noexcept { return is_trusted_; }

    /// Applied to what is sent from now on.
    Tamper tamper;

private:
    friend class MemorySignalling;
    friend class MemorySignallingListener;

    struct Place {
        Place(asio::any_io_executor executor, PublicKey whose) : key(std::move(whose)), arrived(std::move(executor)) {}

        PublicKey key;
        std::deque<std::unique_ptr<SignallingPipe>> pipes;
        Waiter arrived;
    };

    std::map<std::uint64_t, std::shared_ptr<Place>> places_;
    std::uint64_t next_ = 1;
    bool is_trusted_;
};

/// The part of one host.
class MemorySignalling final : public Signalling {
public:
    MemorySignalling(std::shared_ptr<MemorySignallingNetwork> network, asio::any_io_executor executor, PublicKey own)
        : network_(std::move(network)), executor_(std::move(executor)), own_(std::move(own)) {}

    bool can_dial(const Multiaddr& address) const noexcept override;
    bool can_listen(const Multiaddr& address) const noexcept override { return can_dial(address); }
    awaitable<result<std::unique_ptr<SignallingPipe>>> open(Multiaddr address, PeerId peer) override;
    awaitable<result<std::unique_ptr<SignallingListener>>> listen(Multiaddr address) override;

private:
    std::shared_ptr<MemorySignallingNetwork> network_;
    asio::any_io_executor executor_;
    PublicKey own_;
};

}  // namespace libp2p::test
