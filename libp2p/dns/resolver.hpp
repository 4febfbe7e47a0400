// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace libp2p::dns {

/// Which addresses of a name are wanted.
enum class Family : std::uint8_t { v4, v6, any };

/// Most answers that are taken of one name.
inline constexpr std::size_t kMaxAnswers = 100;

/// Names that are looked up at the same time; others wait for their turn.
inline constexpr std::size_t kMaxQueries = 64;

/// Longest name that is looked up, in octets (RFC 1035 has 255 on the wire).
inline constexpr std::size_t kMaxNameSize = 253;

/// Looks names up, with the system's configuration (resolv.conf, hosts), without a thread.
///
/// Errors: `host_not_found` (no such name), `no_data` (nothing of this kind), `timed_out`, `host_not_found_try_again`
/// (the servers failed), `Errc::invalid_address` (not a name), `operation_aborted` (`cancel`, or the resolver is gone).
/// The name stands in the detail. Cancelling a lookup ends it at once.
class Resolver {
public:
    /// `timeout` bounds one lookup. `servers` replaces those of the system, "127.0.0.1:5353,[::1]:53".
    Resolver(asio::any_io_executor executor, std::chrono::milliseconds timeout, std::string servers = {});
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// Cancels. Lookups that are under way may outlive the resolver, and end when the executor runs next.
    ~Resolver();

    /// A and AAAA records, or what the hosts file says. At least one.
    awaitable<result<std::vector<asio::ip::address>>> addresses(std::string name, Family family);

    /// TXT records, each as one text. At least one.
    awaitable<result<std::vector<std::string>>> texts(std::string name);

    /// Ends every lookup that is under way. New ones may follow.
    void cancel() noexcept;

private:
    struct State;
    class Query;

    static awaitable<result<std::vector<asio::ip::address>>> find_addresses(
        std::shared_ptr<State> state, std::string name, Family family
    );
    static awaitable<result<std::vector<std::string>>> find_texts(std::shared_ptr<State> state, std::string name);
    static awaitable<result<void>> run(std::shared_ptr<State> state, Query& query);

    std::shared_ptr<State> state_;  // shared with the lookups, which may outlive the resolver
};

}  // namespace libp2p::dns
