// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/private/glib_loop.hpp"
#include "transports/webrtc/private/ice_candidate.hpp"

#include <libp2p/async.hpp>
#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>

#include <boost/asio/ip/udp.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct _NiceAgent;

namespace libp2p::webrtc {

/// A TURN server (RFC 8656), and what it knows us by. What it relays is UDP, however we reach it.
struct IceTurnServer {
    asio::ip::udp::endpoint endpoint;
    bool is_over_tcp = false;
    std::string user;
    std::string password;
};

/// How an agent gathers candidates.
struct IceOptions {
    bool is_controlling = false;
    std::vector<asio::ip::address> local_addresses;  ///< one socket each; at least one
    std::optional<asio::ip::udp::endpoint> stun_server;
    std::vector<IceTurnServer> turn_servers;  ///< at most eight
};

/// The two ends that data take, once ICE has chosen them.
struct IcePair {
    IceCandidate local;
    IceCandidate remote;
    int descriptor = -1;  ///< the agent's socket of the local end; -1 where a TURN server passes data on
};

/// A full ICE agent with one component (RFC 8445), trickling (RFC 8838) and with consent checks (RFC 7675): libnice's,
/// run by an executor. What it tells it tells from inside of its own functions and of `GlibLoop::step`.
class IceAgent {
public:
    /// Who listens to an agent. Must not destroy it, nor throw, from inside of these functions.
    class Events {
    public:
        virtual void on_candidate(const IceCandidate& candidate) = 0;
        virtual void on_gathered() = 0;

        /// A pair was chosen, the first or a better one.
        virtual void on_selected() = 0;

        /// There is no way to the remote, or it does not consent any more.
        virtual void on_failed() = 0;

        /// From the remote, and no STUN; several may come as one where the kernel has put them together.
        virtual void on_datagram(ByteView datagram) = 0;

    protected:
        ~Events() = default;
    };

    static result<std::unique_ptr<IceAgent>> make(
        asio::any_io_executor executor, const IceOptions& options, Events& events
    );
    IceAgent(const IceAgent&) = delete;
    IceAgent& operator=(const IceAgent&) = delete;
    ~IceAgent();

    /// Most descriptors that an agent, with whoever shares its sockets, has at a time.
    static std::uint32_t descriptors(const IceOptions& options) noexcept;

    const std::string& ufrag() const noexcept { return ufrag_; }
    const std::string& password() const noexcept { return password_; }

    /// Binds the sockets and looks for candidates; host ones are told before this returns. Fails when no socket could
    /// be bound.
    result<void> gather();

    /// What the remote's description says. Fails with `Errc::protocol_violation` when libnice does not take it.
    result<void> set_remote_credentials(const std::string& ufrag, const std::string& password);
    void add_remote(const IceCandidate& candidate);
    void set_remote_done();

    /// Empty until a pair was chosen.
    std::optional<IcePair> selected() const;

    /// By way of libnice. What cannot be sent is lost.
    void send(ByteView datagram) noexcept;

    /// Has TURN servers free what they hold for `agent` (RFC 8656, 7.2) before it goes; not to be called from inside of
    /// its functions. It tells nothing more. Waits until that is done, for `kFarewell` at most: libnice may still be
    /// asking a server that does not answer, and the agent then goes when it has given up, within 40 s. Whoever cancels
    /// the wait is not heard.
    static awaitable<void> leave(std::unique_ptr<IceAgent> agent);

    GlibLoop& loop() noexcept { return *loop_; }

    static constexpr std::chrono::milliseconds kFarewell{500};

private:
    struct Bridge;   // what libnice calls
    struct Leaving;  // an agent whose TURN servers are told

    IceAgent(asio::any_io_executor executor, Events& events);

    void fall_silent() noexcept;

    std::shared_ptr<GlibLoop> loop_;  // shared with its handlers
    _NiceAgent* agent_ = nullptr;
    Events& events_;
    unsigned stream_ = 0;
    std::string ufrag_;
    std::string password_;
};

}  // namespace libp2p::webrtc
