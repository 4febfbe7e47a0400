// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/resource_manager.hpp"

#include <libp2p/multiaddr.hpp>
#include <libp2p/peer_id.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/assert.hpp>
#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace libp2p {
namespace {

namespace asio = boost::asio;
namespace intrusive = boost::intrusive;

using Hook = intrusive::list_member_hook<intrusive::link_mode<intrusive::auto_unlink>>;

/// An IP network: the prefix, zeros behind it.
struct Network {
    std::array<std::uint8_t, 16> prefix{};
    std::uint8_t bits = 0;  // 32 is IPv4
    friend auto operator<=>(const Network&, const Network&) = default;
};

/// Networks whose limits an address counts for: none, the IPv4 address, or two IPv6 networks, the narrow one first.
struct Networks {
    std::array<Network, 2> networks;
    std::size_t count = 0;
};

Networks networks_of(const Multiaddr& remote);
std::string_view setting_of(const Network& network);
std::string describe(const Network& network);

}  // namespace

struct ResourceManager::State {
    explicit State(const Limits& all)
        : limits(all),
          system(Budget::make("system", "limits.system", limits.system)),
          transient(Budget::make("transient", "limits.transient", limits.transient, system)) {}

    struct Subnet;

    /// The place of a connection in one of its networks.
    struct Membership {
        Hook by_age;  // linked while the connection may be evicted
        ConnectionScope::State* connection = nullptr;
        Subnet* subnet = nullptr;
        const Network* network = nullptr;
    };

    struct Subnet {
        std::uint32_t connections = 0;
        std::uint32_t members = 0;  // counts the suspended ones too
        intrusive::list<
            Membership,
            intrusive::member_hook<Membership, Hook, &Membership::by_age>,
            intrusive::constant_time_size<false>>
            evictable;  // oldest first
    };

    struct Victims;

    std::shared_ptr<Budget> peer_scope(const std::shared_ptr<State>& self, const PeerId& peer);
    std::uint32_t limit_of(const Network& network) const noexcept;
    void join(ConnectionScope::State& connection, const Multiaddr& remote);
    result<void> make_room_in_networks(ConnectionScope::State& connection, Victims& victims);
    result<Charge> charge(ConnectionScope::State& connection, const Usage& amount, Victims& victims);

    static std::shared_ptr<const ScopeRule> rule(std::string_view setting, const ScopeLimits& bounds) {
        return std::make_shared<const ScopeRule>(ScopeRule{setting, bounds});
    }

    Limits limits;
    std::shared_ptr<const ScopeRule> peer_rule = rule("limits.peer", limits.peer);
    std::shared_ptr<const ScopeRule> connection_rule = rule("limits.connection", limits.connection);
    std::shared_ptr<const ScopeRule> stream_rule = rule("limits.stream", limits.stream);
    std::shared_ptr<Budget> system;
    std::shared_ptr<Budget> transient;
    std::unordered_map<PeerId, std::weak_ptr<Budget>> peers;  // an entry lives as long as its scope
    std::map<Network, Subnet> subnets;                        // an entry lives as long as a connection of it
    std::uint64_t evictions = 0;
    std::uint64_t refusals = 0;

    struct Lists;
    std::unique_ptr<Lists> lists;
};

struct ConnectionScope::State {
    State(std::shared_ptr<ResourceManager::State> the_manager, Direction way)
        : manager(std::move(the_manager)), direction(way) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();

    bool is_evictable() const noexcept { return by_age.is_linked(); }
    void enter_networks() noexcept;
    void stop_being_evictable() noexcept;

    /// Takes the connection out of every count, for a newer one to try; `resume` undoes it, and nothing in between may
    /// have taken its place.
    void suspend() noexcept;
    void resume() noexcept;

    std::shared_ptr<ResourceManager::State> manager;  // shared: the scope may outlive the manager
    Direction direction;
    std::shared_ptr<Budget> budget;
    Charge charge;
    Usage suspended;  // what it had
    bool is_suspended = false;
    bool evicted = false;
    bool has_peer = false;
    std::function<void()> abort;
    Hook all;     // linked always
    Hook by_age;  // linked while it may be evicted
    std::array<ResourceManager::State::Membership, 2> memberships;
};

struct ResourceManager::State::Lists {
    using Connection = ConnectionScope::State;
    intrusive::list<
        Connection,
        intrusive::member_hook<Connection, Hook, &Connection::all>,
        intrusive::constant_time_size<false>>
        all;  // oldest first
    intrusive::list<
        Connection,
        intrusive::member_hook<Connection, Hook, &Connection::by_age>,
        intrusive::constant_time_size<false>>
        evictable;  // oldest first
};

/// Connections that step aside while a new one looks for its place; they step back unless `evict` is called.
struct ResourceManager::State::Victims {
    Victims() = default;
    Victims(const Victims&) = delete;
    Victims& operator=(const Victims&) = delete;

    ~Victims() {
        while (count > 0) {
            connections[--count]->resume();
        }
    }

    /// The first that has not stepped aside yet does.
    template <class List, class ToConnection>
    bool add_oldest(List& evictable, ToConnection connection_of) {
        for (auto& entry : evictable) {  // skips at most the few that are aside
            ConnectionScope::State& oldest = connection_of(entry);
            if (!oldest.is_suspended) {
                oldest.suspend();
                connections[count++] = &oldest;
                return true;
            }
        }
        return false;
    }

    /// Ends them. Their owners are told last: what they do must not meet a half-made state.
    void evict() {
        std::array<std::function<void()>, 3> aborts;
        const auto evicted = std::exchange(count, 0);
        for (std::size_t i = 0; i < evicted; ++i) {
            auto& connection = *connections[i];
            connection.stop_being_evictable();
            connection.evicted = true;
            aborts[i] = std::move(connection.abort);
        }
        for (std::size_t i = 0; i < evicted; ++i) {
            aborts[i]();
        }
    }

    std::array<ConnectionScope::State*, 3> connections;  // two networks and the tree
    std::size_t count = 0;
};

// --- ResourceManager ---------------------------------------------------------------------------------------------

ResourceManager::ResourceManager(const Limits& limits) : state_(std::make_shared<State>(limits)) {
    state_->lists = std::make_unique<State::Lists>();
}

ResourceManager::~ResourceManager() = default;

result<ConnectionScope> ResourceManager::open_connection(
    Direction direction, bool uses_descriptor, const Multiaddr& remote, bool is_address_proven
) {
    auto connection = std::make_unique<ConnectionScope::State>(state_, direction);
    const char* const way = direction == Direction::inbound ? "inbound connection " : "outbound connection ";
    connection->budget = Budget::make(way + remote.to_string(), state_->connection_rule, state_->transient);
    state_->lists->all.push_back(*connection);

    State::Victims victims;
    if (direction == Direction::inbound && is_address_proven) {
        state_->join(*connection, remote);
        if (auto room = state_->make_room_in_networks(*connection, victims); !room) {
            ++state_->refusals;
            return room.error();
        }
    }
    const auto amount = Usage::connection(direction, uses_descriptor ? 1 : 0, state_->limits.connection_memory);
    auto charge = state_->charge(*connection, amount, victims);
    if (!charge) {
        ++state_->refusals;
        return charge.error();
    }
    connection->charge = std::move(*charge);
    state_->evictions += victims.count;
    victims.evict();
    return ConnectionScope(std::move(connection));
}

const Limits& ResourceManager::limits() const noexcept {
    return state_->limits;
}

const std::shared_ptr<Budget>& ResourceManager::system() const noexcept {
    return state_->system;
}

const std::shared_ptr<Budget>& ResourceManager::transient() const noexcept {
    return state_->transient;
}

std::vector<ScopeUsage> ResourceManager::snapshot() const {
    std::vector<ScopeUsage> scopes;
    const auto add = [&scopes](const Budget& budget) {
        scopes.push_back({budget.name(), budget.setting(), budget.used(), budget.limits()});
    };
    add(*state_->system);
    add(*state_->transient);
    for (const auto& [peer, scope] : state_->peers) {
        if (const auto budget = scope.lock()) {
            add(*budget);
        }
    }
    std::sort(scopes.begin() + 2, scopes.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    for (const auto& connection : state_->lists->all) {
        add(*connection.budget);
    }
    return scopes;
}

std::uint64_t ResourceManager::evictions() const noexcept {
    return state_->evictions;
}

std::uint64_t ResourceManager::refusals() const noexcept {
    return state_->refusals;
}

std::shared_ptr<Budget> ResourceManager::State::peer_scope(const std::shared_ptr<State>& self, const PeerId& peer) {
    if (const auto found = peers.find(peer); found != peers.end()) {
        return found->second.lock();  // the entry goes with the scope, so the scope is there
    }
    auto forget = [manager = std::weak_ptr<State>(self), peer] {
        if (const auto state = manager.lock()) {
            state->peers.erase(peer);
        }
    };
    auto scope = Budget::make_watched("peer " + peer.to_string(), peer_rule, system, std::move(forget));
    peers.emplace(peer, scope);
    return scope;
}

std::uint32_t ResourceManager::State::limit_of(const Network& network) const noexcept {
    switch (network.bits) {
        case 32: return limits.connections_per_ipv4;
        case 48: return limits.connections_per_ipv6_48;
        default: return limits.connections_per_ipv6_56;
    }
}

void ResourceManager::State::join(ConnectionScope::State& connection, const Multiaddr& remote) {
    const auto networks = networks_of(remote);
    for (std::size_t i = 0; i < networks.count; ++i) {
        const auto entry = subnets.try_emplace(networks.networks[i]).first;
        auto& membership = connection.memberships[i];
        membership.connection = &connection;
        membership.network = &entry->first;
        membership.subnet = &entry->second;
        ++entry->second.connections;
        ++entry->second.members;
    }
}

/// The new connection is counted already: one more than the limit is one too many.
result<void> ResourceManager::State::make_room_in_networks(ConnectionScope::State& connection, Victims& victims) {
    for (auto& membership : connection.memberships) {
        if (!membership.subnet || membership.subnet->connections <= limit_of(*membership.network)) {
            continue;
        }
        const auto connection_of = [](Membership& m) -> ConnectionScope::State& { return *m.connection; };
        if (!victims.add_oldest(membership.subnet->evictable, connection_of)) {
            const auto used = std::to_string(membership.subnet->connections - 1);
            return Error(
                Errc::limit_exceeded,
                describe(*membership.network) + ": connections " + used + " of " +
                    std::to_string(limit_of(*membership.network)) + " used, 1 more asked (" +
                    std::string(setting_of(*membership.network)) + ")"
            );
        }
    }
    return ok();
}

result<Charge> ResourceManager::State::charge(
    ConnectionScope::State& connection, const Usage& amount, Victims& victims
) {
    auto charged = connection.budget->charge(amount);
    if (charged) {
        return charged;
    }
    const auto connection_of = [](ConnectionScope::State& c) -> ConnectionScope::State& { return c; };
    if (!victims.add_oldest(lists->evictable, connection_of) || !connection.budget->has_room(amount)) {
        return charged;
    }
    return connection.budget->charge(amount);
}

// --- ConnectionScope ---------------------------------------------------------------------------------------------

ConnectionScope::ConnectionScope(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

ConnectionScope::ConnectionScope(ConnectionScope&&) noexcept = default;

ConnectionScope& ConnectionScope::operator=(ConnectionScope&&) noexcept = default;

ConnectionScope::~ConnectionScope() = default;

Direction ConnectionScope::direction() const noexcept {
    return state_->direction;
}

const std::shared_ptr<Budget>& ConnectionScope::budget() const noexcept {
    return state_->budget;
}

result<void> ConnectionScope::set_peer(const PeerId& peer) {
    BOOST_ASSERT_MSG(!state_->has_peer, "the peer of a connection is set once");
    if (state_->evicted) {
        return Error(Errc::limit_exceeded, state_->budget->name() + ": gave way to a newer connection");
    }
    auto scope = state_->manager->peer_scope(state_->manager, peer);
    if (auto moved = state_->budget->reparent(std::move(scope)); !moved) {
        return moved;
    }
    state_->has_peer = true;
    state_->stop_being_evictable();
    state_->abort = nullptr;
    return ok();
}

result<void> ConnectionScope::prove_address(const Multiaddr& remote) {
    auto& state = *state_;
    auto& manager = *state.manager;
    if (state.memberships.front().subnet != nullptr) {
        return ok();
    }
    if (state.evicted) {
        return Error(Errc::limit_exceeded, state.budget->name() + ": gave way to a newer connection");
    }
    manager.join(state, remote);
    ResourceManager::State::Victims victims;
    if (auto room = manager.make_room_in_networks(state, victims); !room) {
        ++manager.refusals;
        return room;
    }
    if (state.is_evictable()) {
        state.enter_networks();
    }
    manager.evictions += victims.count;
    victims.evict();
    return ok();
}

result<Charge> ConnectionScope::open_stream(Direction direction) {
    const auto& manager = *state_->manager;
    auto transient = state_->has_peer ? manager.transient : nullptr;  // else the connection is in it already
    auto scope = Budget::make("stream", manager.stream_rule, state_->budget, std::move(transient));
    return scope->charge(Usage::stream(direction, manager.limits.stream_memory));
}

void ConnectionScope::negotiated(Charge& stream) noexcept {
    if (const auto& scope = stream.budget()) {
        scope->leave_second_parent();
    }
}

void ConnectionScope::on_evict(std::function<void()> abort) {
    auto& state = *state_;
    if (state.direction == Direction::outbound || state.has_peer || state.evicted) {
        return;
    }
    if (!abort) {
        state.stop_being_evictable();
        state.abort = nullptr;
        return;
    }
    state.abort = std::move(abort);
    if (state.is_evictable()) {
        return;  // keeps its age
    }
    state.manager->lists->evictable.push_back(state);
    state.enter_networks();
}

bool ConnectionScope::is_evicted() const noexcept {
    return state_->evicted;
}

ConnectionScope::State::~State() {
    stop_being_evictable();
    for (auto& membership : memberships) {
        if (!membership.subnet) {
            continue;
        }
        membership.subnet->connections -= is_suspended ? 0 : 1;
        if (--membership.subnet->members == 0) {
            manager->subnets.erase(*membership.network);
        }
    }
}

void ConnectionScope::State::enter_networks() noexcept {
    for (auto& membership : memberships) {
        if (membership.subnet) {
            membership.subnet->evictable.push_back(membership);
        }
    }
}

void ConnectionScope::State::stop_being_evictable() noexcept {
    by_age.unlink();
    for (auto& membership : memberships) {
        membership.by_age.unlink();
    }
}

void ConnectionScope::State::suspend() noexcept {
    is_suspended = true;
    suspended = charge.amount();
    charge.release();
    for (auto& membership : memberships) {
        if (membership.subnet) {
            --membership.subnet->connections;
        }
    }
}

void ConnectionScope::State::resume() noexcept {
    is_suspended = false;
    charge = budget->charge(suspended).value();  // cannot be refused: its place is still free
    for (auto& membership : memberships) {
        if (membership.subnet) {
            ++membership.subnet->connections;
        }
    }
}

// --- networks ----------------------------------------------------------------------------------------------------

namespace {

std::optional<asio::ip::address> ip_of(const Multiaddr& remote);

Network prefix_of(const asio::ip::address_v6& address, std::uint8_t bits) {
    Network network;
    network.bits = bits;
    const auto octets = address.to_bytes();
    std::copy_n(octets.begin(), bits / 8, network.prefix.begin());
    return network;
}

Networks networks_of(const Multiaddr& remote) {
    Networks found;
    auto address = ip_of(remote);
    if (!address) {
        return found;
    }
    if (address->is_v6() && address->to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address->to_v6());
    }
    if (address->is_loopback()) {
        return found;
    }
    if (address->is_v4()) {
        auto& network = found.networks[found.count++];
        network.bits = 32;
        const auto octets = address->to_v4().to_bytes();
        std::copy(octets.begin(), octets.end(), network.prefix.begin());
    } else {
        found.networks[found.count++] = prefix_of(address->to_v6(), 56);
        found.networks[found.count++] = prefix_of(address->to_v6(), 48);
    }
    return found;
}

std::string_view setting_of(const Network& network) {
    switch (network.bits) {
        case 32: return "limits.connections_per_ipv4";
        case 48: return "limits.connections_per_ipv6_48";
        default: return "limits.connections_per_ipv6_56";
    }
}

std::string describe(const Network& network) {
    if (network.bits == 32) {
        asio::ip::address_v4::bytes_type octets;
        std::copy_n(network.prefix.begin(), octets.size(), octets.begin());
        return asio::ip::address_v4(octets).to_string();
    }
    return asio::ip::address_v6(network.prefix).to_string() + "/" + std::to_string(network.bits);
}

/// The address that the connection itself comes from; none where it does not come over IP, or comes through a relay.
std::optional<asio::ip::address> ip_of(const Multiaddr& remote) {
    if (remote.has(Protocol::p2p_circuit)) {
        return std::nullopt;
    }
    if (const auto v4 = remote.find(Protocol::ip4)) {
        asio::ip::address_v4::bytes_type octets;
        std::copy_n(v4->value().begin(), octets.size(), octets.begin());
        return asio::ip::address_v4(octets);
    }
    if (const auto v6 = remote.find(Protocol::ip6)) {
        asio::ip::address_v6::bytes_type octets;
        std::copy_n(v6->value().begin(), octets.size(), octets.begin());
        return asio::ip::address_v6(octets);
    }
    return std::nullopt;
}

}  // namespace

}  // namespace libp2p
