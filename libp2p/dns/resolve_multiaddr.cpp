// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/dns/resolve_multiaddr.hpp"

#include <libp2p/tasks.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace libp2p::dns {
namespace {

using Addresses = std::vector<Multiaddr>;

constexpr std::string_view kRecordPrefix = "dnsaddr=";
constexpr std::string_view kRecordHost = "_dnsaddr.";

/// An address around its first name.
struct Parts {
    Bytes before;
    Protocol protocol{};
    std::string name;
    Bytes after;
};

bool is_name(Protocol protocol) noexcept {
    return protocol == Protocol::dns || protocol == Protocol::dns4 || protocol == Protocol::dns6 ||
           protocol == Protocol::dnsaddr;
}

std::optional<Parts> split(const Multiaddr& address) {
    Parts parts;
    bool found = false;
    for (const auto& component : address.components()) {
        if (!found && component.protocol() == Protocol::p2p_circuit) {
            return std::nullopt;
        }
        if (!found && is_name(component.protocol())) {
            found = true;
            parts.protocol = component.protocol();
            parts.name = as_text(component.value());
            continue;
        }
        auto& part = found ? parts.after : parts.before;
        part.insert(part.end(), component.bytes().begin(), component.bytes().end());
    }
    if (!found) {
        return std::nullopt;
    }
    return parts;
}

/// Whether the last components of `address` are `ending`.
bool ends_in(const Multiaddr& address, ByteView ending) {
    const auto all = address.bytes();
    if (all.size() < ending.size()) {
        return false;
    }
    const auto start = all.size() - ending.size();
    std::size_t at = 0;
    for (const auto& component : address.components()) {
        if (at >= start) {
            break;
        }
        at += component.bytes().size();
    }
    return at == start && std::equal(ending.begin(), ending.end(), all.begin() + static_cast<std::ptrdiff_t>(start));
}

void append(Bytes& to, ByteView more) {
    to.insert(to.end(), more.begin(), more.end());
}

/// The address that one line of a TXT record stands for, if it is one that fits.
std::optional<Multiaddr> read_record(const Parts& parts, std::string_view text) {
    if (!text.starts_with(kRecordPrefix)) {
        return std::nullopt;
    }
    auto listed = Multiaddr::parse(text.substr(kRecordPrefix.size()));
    if (!listed || !ends_in(*listed, parts.after)) {
        return std::nullopt;
    }
    if (parts.before.empty()) {
        return std::move(*listed);
    }
    auto whole = parts.before;
    append(whole, listed->bytes());
    auto address = Multiaddr::from_bytes(whole);
    return address ? std::optional(std::move(*address)) : std::nullopt;
}

/// What follows the name, with the name as `/sni/…` behind `/tls` where it has none: TLS has to know it, and once it
/// is replaced by an address nobody else does. `/wss`, which has no place for it, becomes `/tls/sni/…/ws`.
Bytes with_server_name(const Parts& parts) {
    const auto after = Multiaddr::from_bytes(parts.after);
    const auto name = Multiaddr::parse("/sni/" + parts.name);
    if (!after || !name) {
        return parts.after;
    }
    static const auto tls = Multiaddr::parse("/tls").value();
    static const auto ws = Multiaddr::parse("/ws").value();
    Bytes named;
    auto last = Protocol::tcp;
    for (const auto& component : after->components()) {
        if (last == Protocol::tls && component.protocol() != Protocol::sni) {
            append(named, name->bytes());
        }
        last = component.protocol();
        if (last == Protocol::p2p || last == Protocol::p2p_circuit) {  // what stands behind a relay is not its own
            const auto rest = component.bytes().data() - after->bytes().data();
            append(named, after->bytes().subspan(static_cast<std::size_t>(rest)));
            break;
        }
        if (last == Protocol::wss) {
            append(named, tls.bytes());
            append(named, name->bytes());
            append(named, ws.bytes());
        } else {
            append(named, component.bytes());
        }
    }
    return named;
}

std::optional<Multiaddr> with_ip(const Parts& parts, const asio::ip::address& ip) {
    auto whole = parts.before;
    if (ip.is_v4()) {
        whole.push_back(static_cast<std::uint8_t>(Protocol::ip4));
        append(whole, ip.to_v4().to_bytes());
    } else {
        whole.push_back(static_cast<std::uint8_t>(Protocol::ip6));
        append(whole, ip.to_v6().to_bytes());
    }
    append(whole, with_server_name(parts));
    auto address = Multiaddr::from_bytes(whole);
    return address ? std::optional(std::move(*address)) : std::nullopt;
}

awaitable<result<Addresses>> expand_dnsaddr(Resolver& resolver, Parts parts) {
    auto host = std::string(kRecordHost) + parts.name;
    auto texts = co_await resolver.texts(std::move(host));
    if (!texts) {
        co_return texts.error();
    }
    Addresses addresses;
    for (const auto& text : *texts) {
        if (auto address = read_record(parts, text)) {
            addresses.push_back(std::move(*address));
        }
    }
    co_return addresses;
}

awaitable<result<Addresses>> expand_ip(Resolver& resolver, Parts parts) {
    auto family = Family::any;
    if (parts.protocol == Protocol::dns4) {
        family = Family::v4;
    } else if (parts.protocol == Protocol::dns6) {
        family = Family::v6;
    }
    auto ips = co_await resolver.addresses(parts.name, family);
    if (!ips) {
        co_return ips.error();
    }
    Addresses addresses;
    for (const auto& ip : *ips) {
        if (auto address = with_ip(parts, ip)) {
            addresses.push_back(std::move(*address));
        }
    }
    co_return addresses;
}

/// Replaces one name. `into` is the caller's, who waits.
awaitable<void> expand(Resolver& resolver, Multiaddr address, std::size_t depth, result<Addresses>& into) {
    auto parts = split(address);
    if (parts->protocol != Protocol::dnsaddr) {
        into = co_await expand_ip(resolver, std::move(*parts));
    } else if (depth < kMaxDnsaddrDepth) {
        into = co_await expand_dnsaddr(resolver, std::move(*parts));
    } else {
        into = Error(
            Errc::no_addresses,
            "name " + parts->name + ": /dnsaddr leads on more than " + std::to_string(kMaxDnsaddrDepth) + " times"
        );
    }
}

}  // namespace

bool has_name(const Multiaddr& address) noexcept {
    for (const auto& component : address.components()) {
        if (component.protocol() == Protocol::p2p_circuit) {
            return false;
        }
        if (is_name(component.protocol())) {
            return true;
        }
    }
    return false;
}

awaitable<result<Addresses>> resolve(Resolver& resolver, Multiaddr address, std::size_t limit) {
    Addresses found;
    Addresses names;
    std::size_t taken = 0;  // of both, over all levels
    const auto take = [&](Multiaddr&& one) {
        if (taken == limit) {
            return;
        }
        ++taken;
        if (has_name(one)) {
            names.push_back(std::move(one));
        } else if (std::find(found.begin(), found.end(), one) == found.end()) {
            found.push_back(std::move(one));
        }
    };
    const auto asked = address.to_string();
    if (has_name(address)) {
        names.push_back(std::move(address));
    } else {
        take(std::move(address));
    }
    std::optional<Error> failure;
    for (std::size_t depth = 0; !names.empty(); ++depth) {
        const auto level = std::exchange(names, Addresses());
        std::vector<result<Addresses>> answers(level.size());
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            for (std::size_t i = 0; i < level.size(); ++i) {
                tasks.spawn(expand(resolver, level[i], depth, answers[i]));
            }
            co_await tasks.join();
        };
        co_await with_tasks(body);
        for (auto& answer : answers) {
            if (!answer) {
                failure = failure ? failure : answer.error();
                continue;
            }
            for (auto& one : *answer) {
                take(std::move(one));
            }
        }
    }
    if (!found.empty()) {
        co_return found;
    }
    if (failure) {
        co_return *failure;
    }
    co_return Error(Errc::no_addresses, "nothing behind " + asked);
}

}  // namespace libp2p::dns
