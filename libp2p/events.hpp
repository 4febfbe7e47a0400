// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/connection_info.hpp>
#include <libp2p/error_codes.hpp>
#include <libp2p/identify_info.hpp>
#include <libp2p/multiaddr.hpp>
#include <libp2p/peer_id.hpp>
#include <libp2p/protocol_id.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

namespace libp2p {

/// The first connection with a peer stands.
struct PeerConnected {
    PeerId peer;
};

/// The last connection with a peer has ended.
struct PeerDisconnected {
    PeerId peer;
    Error reason;                                          ///< of the last connection's end
    ConnectionErrorCode code = ConnectionErrorCode::none;  ///< what the remote gave as its reason
};

struct ConnectionOpened {
    std::shared_ptr<const ConnectionInfo> connection;
};

struct ConnectionClosed {
    std::shared_ptr<const ConnectionInfo> connection;
    Error reason;
    ConnectionErrorCode code = ConnectionErrorCode::none;  ///< what the remote gave as its reason
};

/// A protocol was agreed on for a stream.
struct StreamOpened {
    std::shared_ptr<const ConnectionInfo> connection;
    ProtocolId protocol;
    Direction direction;
};

/// Identify has told of a peer, on a new connection or by push.
struct PeerIdentified {
    std::shared_ptr<const IdentifyInfo> info;
};

/// The host can be reached at other addresses than before.
struct AddressesChanged {
    std::vector<Multiaddr> addresses;  ///< all of them, now
};

/// The subscriber was too slow: so many events were dropped, all of them older than the one that follows.
struct EventsMissed {
    std::uint64_t count = 0;
};

using Event = std::variant<
    PeerConnected,
    PeerDisconnected,
    ConnectionOpened,
    ConnectionClosed,
    StreamOpened,
    PeerIdentified,
    AddressesChanged,
    EventsMissed>;

/// Most events that a subscription may ask to keep.
inline constexpr std::size_t kMaxEventCapacity = 64 * 1024;

/// The events of a host from the moment of subscription on, as a sequence to await. Move-only; destroying it
/// unsubscribes.
///
///     while (auto event = co_await subscription.next()) { … }
class EventSubscription {
public:
    EventSubscription(EventSubscription&&) noexcept;
    EventSubscription& operator=(EventSubscription&&) noexcept;
    ~EventSubscription();

    /// The next event; `EventsMissed` where some were dropped. Fails with `Errc::shut_down` once the host is closed and
    /// every event before that was delivered. One caller at a time. Cancellation loses no event; destroying the
    /// subscription meanwhile ends it with `operation_aborted`.
    awaitable<result<Event>> next();

private:
    friend class EventBus;
    struct Queue;
    explicit EventSubscription(std::shared_ptr<Queue> queue) noexcept;
    static awaitable<result<Event>> next_of(std::shared_ptr<Queue> queue);

    std::shared_ptr<Queue> queue_;  // shared with a `next` that is under way
};

/// Where the host's parts publish events. Applications use `Host::subscribe`.
class EventBus {
public:
    EventBus(asio::any_io_executor executor, std::size_t max_subscriptions);
    EventBus(const EventBus&) = delete;
    EventBus& operator=(const EventBus&) = delete;

    /// Closes.
    ~EventBus();

    /// At most `capacity` events wait; the oldest are dropped for newer ones, and counted. Fails with
    /// `Errc::limit_exceeded` at `limits.subscriptions` or above `kMaxEventCapacity`, with `Errc::shut_down` after
    /// `close`.
    result<EventSubscription> subscribe(std::size_t capacity);

    /// Whether an event would be heard: ask before making one that costs something.
    bool has_subscribers() const noexcept;

    /// Hands the event to every subscription. Subscribers run later, from the executor. When memory is short the event
    /// counts as missed.
    void publish(const Event& event) noexcept;

    /// Takes no more events; subscriptions end when they have delivered what waits. Idempotent.
    void close() noexcept;

private:
    struct Subscriptions;

    asio::any_io_executor executor_;
    std::size_t max_subscriptions_;
    std::unique_ptr<Subscriptions> subscriptions_;
    bool closed_ = false;
};

}  // namespace libp2p
