// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/ice_agent.hpp"

#include "libp2p/crypto/random.hpp"

#include <libp2p/log.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <nice/agent.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace libp2p::webrtc {
namespace {

namespace ip = boost::asio::ip;

const Logger log("webrtc");

constexpr guint kComponent = 1;

/// What libnice lets pass between two checks (RFC 8445 has 50 ms for lack of knowledge; 5 is its least).
constexpr guint kPacingMs = 5;

/// Before a TURN server that has not answered is asked again to forget us; half of it later it is given up.
constexpr guint kLastRequestMs = 100;

constexpr std::size_t kUfragSize = 8;
constexpr std::size_t kPasswordSize = 24;

/// Random text of ICE's characters, six bits each.
std::string random_text(std::size_t size) {
    static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::array<std::uint8_t, kPasswordSize> octets{};
    crypto::random_bytes(std::span(octets).first(size));
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
        text += kAlphabet[octets[i] % kAlphabet.size()];
    }
    return text;
}

ip::udp::endpoint endpoint_of(const NiceAddress& address) {
    ip::udp::endpoint endpoint;
    const bool is_v4 = nice_address_ip_version(&address) == 4;
    if (!is_v4) {
        endpoint = ip::udp::endpoint(ip::udp::v6(), 0);
    }
    nice_address_copy_to_sockaddr(&address, endpoint.data());
    return endpoint;
}

void set_address(NiceAddress& into, const ip::udp::endpoint& endpoint) {
    nice_address_set_from_sockaddr(&into, endpoint.data());
}

IceCandidate::Type type_of(NiceCandidateType type) noexcept {
    switch (type) {
        case NICE_CANDIDATE_TYPE_HOST: return IceCandidate::Type::host;
        case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE: return IceCandidate::Type::server_reflexive;
        case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE: return IceCandidate::Type::peer_reflexive;
        case NICE_CANDIDATE_TYPE_RELAYED: return IceCandidate::Type::relayed;
    }
    return IceCandidate::Type::host;
}

NiceCandidateType to_nice(IceCandidate::Type type) noexcept {
    switch (type) {
        case IceCandidate::Type::host: return NICE_CANDIDATE_TYPE_HOST;
        case IceCandidate::Type::server_reflexive: return NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE;
        case IceCandidate::Type::peer_reflexive: return NICE_CANDIDATE_TYPE_PEER_REFLEXIVE;
        case IceCandidate::Type::relayed: return NICE_CANDIDATE_TYPE_RELAYED;
    }
    return NICE_CANDIDATE_TYPE_HOST;
}

IceCandidate candidate_of(const NiceCandidate& nice) {
    const auto endpoint = endpoint_of(nice.addr);
    IceCandidate candidate;
    candidate.foundation = nice.foundation;
    candidate.component = nice.component_id;
    candidate.is_udp = nice.transport == NICE_CANDIDATE_TRANSPORT_UDP;
    candidate.priority = nice.priority;
    candidate.address = endpoint.address();
    candidate.port = endpoint.port();
    candidate.type = type_of(nice.type);
    return candidate;
}

}  // namespace

struct IceAgent::Bridge {
    static void on_candidate(::NiceAgent*, NiceCandidate* nice, gpointer self) {
        const auto candidate = candidate_of(*nice);
        if (candidate.is_udp && candidate.component == kComponent) {
            of(self).on_candidate(candidate);
        }
    }

    /// A remote whose check came from where none of its candidates is.
    static void on_remote_found(::NiceAgent*, NiceCandidate* nice, gpointer) {
        const auto candidate = candidate_of(*nice);
        log.debug(
            "ice.candidate",
            {{"from", "remote"},
             {"type", name_of(candidate.type)},
             {"place", place_of(candidate)},
             {"contacted", true},
             {"verdict", "found by a check"}}
        );
    }

    static void on_gathered(::NiceAgent*, guint, gpointer self) {
        log.debug("ice.gathered");
        of(self).on_gathered();
    }

    static void on_selected(::NiceAgent*, guint, guint, NiceCandidate*, NiceCandidate*, gpointer self) {
        of(self).on_selected();
    }

    static void on_state(::NiceAgent*, guint, guint, guint state, gpointer self) {
        log.debug("ice.state", {{"state", nice_component_state_to_string(static_cast<NiceComponentState>(state))}});
        if (state == NICE_COMPONENT_STATE_FAILED) {
            of(self).on_failed();
        }
    }

    static void on_datagram(::NiceAgent*, guint, guint, guint size, gchar* octets, gpointer self) {
        of(self).on_datagram({reinterpret_cast<const std::uint8_t*>(octets), size});
    }

    static Events& of(gpointer self) noexcept { return static_cast<IceAgent*>(self)->events_; }

    static void connect(gpointer agent, const char* signal, GCallback handler, gpointer self) {
        g_signal_connect(agent, signal, handler, self);
    }
};

IceAgent::IceAgent(asio::any_io_executor executor, Events& events)
    : loop_(GlibLoop::make(std::move(executor))), events_(events) {}

result<std::unique_ptr<IceAgent>> IceAgent::make(
    asio::any_io_executor executor, const IceOptions& options, Events& events
) {
    auto made = std::unique_ptr<IceAgent>(new IceAgent(std::move(executor), events));
    // Regular nomination would wait 2 s for better pairs whenever one of them gets no answer: behind NATs, always.
    const auto flags =
        static_cast<NiceAgentOption>(NICE_AGENT_OPTION_ICE_TRICKLE | NICE_AGENT_OPTION_CONSENT_FRESHNESS);
    auto* agent = nice_agent_new_full(made->loop_->context(), NICE_COMPATIBILITY_RFC5245, flags);
    made->agent_ = agent;
    const gboolean is_controlling = options.is_controlling ? TRUE : FALSE;
    g_object_set(agent, "controlling-mode", is_controlling, "upnp", FALSE, "ice-tcp", FALSE, nullptr);
    g_object_set(agent, "stun-pacing-timer", kPacingMs, nullptr);
    if (const auto& server = options.stun_server) {
        const auto host = server->address().to_string();
        g_object_set(agent, "stun-server", host.c_str(), "stun-server-port", guint{server->port()}, nullptr);
    }
    for (const auto& address : options.local_addresses) {
        NiceAddress local;
        nice_address_init(&local);
        set_address(local, {address, 0});
        nice_agent_add_local_address(agent, &local);
    }
    made->stream_ = nice_agent_add_stream(agent, 1);
    made->ufrag_ = random_text(kUfragSize);
    made->password_ = random_text(kPasswordSize);
    if (made->stream_ == 0 ||
        nice_agent_set_local_credentials(agent, made->stream_, made->ufrag_.c_str(), made->password_.c_str()) ==
            FALSE) {
        return Error(Errc::limit_exceeded, "the ICE agent could not be made");
    }
    for (const auto& server : options.turn_servers) {
        const auto host = server.endpoint.address().to_string();
        nice_agent_set_relay_info(
            agent,
            made->stream_,
            kComponent,
            host.c_str(),
            server.endpoint.port(),
            server.user.c_str(),
            server.password.c_str(),
            server.is_over_tcp ? NICE_RELAY_TYPE_TURN_TCP : NICE_RELAY_TYPE_TURN_UDP
        );
    }
    auto* self = made.get();
    Bridge::connect(agent, "new-candidate-full", G_CALLBACK(Bridge::on_candidate), self);
    Bridge::connect(agent, "new-remote-candidate-full", G_CALLBACK(Bridge::on_remote_found), self);
    Bridge::connect(agent, "candidate-gathering-done", G_CALLBACK(Bridge::on_gathered), self);
    Bridge::connect(agent, "new-selected-pair-full", G_CALLBACK(Bridge::on_selected), self);
    Bridge::connect(agent, "component-state-changed", G_CALLBACK(Bridge::on_state), self);
    nice_agent_attach_recv(agent, made->stream_, kComponent, made->loop_->context(), Bridge::on_datagram, self);
    return made;
}

IceAgent::~IceAgent() {
    if (agent_ != nullptr) {
        fall_silent();
        g_object_unref(agent_);
    }
    loop_->stop();
}

void IceAgent::fall_silent() noexcept {
    g_signal_handlers_disconnect_by_data(agent_, this);
    nice_agent_attach_recv(agent_, stream_, kComponent, loop_->context(), nullptr, nullptr);
}

std::uint32_t IceAgent::descriptors(const IceOptions& options) noexcept {
    std::size_t sockets = options.local_addresses.size();
    for (const auto& server : options.turn_servers) {
        sockets += server.is_over_tcp ? options.local_addresses.size() : 0;
    }
    // Each socket, and what wakes GLib's context, is there twice: once for whoever waits for it. Another one cancels
    // lookups.
    return static_cast<std::uint32_t>(2 * (sockets + 1) + 1);
}

/// Shared by `leave` and by libnice's callback, whichever comes last.
struct IceAgent::Leaving {
    explicit Leaving(std::unique_ptr<IceAgent> who) : agent(std::move(who)), over(agent->loop_->executor()) {}

    static void on_over(GObject*, GAsyncResult*, gpointer data) {
        const std::unique_ptr<std::shared_ptr<Leaving>> held(static_cast<std::shared_ptr<Leaving>*>(data));
        (*held)->is_over = true;
        (*held)->over.cancel();
        asio::post((*held)->over.get_executor(), [last = *held] {});  // the agent is in the middle of something
    }

    std::unique_ptr<IceAgent> agent;
    asio::steady_timer over;
    bool is_over = false;
};

awaitable<void> IceAgent::leave(std::unique_ptr<IceAgent> agent) {
    // What is begun here cannot be made up for later, and ends by itself.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    auto leaving = std::make_shared<Leaving>(std::move(agent));
    auto& self = *leaving->agent;
    self.fall_silent();
    self.loop_->leave_to_others(-1);
    g_object_set(self.agent_, "stun-initial-timeout", kLastRequestMs, "stun-max-retransmissions", guint{2}, nullptr);
    g_main_context_push_thread_default(self.loop_->context());  // where the callback is called
    nice_agent_close_async(
        self.agent_, Leaving::on_over, std::make_unique<std::shared_ptr<Leaving>>(leaving).release()
    );
    g_main_context_pop_thread_default(self.loop_->context());
    leaving->over.expires_after(kFarewell);
    self.loop_->step();
    if (!leaving->is_over) {
        auto [cut] = co_await leaving->over.async_wait(as_result);
        (void)cut;
    }
}

result<void> IceAgent::gather() {
    const bool is_gathering = nice_agent_gather_candidates(agent_, stream_) == TRUE;
    loop_->step();
    if (!is_gathering) {
        return Error(Errc::no_addresses, "webrtc: no socket could be bound on an address of this machine");
    }
    return ok();
}

result<void> IceAgent::set_remote_credentials(const std::string& ufrag, const std::string& password) {
    const bool is_set = nice_agent_set_remote_credentials(agent_, stream_, ufrag.c_str(), password.c_str()) == TRUE;
    loop_->step();
    if (!is_set) {
        return Error(Errc::protocol_violation, "webrtc: the remote's ICE credentials were not taken");
    }
    return ok();
}

void IceAgent::add_remote(const IceCandidate& candidate) {
    auto* nice = nice_candidate_new(to_nice(candidate.type));
    set_address(nice->addr, {*candidate.address, candidate.port});
    nice->base_addr = nice->addr;
    nice->priority = std::max<guint32>(candidate.priority, 1);
    nice->stream_id = stream_;
    nice->component_id = kComponent;
    nice->transport = NICE_CANDIDATE_TRANSPORT_UDP;
    candidate.foundation.copy(nice->foundation, sizeof nice->foundation - 1);
    GSList list{nice, nullptr};
    nice_agent_set_remote_candidates(agent_, stream_, kComponent, &list);
    nice_candidate_free(nice);
    loop_->step();
}

void IceAgent::set_remote_done() {
    nice_agent_peer_candidate_gathering_done(agent_, stream_);
    loop_->step();
}

std::optional<IcePair> IceAgent::selected() const {
    NiceCandidate* local = nullptr;
    NiceCandidate* remote = nullptr;
    if (nice_agent_get_selected_pair(agent_, stream_, kComponent, &local, &remote) == FALSE) {
        return std::nullopt;
    }
    IcePair pair{candidate_of(*local), candidate_of(*remote), -1};
    if (local->type != NICE_CANDIDATE_TYPE_RELAYED) {
        auto* socket = nice_agent_get_selected_socket(agent_, stream_, kComponent);
        pair.descriptor = socket == nullptr ? -1 : g_socket_get_fd(socket);
    }
    return pair;
}

void IceAgent::send(ByteView datagram) noexcept {
    const auto* octets = reinterpret_cast<const gchar*>(datagram.data());
    (void)nice_agent_send(agent_, stream_, kComponent, static_cast<guint>(datagram.size()), octets);
}

}  // namespace libp2p::webrtc
