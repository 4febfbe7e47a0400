// SPDX-License-Identifier: MIT OR Apache-2.0
/// The streams of a swarm's connections: those that are opened here, and those that remotes open.
#include "libp2p/swarm/swarm.hpp"

#include <libp2p/log.hpp>
#include <libp2p/negotiate.hpp>
#include <libp2p/timeout.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>

namespace libp2p::swarm {
namespace {

const Logger log("swarm");

void log_thrown(const ProtocolId& protocol, const std::exception& error) {
    log.error("handler.threw", {{"protocol", protocol}, {"what", error.what()}});
}

Error closed_error(const PeerId& peer) {
    return Error(Errc::connection_closed, "no connection with peer " + peer.to_string());
}

Error limited_error(const PeerId& peer) {
    return Error(
        Errc::limited_connection,
        "peer " + peer.to_string() + " is reached through a relay only (OpenStreamOptions::allow_limited)"
    );
}

}  // namespace

awaitable<result<std::unique_ptr<Stream>>> Swarm::open_stream(
    PeerId peer, std::vector<ProtocolId> protocols, OpenStreamOptions options
) {
    if (closing_) {
        co_return Errc::shut_down;
    }
    auto limit = options.timeout.count() > 0 ? options.timeout : options_.timeouts.negotiate_stream;
    auto connection = connections_.usable(peer, options.allow_limited);
    if (!connection && !options.dial) {
        co_return connections_.usable(peer, true) ? limited_error(peer) : closed_error(peer);
    }
    if (!connection) {
        const auto start = Clock::now();
        DialOptions dial;
        dial.timeout = options.timeout;
        std::vector<Multiaddr> known;
        auto dialled = co_await connect(peer, std::move(known), dial);
        if (!dialled) {
            co_return dialled.error();
        }
        connection = std::move(*dialled);
        if (connection->info().limited && !options.allow_limited) {
            co_return limited_error(peer);
        }
        if (options.timeout.count() > 0) {
            const auto spent = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - start);
            limit = std::max(options.timeout - spent, std::chrono::milliseconds(1));
        }
    }
    auto stream = co_await open_stream_on(std::move(connection), std::move(protocols), limit);
    co_return stream;
}

awaitable<result<std::unique_ptr<Stream>>> Swarm::open_stream(
    PeerId peer, ProtocolId protocol, OpenStreamOptions options
) {
    std::vector<ProtocolId> protocols;
    protocols.push_back(std::move(protocol));
    return open_stream(std::move(peer), std::move(protocols), options);
}

awaitable<result<std::unique_ptr<Stream>>> Swarm::open_stream_on(
    ConnectionPtr connection, std::vector<ProtocolId> protocols, std::chrono::milliseconds timeout
) {
    if (protocols.empty()) {
        co_return Error(Errc::no_common_protocol, "no protocol was asked for");
    }
    if (connection->closing) {
        co_return closed_error(connection->info().peer);
    }
    connection->last_stream = Clock::now();
    auto charge = connection->scope->open_stream(Direction::outbound);
    if (!charge) {
        co_return charge.error();
    }
    result<std::unique_ptr<Stream>> opened = Errc::connection_closed;
    if (connection->connection->can_open_stream()) {
        opened = co_await connection->connection->open_stream();
    } else {
        opened = co_await with_timeout(timeout, connection->connection->open_stream());
    }
    if (!opened) {
        co_return opened.error();
    }
    auto stream = std::move(*opened);
    stream->set_charge(std::move(*charge));
    auto known = peer_store_.supports(connection->info().peer, protocols);
    if (protocols.size() == 1 || known) {
        auto protocol = known ? std::move(*known) : std::move(protocols.front());
        stream->set_protocol(protocol);
        ConnectionScope::negotiated(stream->charge());
        announce(*connection, *stream);
        co_return lazy_stream(std::move(stream), std::move(protocol), timeout);
    }
    stream->expires_after(timeout);
    auto agreed = co_await negotiate_outbound(*stream, protocols);
    if (!agreed) {
        stream->abort(StreamErrorCode::protocol_negotiation_failed);
        co_return agreed.error();
    }
    stream->expires_never();
    stream->set_protocol(std::move(*agreed));
    ConnectionScope::negotiated(stream->charge());
    announce(*connection, *stream);
    co_return std::move(stream);
}

awaitable<void> Swarm::accept_streams(ConnectionPtr connection, TaskScope& handlers) {
    // Once nobody accepts them any more, for lack of memory, the remote must not wait for answers on its streams.
    struct Ending {
        Connection& connection;
        bool is_regular = false;
        ~Ending() {
            if (!is_regular) {
                connection.abort(ConnectionErrorCode::resource_limit_exceeded);
            }
        }
    };
    Ending ending{*connection->connection};
    const auto most = std::max<std::size_t>(1, options_.limits.accept_backlog);
    for (;;) {
        // The places of those that negotiate are everybody's: no connection may take them all.
        while (connection->negotiating >= most) {
            auto interrupted = co_await connection->negotiated.wait();
            if (interrupted) {
                ending.is_regular = true;
                co_return;
            }
        }
        auto accepted = co_await connection->connection->accept_stream();
        if (!accepted) {
            ending.is_regular = true;
            co_return;
        }
        auto stream = std::move(*accepted);
        connection->last_stream = Clock::now();
        if (connection->ended) {
            co_return;
        }
        auto charge = connection->scope->open_stream(Direction::inbound);
        if (!charge) {
            log.debug("stream.refused", {{"peer", connection->info().peer}, {"error", charge.error()}});
            stream->abort(StreamErrorCode::resource_limit_exceeded);
            continue;
        }
        stream->set_charge(std::move(*charge));
        handlers.spawn(serve_stream(connection, std::move(stream), NegotiationPlace(connection)));
    }
}

awaitable<void> Swarm::serve_stream(ConnectionPtr connection, std::unique_ptr<Stream> stream, NegotiationPlace place) {
    stream->expires_after(options_.timeouts.negotiate_stream);
    auto agreed = co_await negotiate_inbound(*stream, registry_);
    place.leave();
    auto handler = begin_handling(*connection, *stream, std::move(agreed));
    if (!handler) {
        co_return;
    }
    const auto protocol = stream->protocol();
    try {
        co_await (*handler)(std::move(stream));
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) {
            throw;
        }
        log_thrown(protocol, error);
    } catch (const std::exception& error) {
        log_thrown(protocol, error);
    }
}

/// The handler of what was agreed; null when the stream has to end. No coroutine: what logging takes would be in its
/// frame all the time.
std::shared_ptr<const StreamHandler> Swarm::begin_handling(
    const ManagedConnection& connection, Stream& stream, result<ProtocolId> agreed
) {
    if (!agreed) {
        log.debug("stream.failed", {{"peer", stream.remote_peer()}, {"error", agreed.error()}});
        stream.abort(StreamErrorCode::protocol_negotiation_failed);
        return nullptr;
    }
    stream.expires_never();
    stream.set_protocol(std::move(*agreed));
    ConnectionScope::negotiated(stream.charge());
    announce(connection, stream);
    auto handler = registry_.find(stream.protocol());
    if (!handler) {
        stream.abort(StreamErrorCode::protocol_negotiation_failed);  // unregistered since it was agreed
    }
    return handler;
}

void Swarm::announce(const ManagedConnection& connection, const Stream& stream) {
    if (events_.has_subscribers()) {
        events_.publish(StreamOpened{connection.connection->shared_info(), stream.protocol(), stream.direction()});
    }
}

}  // namespace libp2p::swarm
