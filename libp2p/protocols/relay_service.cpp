// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/relay_service.hpp"

#include "libp2p/protocols/internal/relay_messages.hpp"
#include "libp2p/protocols/internal/relay_stop.hpp"
#include "libp2p/protocols/internal/relay_table.hpp"
#include "libp2p/protocols/internal/relay_voucher.hpp"
#include "libp2p/protocols/internal/splice.hpp"

#include <libp2p/host.hpp>
#include <libp2p/log.hpp>
#include <libp2p/tasks.hpp>
#include <libp2p/timeout.hpp>
#include <libp2p/waiter.hpp>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace libp2p::relay {
namespace {

const Logger log("relay");

/// What the connection manager knows clients by: a reservation is worth more than a circuit.
constexpr std::string_view kReservationTag = "relay-reservation";
constexpr std::int32_t kReservationWeight = 10;
constexpr std::string_view kCircuitTag = "relay-circuit";
constexpr std::int32_t kCircuitWeight = 2;

/// Events of connections that may wait; when more come, every reservation is looked at.
constexpr std::size_t kEventCapacity = 256;

/// Most addresses that a reservation tells, in octets together: a message holds 4096.
constexpr std::size_t kAnnouncedOctets = 2048;

bool is_direct(const ConnectionInfo& connection) {
    return !connection.limited && !connection.remote_address.has(Protocol::p2p_circuit);
}

bool allows(const auto& filter, const auto&... arguments) {
    try {
        return !filter || filter(arguments...);
    } catch (const std::exception& thrown) {
        log.error("filter.threw", {{"what", thrown.what()}});
        return false;
    }
}

Refusal malformed(std::string why) {
    return Refusal{Status::malformed_message, std::move(why)};
}

/// Words for the end of a circuit.
std::string words_for(const Error& end) {
    if (end == asio::error::make_error_code(asio::error::eof)) {
        return "closed by both sides";
    }
    if (end == asio::error::make_error_code(asio::error::timed_out)) {
        return "its time was up";
    }
    return end.message();
}

}  // namespace

class RelayService::State : public std::enable_shared_from_this<State> {
public:
    State(Host& host, RelayServiceOptions options)
        : services_(host.services()),
          manager_(host.connection_manager()),
          options_(std::move(options)),
          table_(options_.limits, host.resources().system()),
          expiry_(host.executor(), RelayTable::TimePoint::max()),
          drained_(host.executor()) {}

    void start() {
        services_.handle(ProtocolId(kHopProtocol), [self = shared_from_this()](std::unique_ptr<Stream> stream) {
            return serve(self, std::move(stream));
        });
        serving_ = true;
        services_.spawn(watch(shared_from_this()));
    }

    /// Circuits that stand go on; nothing else does.
    void stop() {
        stop_serving();
        listener_ = nullptr;
        table_.stop();
        for (const auto& reservation : table_.reservations()) {
            end_reservation(reservation.peer, "the relay stops");
        }
        stopped_ = true;
        expiry_.cancel();
    }

    awaitable<bool> drain(std::chrono::milliseconds limit) {
        stop_serving();
        table_.stop();
        auto waited = co_await with_timeout(limit, until_drained());
        (void)waited;  // the circuits are counted
        co_return table_.circuit_count() == 0;
    }

    void listen(std::function<void(const RelayEvent&)> listener) { listener_ = std::move(listener); }
    const RelayTable& table() const noexcept { return table_; }
    const RelayLimits& limits() const noexcept { return options_.limits; }
    std::uint64_t refusals() const noexcept { return refusals_; }

    std::vector<CircuitInfo> circuits() const {
        std::vector<CircuitInfo> all;
        all.reserve(circuits_.size());
        for (const auto& [id, circuit] : circuits_) {
            all.push_back(circuit->info());
        }
        return all;
    }

private:
    using Self = std::shared_ptr<State>;

    /// The place of a circuit in the table, and the tags of its peers.
    class Circuit {
    public:
        Circuit(State& state, std::uint64_t id, const PeerId& source, const PeerId& destination)
            : state_(state), id_(id), source_(source), destination_(destination) {
            state_.change_tag(source_, kCircuitTag, kCircuitWeight);
            state_.change_tag(destination_, kCircuitTag, kCircuitWeight);
        }
        Circuit(const Circuit&) = delete;
        Circuit& operator=(const Circuit&) = delete;
        ~Circuit() {
            if (state_.circuits_.erase(id_) > 0) {
                state_.tell_closed(info(), reason_);
            }
            state_.table_.close(id_);
            state_.change_tag(source_, kCircuitTag, -kCircuitWeight);
            state_.change_tag(destination_, kCircuitTag, -kCircuitWeight);
            state_.drained_.notify();
        }

        /// The streams have to be there until this dies.
        void opened(Stream& near, Stream& far) {
            near_ = &near;
            far_ = &far;
            state_.circuits_.emplace(id_, this);
            log.debug("circuit.opened", {{"source", source_}, {"destination", destination_}});
            state_.tell(CircuitOpened{info()});
        }
        /// A splice that waits for one side to read would not notice that the other has left.
        void connection_ended(ConnectionId connection) noexcept {
            if (near_->connection().id == connection || far_->connection().id == connection) {
                near_->abort(StreamErrorCode::none);
                far_->abort(StreamErrorCode::none);
            }
        }
        void ended(const Error& end) { reason_ = words_for(end); }

        CircuitInfo info() const {
            CircuitInfo info{id_, source_, destination_, opened_at_};
            info.octets_forward = counts.forward;
            info.octets_backward = counts.backward;
            return info;
        }

        protocols::SpliceCounts counts;

    private:
        State& state_;
        Stream* near_ = nullptr;
        Stream* far_ = nullptr;
        std::uint64_t id_;
        PeerId source_;
        PeerId destination_;
        std::chrono::steady_clock::time_point opened_at_ = Clock::now();
        std::string reason_ = "the relay stops";
    };

    // --- requests

    static awaitable<void> serve(Self self, std::unique_ptr<Stream> stream) {
        stream->expires_after(self->options_.limits.request_timeout);
        auto octets = co_await read_delimited(*stream, kMaxMessageSize);
        if (!octets) {
            const bool violated = octets.error() == Errc::protocol_violation;
            if (violated) {
                co_await self->refuse(*stream, "request", malformed(octets.error().message()));
            }
            co_return;
        }
        const auto message = decode_hop_message(*octets);
        octets = Bytes();
        if (!message) {
            co_await self->refuse(*stream, "request", malformed(message.error().message()));
            co_return;
        }
        if (!message->type) {
            co_await self->refuse(*stream, "request", malformed("a message without a type"));
            co_return;
        }
        if (*message->type == HopType::reserve) {
            co_await self->serve_reserve(*stream);
        } else if (*message->type == HopType::connect) {
            auto destination = destination_of(*message);
            if (destination) {
                co_await serve_connect(self, std::move(stream), std::move(*destination));
            } else {
                co_await self->refuse(*stream, "connect", malformed(destination.error().message()));
            }
        } else {
            Refusal unexpected{Status::unexpected_message, "neither RESERVE nor CONNECT"};
            co_await self->refuse(*stream, "request", std::move(unexpected));
        }
    }

    awaitable<void> serve_reserve(Stream& stream) {
        const auto& connection = stream.connection();
        if (auto refusal = check_reserve(connection)) {
            co_await refuse(stream, "reserve", std::move(*refusal));
            co_return;
        }
        const auto ttl = options_.limits.reservation_ttl;
        const auto expires = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now() + ttl);
        const auto answer = encode(reservation_for(connection.peer, expires));
        auto sent = co_await write_delimited(stream, answer);
        if (sent) {
            sent = co_await stream.close_write();
        }
        if (!sent) {
            log.debug("reserve.unanswered", {{"peer", connection.peer}, {"error", sent.error()}});
        }
    }

    /// Makes the reservation unless there is a reason against it.
    std::optional<Refusal> check_reserve(const ConnectionInfo& connection) {
        if (!is_direct(connection)) {
            return Refusal{Status::permission_denied, "a reservation over a relayed connection"};
        }
        if (!allows(options_.filter.reserve, connection.peer, connection.remote_address)) {
            return Refusal{Status::permission_denied, "the filter refuses the reservation"};
        }
        const auto now = Clock::now();
        expire(now);
        const bool renewed = table_.has_reservation(connection.peer, now);
        if (auto refusal = table_.reserve(connection.peer, connection.remote_address, now)) {
            return refusal;
        }
        expiry_.expires_at(table_.next_expiry());
        if (!renewed) {
            change_tag(connection.peer, kReservationTag, kReservationWeight);
        }
        log.debug("reserved", {{"peer", connection.peer}, {"remote", connection.remote_address}});
        const auto expires = std::chrono::system_clock::now() + options_.limits.reservation_ttl;
        tell(Reserved{connection.peer, connection.remote_address, expires, renewed});
        return std::nullopt;
    }

    HopMessage reservation_for(const PeerId& peer, std::chrono::sys_seconds expires) const {
        auto message = status_message(Status::ok);
        auto& reservation = message.reservation.emplace();
        reservation.expire = static_cast<std::uint64_t>(expires.time_since_epoch().count());
        const auto& identity = services_.identity();
        std::size_t octets = 0;
        for (const auto& address : options_.announce.empty() ? services_.listen_addresses() : options_.announce) {
            const auto full = address.with_peer(identity.peer_id());
            octets += full.bytes().size();
            const bool has_room = octets <= kAnnouncedOctets && reservation.addresses.size() < kMaxMessageAddresses;
            if (has_room && !address.has(Protocol::p2p_circuit)) {
                reservation.addresses.push_back(to_octets(full.bytes()));
            }
        }
        const Voucher voucher{identity.peer_id(), peer, expires};
        reservation.voucher = voucher.seal(identity);
        message.limit = limit_message(options_.limits);
        return message;
    }

    static awaitable<void> serve_connect(Self self, std::unique_ptr<Stream> stream, PeerId destination) {
        const auto source = stream->remote_peer();
        std::uint64_t id = 0;
        if (auto refusal = self->check_connect(stream->connection(), destination, id)) {
            co_await self->refuse(*stream, "connect", std::move(*refusal));
            co_return;
        }
        Circuit circuit(*self, id, source, destination);
        stream->expires_after(self->options_.limits.connect_timeout);
        auto far = co_await ask_for_circuit(self->services_, self->options_.limits, source, destination);
        if (!far) {
            Refusal failed{Status::connection_failed, far.error().message()};
            co_await self->refuse(*stream, "connect", std::move(failed));
            co_return;
        }
        auto answer = status_message(Status::ok);
        answer.limit = limit_message(self->options_.limits);
        auto sent = co_await write_delimited(*stream, encode(answer));
        if (!sent) {
            co_return;
        }
        circuit.opened(*stream, **far);
        auto end = co_await protocols::splice(*stream, **far, self->splice_limits(), self->turns_, circuit.counts);
        circuit.ended(end);
    }

    std::optional<Refusal> check_connect(
        const ConnectionInfo& connection, const PeerId& destination, std::uint64_t& id
    ) {
        if (!is_direct(connection)) {
            return Refusal{Status::permission_denied, "a circuit over a relayed connection"};
        }
        if (!allows(options_.filter.connect, connection.peer, destination)) {
            return Refusal{Status::permission_denied, "the filter refuses the circuit"};
        }
        const auto now = Clock::now();
        expire(now);
        return table_.open(connection.peer, destination, connection.remote_address, now, id);
    }

    protocols::SpliceLimits splice_limits() const {
        protocols::SpliceLimits limits;
        limits.octets = options_.limits.circuit_octets;
        if (options_.limits.circuit_duration.count() > 0) {
            limits.deadline = Clock::now() + options_.limits.circuit_duration;
        }
        return limits;
    }

    awaitable<void> refuse(Stream& stream, std::string_view request, Refusal refusal) {
        ++refusals_;
        const auto& peer = stream.remote_peer();
        const auto status = to_string(refusal.status);
        log.debug("refused", {{"peer", peer}, {"request", request}, {"status", status}, {"reason", refusal.reason}});
        const auto number = static_cast<std::uint32_t>(refusal.status);
        tell(RequestRefused{peer, std::string(request), number, refusal.reason});
        stream.expires_after(options_.limits.request_timeout);
        const auto message = encode(status_message(refusal.status));
        auto sent = co_await write_delimited(stream, message);
        if (sent) {
            sent = co_await stream.close_write();
        }
        (void)sent;  // whoever does not take the answer has lost it
    }

    // --- the end of reservations

    /// Until the host closes: afterwards nothing is held that its budget counts.
    static awaitable<void> watch(Self self) {
        struct Ending {
            State& state;
            ~Ending() {
                state.table_.clear();
                state.drained_.notify();
            }
        };
        Ending ending{*self};
        auto events = self->services_.subscribe(kEventCapacity);
        if (!events) {
            // Without them, the end of a peer is noticed when somebody wants to reach it.
            log.warning("unwatched", {{"error", events.error()}});
        }
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            if (events) {
                tasks.spawn(self->follow(*events));
            }
            co_await self->follow_expiry();
        };
        co_await with_tasks(body);
    }

    awaitable<void> follow(EventSubscription& events) {
        for (;;) {
            auto event = co_await events.next();
            if (!event) {
                co_return;
            }
            if (const auto* closed = std::get_if<ConnectionClosed>(&*event)) {
                for (const auto& [id, circuit] : circuits_) {
                    circuit->connection_ended(closed->connection->id);
                }
                drop_if_gone(closed->connection->peer);
            } else if (std::holds_alternative<EventsMissed>(*event)) {
                for (const auto& reservation : table_.reservations()) {
                    drop_if_gone(reservation.peer);
                }
            }
        }
    }

    awaitable<void> follow_expiry() {
        while (!stopped_) {
            auto [ec] = co_await expiry_.async_wait(as_result);
            (void)ec;  // moved, or over: cancellation shows in the next co_await
            if (stopped_) {
                co_return;
            }
            expire(Clock::now());
            if (expiry_.expiry() <= Clock::now()) {
                expiry_.expires_at(table_.next_expiry());
            }
        }
    }

    void expire(RelayTable::TimePoint now) {
        for (const auto& peer : table_.expire(now)) {
            reservation_ended(peer, "its time was up");
        }
    }

    void drop_if_gone(const PeerId& peer) {
        const auto connections = services_.infos(peer);
        if (std::none_of(connections.begin(), connections.end(), [](const auto& info) { return is_direct(*info); })) {
            end_reservation(peer, "the peer has left");
        }
    }

    void end_reservation(const PeerId& peer, const char* why) {
        if (table_.drop(peer)) {
            reservation_ended(peer, why);
        }
    }

    void reservation_ended(const PeerId& peer, const char* why) {
        change_tag(peer, kReservationTag, -kReservationWeight);
        log.debug("reservation.ended", {{"peer", peer}, {"reason", why}});
        tell(ReservationEnded{peer, why});
    }

    // --- small things

    awaitable<result<void>> until_drained() {
        while (table_.circuit_count() > 0) {
            auto interrupted = co_await drained_.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
        co_return ok();
    }

    void stop_serving() {
        if (std::exchange(serving_, false)) {
            services_.unhandle(ProtocolId(kHopProtocol));
        }
    }

    /// Weights of several circuits add up. A manager that is full of tags does without this one.
    void change_tag(const PeerId& peer, std::string_view tag, std::int32_t by) noexcept {
        try {
            (void)manager_.upsert_tag(peer, tag, [by](std::int32_t weight) { return weight + by; });
            if (manager_.tags(peer)[std::string(tag)] == 0) {
                manager_.untag_peer(peer, tag);
            }
        } catch (const std::bad_alloc&) {
            return;
        }
    }

    void tell_closed(const CircuitInfo& info, const std::string& reason) noexcept {
        try {
            log.debug(
                "circuit.closed", {{"source", info.source}, {"destination", info.destination}, {"reason", reason}}
            );
            tell(CircuitClosed{info, reason});
        } catch (const std::exception&) {
            return;  // nobody hears of it
        }
    }

    void tell(const RelayEvent& event) {
        if (listener_) {
            listener_(event);
        }
    }

    HostServices& services_;  // these two belong to what every task of the host keeps alive
    ConnectionManager& manager_;
    RelayServiceOptions options_;
    RelayTable table_;
    std::map<std::uint64_t, Circuit*> circuits_;  // those that octets flow through, each owned by its task
    protocols::SpliceTurns turns_;
    asio::steady_timer expiry_;  // at the next end of a reservation
    Waiter drained_;
    std::function<void(const RelayEvent&)> listener_;
    std::uint64_t refusals_ = 0;
    bool serving_ = false;
    bool stopped_ = false;
};

RelayLimits introduce_only() noexcept {
    return {};
}

RelayLimits carry_traffic() noexcept {
    RelayLimits limits;
    limits.reservations = 1024;
    limits.circuits = 4096;
    limits.circuits_per_peer = 64;
    limits.circuits_per_address = 256;
    limits.circuits_per_network = 1024;
    limits.circuit_duration = std::chrono::seconds(0);
    limits.circuit_octets = 0;
    return limits;
}

RelayService::RelayService(Host& host, RelayServiceOptions options) {
    const auto& limits = options.limits;
    if (limits.reservations == 0 || limits.circuits == 0 || limits.circuits_per_peer == 0) {
        throw std::invalid_argument("relay.reservations, relay.circuits and relay.circuits_per_peer must not be 0");
    }
    if (limits.reservation_ttl < std::chrono::seconds(1)) {
        throw std::invalid_argument("relay.reservation_ttl must be a second or more");
    }
    state_ = std::make_shared<State>(host, std::move(options));
    state_->start();
}

RelayService::~RelayService() {
    state_->stop();
}

void RelayService::on_event(std::function<void(const RelayEvent&)> listener) {
    state_->listen(std::move(listener));
}

const RelayLimits& RelayService::limits() const noexcept {
    return state_->limits();
}

std::vector<ReservationInfo> RelayService::reservations() const {
    return state_->table().reservations();
}

std::vector<CircuitInfo> RelayService::circuits() const {
    return state_->circuits();
}

std::uint64_t RelayService::refusals() const noexcept {
    return state_->refusals();
}

awaitable<bool> RelayService::drain(std::chrono::milliseconds limit) {
    return state_->drain(limit);
}

}  // namespace libp2p::relay
