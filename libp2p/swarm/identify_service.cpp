// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/identify_service.hpp"

#include "libp2p/swarm/address_scope.hpp"

#include <libp2p/log.hpp>
#include <libp2p/peer_record.hpp>
#include <libp2p/timeout.hpp>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>

namespace libp2p::swarm {
namespace {

const Logger log("identify");

/// Changes of addresses and protocols within this time are told in one push.
constexpr std::chrono::milliseconds kPushDelay{250};

/// Pause before a failed identify is tried a second time.
constexpr std::chrono::seconds kRetryDelay{5};

/// How long the addresses of a peer that we know from identify are worth dialling.
constexpr std::chrono::hours kAddressLifetime{1};

/// Pushes that are under way at the same time.
constexpr std::size_t kParallelPushes = 32;

}  // namespace

IdentifyService::IdentifyService(Swarm& swarm) : swarm_(swarm), settled_(swarm.executor()) {
    if (!swarm.options().identify) {
        return;
    }
    swarm_.registry().add(identify::kProtocol, [this](std::unique_ptr<Stream> stream) {
        return answer(std::move(stream));
    });
    swarm_.registry().add(identify::kPushProtocol, [this](std::unique_ptr<Stream> stream) {
        return take_push(std::move(stream));
    });
}

awaitable<void> IdentifyService::ask(ConnectionPtr connection) {
    // Whoever waits is woken when there is an answer, or none to come.
    struct Asking {
        IdentifyService& service;
        ManagedConnection& connection;
        ~Asking() { end(); }
        void end() {
            connection.identifying = false;
            service.settled_.notify_all();
        }
    };
    connection->identifying = true;
    Asking asking{*this, *connection};
    auto asked = co_await ask_once(connection);
    if (asked) {
        co_return;
    }
    log.debug("failed", {{"peer", connection->info().peer}, {"error", asked.error()}});
    asking.end();
    asio::steady_timer pause(swarm_.executor(), kRetryDelay);
    auto [interrupted] = co_await pause.async_wait(as_result);
    if (interrupted || connection->closing) {
        co_return;
    }
    auto again = co_await ask_once(connection);
    if (!again) {
        log.debug("failed.again", {{"peer", connection->info().peer}, {"error", again.error()}});
    }
}

awaitable<result<void>> IdentifyService::ask_once(ConnectionPtr connection) {
    const auto limit = swarm_.timeouts().identify;
    std::vector<ProtocolId> protocols{identify::kProtocol};
    auto stream = co_await swarm_.open_stream_on(connection, std::move(protocols), limit);
    if (!stream) {
        co_return stream.error();
    }
    (*stream)->expires_after(limit);
    auto finished = co_await (*stream)->close_write();
    if (!finished) {
        co_return finished.error();
    }
    auto received = co_await identify::receive(**stream, connection->info());
    if (!received) {
        (*stream)->abort();  // else what may still come would be awaited
        co_return received.error();
    }
    learn(connection->info(), std::move(*received));
    co_return ok();
}

awaitable<result<IdentifyInfo>> IdentifyService::wait_for(PeerId peer) {
    for (;;) {
        bool pending = false;
        auto connections = swarm_.connections().with(peer);
        for (const auto& connection : connections) {
            if (connection->identity) {
                co_return *connection->identity;
            }
            pending = pending || connection->identifying;
        }
        if (connections.empty() || !pending) {
            break;
        }
        auto ec = co_await settled_.wait();
        if (ec) {
            co_return ec;
        }
    }
    co_return Error(Errc::no_common_protocol, "peer " + peer.to_string() + " did not identify itself");
}

awaitable<void> IdentifyService::answer(std::unique_ptr<Stream> stream) {
    stream->expires_after(swarm_.timeouts().identify);
    auto snapshot = snapshot_for(stream->connection());
    auto sent = co_await identify::send(*stream, snapshot);
    if (!sent) {
        log.debug("answer.failed", {{"peer", stream->remote_peer()}, {"error", sent.error()}});
    }
}

awaitable<void> IdentifyService::take_push(std::unique_ptr<Stream> stream) {
    stream->expires_after(swarm_.timeouts().identify);
    auto received = co_await identify::receive(*stream, stream->connection());
    if (!received) {
        log.debug("push.refused", {{"peer", stream->remote_peer()}, {"error", received.error()}});
        co_return;
    }
    learn(stream->connection(), std::move(*received));
    (void)co_await stream->close_write();  // left open it would be reset, as one that was refused
}

void IdentifyService::changed() {
    if (push_due_ || swarm_.is_closing() || swarm_.connections().by_id().empty()) {
        return;
    }
    push_due_ = true;
    swarm_.spawn(push_all());
}

awaitable<void> IdentifyService::push_all() {
    asio::steady_timer pause(swarm_.executor(), kPushDelay);
    auto [interrupted] = co_await pause.async_wait(as_result);
    push_due_ = false;
    if (interrupted) {
        co_return;
    }
    auto body = [&](TaskScope& pushes) -> awaitable<void> {
        for (auto& connection : swarm_.connections().all()) {
            while (pushes.size() >= kParallelPushes) {
                co_await pushes.join();
            }
            pushes.spawn(push_to(connection));
        }
        co_await pushes.join();
    };
    co_await with_tasks(body);
}

awaitable<void> IdentifyService::push_to(ConnectionPtr connection) {
    std::vector<ProtocolId> protocols{identify::kPushProtocol};
    if (!swarm_.peer_store().supports(connection->info().peer, protocols)) {
        co_return;
    }
    const auto limit = swarm_.timeouts().identify;
    auto stream = co_await swarm_.open_stream_on(connection, std::move(protocols), limit);
    if (!stream) {
        co_return;
    }
    (*stream)->expires_after(limit);
    auto snapshot = snapshot_for(connection->info());
    auto sent = co_await identify::send(**stream, snapshot);
    if (!sent) {
        log.debug("push.failed", {{"peer", connection->info().peer}, {"error", sent.error()}});
    }
}

identify::Snapshot IdentifyService::snapshot_for(const ConnectionInfo& connection) {
    auto addresses = swarm_.listen_addresses();
    if (signed_record_.empty() || addresses != recorded_addresses_) {
        record_sequence_ = next_record_sequence(record_sequence_);
        PeerRecord record{swarm_.identity().peer_id(), record_sequence_, addresses};
        signed_record_ = record.seal(swarm_.identity()).encode();
        recorded_addresses_ = addresses;
    }
    return identify::Snapshot{
        swarm_.identity().public_key(),
        visible_from(addresses, connection.remote_address),
        swarm_.registry().names(),
        swarm_.options().agent,
        swarm_.options().protocol_version,
        connection.remote_address,
        signed_record_
    };
}

void IdentifyService::learn(const ConnectionInfo& connection, identify::Received received) {
    auto managed = swarm_.connections().find(connection.id);
    if (!managed) {
        return;  // ended meanwhile
    }
    auto& store = swarm_.peer_store();
    // A push tells only what has changed.
    auto info =
        managed->identity ? *managed->identity : IdentifyInfo{connection.peer, {}, {}, {}, {}, false, std::nullopt};
    if (received.agent) {
        info.agent = std::move(*received.agent);
    }
    if (received.protocol_version) {
        info.protocol_version = std::move(*received.protocol_version);
    }
    if (received.protocols) {
        info.protocols = std::move(*received.protocols);
    }
    if (received.observed) {
        info.observed = std::move(received.observed);
    }
    if (received.addresses) {
        info.addresses = std::move(*received.addresses);
        info.certified = received.certified;
    }
    const auto kept = std::make_shared<const IdentifyInfo>(std::move(info));
    const auto before = managed->identity_memory->held();
    if (!managed->identity_memory->hold(identify::memory_of(kept->addresses, kept->protocols))) {
        log.debug("refused", {{"peer", connection.peer}, {"error", managed->identity_memory->refusal()}});
        return;
    }
    managed->identity = kept;
    managed->identity_memory->release(before);
    if (received.protocols) {
        store.set_protocols(connection.peer, kept->protocols);
    }
    if (received.addresses && kept->certified) {
        store.set_certified_addresses(
            connection.peer, kept->addresses, received.record_sequence, kAddressLifetime, Clock::now()
        );
    } else if (received.addresses) {
        store.add_addresses(connection.peer, kept->addresses, kAddressLifetime, Clock::now());
    }
    store.set_identified(connection.peer, kept->agent, kept->protocol_version);
    store.set_public_key(connection.public_key);
    swarm_.events().publish(PeerIdentified{kept});
    settled_.notify_all();
}

}  // namespace libp2p::swarm
