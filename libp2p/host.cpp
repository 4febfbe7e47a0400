// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/host.hpp"

#include "libp2p/swarm/identify_service.hpp"
#include "libp2p/swarm/swarm.hpp"

namespace libp2p {

class Host::Impl {
public:
    Impl(asio::any_io_executor executor, Identity identity, HostOptions options)
        : swarm(std::move(executor), std::move(identity), std::move(options)), identify(swarm) {}

    swarm::Swarm swarm;
    swarm::IdentifyService identify;
};

Host::Host(asio::any_io_executor executor, Identity identity, HostOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(identity), std::move(options))) {
    impl_->swarm.set_owner(impl_);
    if (impl_->swarm.options().identify) {
        auto& service = impl_->identify;
        impl_->swarm.set_connection_hook([&service](swarm::ConnectionPtr connection) {
            return service.ask(std::move(connection));
        });
        impl_->swarm.set_change_hook([&service] { service.changed(); });
    }
}

Host::~Host() {
    impl_->swarm.abort();
}

const PeerId& Host::id() const noexcept {
    return impl_->swarm.identity().peer_id();
}

asio::any_io_executor Host::executor() const noexcept {
    return impl_->swarm.executor();
}

HostServices& Host::services() noexcept {
    return impl_->swarm;
}

void Host::add_transport(std::unique_ptr<Transport> transport) {
    impl_->swarm.add_transport(std::move(transport));
}

void Host::add_security(std::unique_ptr<SecurityProtocol> security) {
    impl_->swarm.upgrader().add_security(std::move(security));
}

void Host::add_muxer(std::unique_ptr<Muxer> muxer) {
    impl_->swarm.upgrader().add_muxer(std::move(muxer));
}

void Host::handle(ProtocolId protocol, StreamHandler handler) {
    impl_->swarm.handle(std::move(protocol), std::move(handler));
}

void Host::handle(ProtocolId name, ProtocolMatcher matcher, StreamHandler handler) {
    impl_->swarm.handle(std::move(name), std::move(matcher), std::move(handler));
}

void Host::unhandle(const ProtocolId& protocol) {
    impl_->swarm.unhandle(protocol);
}

std::vector<ProtocolId> Host::protocols() const {
    return impl_->swarm.registry().names();
}

awaitable<result<Multiaddr>> Host::listen(Multiaddr address) {
    return impl_->swarm.listen(std::move(address));
}

std::vector<Multiaddr> Host::addresses() const {
    std::vector<Multiaddr> addresses;
    for (const auto& address : impl_->swarm.listen_addresses()) {
        addresses.push_back(address.with_peer(id()));
    }
    return addresses;
}

awaitable<result<PeerId>> Host::connect(Multiaddr address, DialOptions options) {
    auto peer = address.peer();
    if (!peer) {
        co_return Error(Errc::invalid_address, address.to_string() + " does not end in /p2p/<peer id>");
    }
    std::vector<Multiaddr> addresses{std::move(address)};
    auto connected = co_await connect(std::move(*peer), std::move(addresses), options);
    co_return connected;
}

awaitable<result<PeerId>> Host::connect(PeerId peer, std::vector<Multiaddr> addresses, DialOptions options) {
    auto connection = co_await impl_->swarm.connect(std::move(peer), std::move(addresses), options);
    if (!connection) {
        co_return connection.error();
    }
    co_return (*connection)->info().peer;
}

awaitable<result<std::unique_ptr<Stream>>> Host::open_stream(
    PeerId peer, std::vector<ProtocolId> protocols, OpenStreamOptions options
) {
    return impl_->swarm.open_stream(std::move(peer), std::move(protocols), options);
}

awaitable<result<std::unique_ptr<Stream>>> Host::open_stream(
    PeerId peer, ProtocolId protocol, OpenStreamOptions options
) {
    return impl_->swarm.open_stream(std::move(peer), std::move(protocol), options);
}

awaitable<void> Host::disconnect(PeerId peer) {
    return impl_->swarm.disconnect(std::move(peer));
}

bool Host::is_connected(const PeerId& peer) const noexcept {
    return impl_->swarm.connections().has(peer);
}

std::vector<std::shared_ptr<const ConnectionInfo>> Host::connections() const {
    return swarm::infos_of(impl_->swarm.connections().all());
}

std::vector<std::shared_ptr<const ConnectionInfo>> Host::connections(const PeerId& peer) const {
    return impl_->swarm.infos(peer);
}

awaitable<result<IdentifyInfo>> Host::identify(PeerId peer) {
    return impl_->identify.wait_for(std::move(peer));
}

PeerStore& Host::peer_store() noexcept {
    return impl_->swarm.peer_store();
}

ConnectionManager& Host::connection_manager() noexcept {
    return impl_->swarm.connection_manager();
}

ResourceManager& Host::resources() noexcept {
    return impl_->swarm.resources();
}

result<EventSubscription> Host::subscribe(std::size_t capacity) {
    return impl_->swarm.subscribe(capacity);
}

awaitable<void> Host::close() {
    return impl_->swarm.close();
}

}  // namespace libp2p
