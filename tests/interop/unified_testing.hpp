// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tests/interop/redis.hpp"
#include "tools/session.hpp"

#include <libp2p/protocols/ping.hpp>
#include <libp2p/timeout.hpp>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

/// One side of libp2p's unified-testing transport test, as the environment says.
namespace libp2p::interop::unified {

using tools::Session;

inline constexpr unsigned kWaitForListener = 120;  // seconds

inline std::string variable(const char* name, const char* otherwise = "") {
    const char* value = std::getenv(name);
    return value != nullptr ? value : otherwise;
}

inline std::string list_key() {
    return variable("TEST_KEY") + "_listener_multiaddr";
}

inline double to_ms(Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

/// WebRTC-Direct brings its own security and streams: the other two variables are then empty.
inline bool is_webrtc() {
    return variable("TRANSPORT") == "webrtc-direct";
}

/// The address that another container can use: not a loopback one, if there is a choice.
inline std::string address_to_publish(const Host& host) {
    const auto addresses = host.addresses();
    const auto reaches_far = [](const Multiaddr& address) {
        const auto ip = address.value_of(Protocol::ip4);
        return ip && !ip->starts_with("127.");
    };
    auto found = std::find_if(addresses.begin(), addresses.end(), reaches_far);
    if (found == addresses.end()) {
        found = addresses.begin();
    }
    return found == addresses.end() ? std::string() : found->to_string();
}

inline awaitable<result<void>> listen(Session& session) {
    auto& host = session.host();
    const std::string over_tcp = variable("TRANSPORT") == "ws" ? "/tcp/0/ws" : "/tcp/0";
    const std::string behind_ip = is_webrtc() ? "/udp/0/webrtc-direct" : over_tcp;
    auto address = Multiaddr::parse("/ip4/" + variable("LISTENER_IP", "0.0.0.0") + behind_ip);
    if (!address) {
        co_return address.error();
    }
    auto bound = co_await host.listen(*address);
    if (!bound) {
        co_return bound.error();
    }
    Redis redis(host.executor());
    auto connected = co_await redis.connect(variable("REDIS_ADDR"));
    if (!connected) {
        co_return connected.error();
    }
    const auto key = list_key();
    auto removed = co_await redis.remove(key);
    if (!removed) {
        co_return removed.error();
    }
    const auto published = address_to_publish(host);
    auto pushed = co_await redis.push(key, published);
    if (!pushed) {
        co_return pushed.error();
    }
    std::fprintf(stderr, "listening on %s\n", published.c_str());
    asio::steady_timer until_stopped(host.executor(), Clock::time_point::max());
    auto [ec] = co_await until_stopped.async_wait(as_result);
    co_return ec;
}

inline awaitable<result<void>> dial(Session& session) {
    auto& host = session.host();
    Redis redis(host.executor());
    auto connected = co_await redis.connect(variable("REDIS_ADDR"));
    if (!connected) {
        co_return connected.error();
    }
    auto text = co_await redis.pop(list_key(), kWaitForListener);
    if (!text) {
        co_return text.error();
    }
    auto address = tools::parse_peer_address(*text);
    if (!address) {
        co_return address.error();
    }
    const auto start = Clock::now();
    auto peer = co_await session.connect(*address);
    if (!peer) {
        co_return peer.error();
    }
    auto stream = co_await host.open_stream(*peer, ProtocolId(ping::kProtocol));
    if (!stream) {
        co_return stream.error();
    }
    (*stream)->expires_after(session.options().timeout);
    auto first = co_await ping::ping(**stream);
    if (!first) {
        co_return first.error();
    }
    const auto handshake = Clock::now() - start;
    auto second = co_await ping::ping(**stream);
    if (!second) {
        co_return second.error();
    }
    std::printf(
        "latency:\n  handshake_plus_one_rtt: %.2f\n  ping_rtt: %.2f\n  unit: ms\n", to_ms(handshake), to_ms(*second)
    );
    std::fflush(stdout);
    co_return ok();
}

inline bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// True when the environment says that it is wanted.
inline bool is_wanted() noexcept {
    return std::getenv("IS_DIALER") != nullptr;
}

/// Returns the exit code.
inline int run() {
    tools::CommonOptions options;
    options.timeout = std::chrono::seconds(30);
    if (!is_webrtc()) {
        options.security = variable("SECURE_CHANNEL");
        options.muxer = variable("MUXER");
    }
    const auto transport = variable("TRANSPORT");
    if (!(is_webrtc() || transport == "tcp" || transport == "ws") ||
        !contains(tools::security_names(), options.security) || !contains(tools::muxer_names(), options.muxer)) {
        std::fprintf(stderr, "interop_probe: no such stack here\n");
        return tools::kFailure;
    }
    // What fails goes to stderr: on stdout there are only figures.
    return tools::run_session(options, variable("IS_DIALER") == "true" ? dial : listen);
}

}  // namespace libp2p::interop::unified
