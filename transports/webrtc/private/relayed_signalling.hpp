// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/host_services.hpp>
#include <libp2p/signalling.hpp>
#include <libp2p/waiter.hpp>

#include <cstddef>
#include <deque>
#include <memory>

namespace libp2p::webrtc {

/// Signalling over streams of connections through a relay, or of any others that stand. The relay sees the messages as
/// little as it sees other streams, and the connection has proven both peers.
class RelayedSignalling final : public Signalling {
public:
    explicit RelayedSignalling(HostServices& services) noexcept : services_(services) {}

    /// `<relay>/p2p-circuit/webrtc`
    bool can_dial(const Multiaddr& address) const noexcept override;

    /// `/webrtc`
    bool can_listen(const Multiaddr& address) const noexcept override;

    awaitable<result<std::unique_ptr<SignallingPipe>>> open(Multiaddr address, PeerId peer) override;
    awaitable<result<std::unique_ptr<SignallingListener>>> listen(Multiaddr address) override;

private:
    HostServices& services_;
};

/// Takes the streams of remotes that want to signal.
class RelayedSignallingListener final : public SignallingListener {
public:
    /// Streams that wait to be accepted. Past it they are reset.
    static constexpr std::size_t kWaiting = 16;

    explicit RelayedSignallingListener(HostServices& services);
    ~RelayedSignallingListener() override { close(); }

    /// Those of the relays that the host listens on, with /webrtc behind them.
    std::vector<Multiaddr> addresses() const override;
    awaitable<result<std::unique_ptr<SignallingPipe>>> accept() override;
    void close() noexcept override;

private:
    struct Queue {
        explicit Queue(asio::any_io_executor executor) : arrived(std::move(executor)) {}

        std::deque<std::unique_ptr<SignallingPipe>> pipes;
        Waiter arrived;
        bool is_closed = false;
    };

    static awaitable<void> serve(std::shared_ptr<Queue> queue, std::unique_ptr<Stream> stream);

    HostServices& services_;
    std::shared_ptr<Queue> queue_;  // shared with the handler, which the host may keep for longer
    mutable bool is_asking_ = false;
};

}  // namespace libp2p::webrtc
