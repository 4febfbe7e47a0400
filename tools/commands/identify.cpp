// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/commands/commands.hpp"
#include "tools/options.hpp"
#include "tools/text.hpp"

#include <libp2p/timeout.hpp>

#include <nlohmann/json.hpp>

#include <memory>

namespace libp2p::tools {
namespace {

struct IdentifyOptions {
    CommonOptions common;
    std::string address;
};

using Json = nlohmann::ordered_json;

/// Every address that is printed names its peer.
Json address_json(const std::optional<Multiaddr>& address, const PeerId& peer) {
    return address ? Json(address->with_peer(peer).to_string()) : Json();
}

Json describe(const IdentifyInfo& info, const ConnectionInfo& connection, const PeerId& self) {
    Json json;
    json["peer"] = info.peer.to_string();
    json["agent"] = info.agent;
    json["protocol_version"] = info.protocol_version;
    json["protocols"] = info.protocols;
    auto& addresses = json["addresses"] = Json::array();
    for (const auto& address : info.addresses) {
        addresses.push_back(address_json(address, info.peer));
    }
    json["signed_record"] = info.certified;
    json["observed"] = address_json(info.observed, self);
    json["local"] = address_json(connection.local_address, self);
    json["transport"] = connection.transport;
    json["security"] = connection.security;
    json["muxer"] = connection.muxer;
    json["limited"] = connection.limited;
    return json;
}

/// With words for what a transport brings of its own, where programs are told nothing.
Json for_people(Json json) {
    const auto& transport = json["transport"];
    const bool is_direct = transport == "webrtc-direct";
    const bool is_webrtc = is_direct || transport == "webrtc";
    const auto fill = [&](const char* name, const char* words) {
        if (json[name].get<std::string>().empty()) {
            json[name] = is_webrtc ? words : "the transport's own";
        }
    };
    fill("security", is_direct ? "dtls + noise" : "dtls");
    fill("muxer", "sctp");
    return json;
}

/// The same for people. Everything that the peer told is made harmless to a terminal.
std::string as_text(const Json& json) {
    std::string text;
    for (const auto& [name, value] : json.items()) {
        auto title = (text.empty() ? "" : "\n") + name;
        title.resize(name.size() + (text.empty() ? 0 : 1) + (18 - name.size()), ' ');
        const std::string indent = "\n" + std::string(18, ' ');
        text += title;
        if (value.is_array()) {
            bool first = true;
            for (const auto& entry : value) {
                text += (first ? "" : indent) + printable(entry.get<std::string>());
                first = false;
            }
        } else if (value.is_string()) {
            text += printable(value.get<std::string>());
        } else {
            text += value.is_null() ? "unknown" : value.get<bool>() ? "yes" : "no";
        }
    }
    return text;
}

awaitable<result<void>> identify_peer(Session& session, Multiaddr address) {
    auto& host = session.host();
    auto peer = co_await session.connect(address);
    if (!peer) {
        co_return peer.error();
    }
    auto info = co_await with_timeout(session.options().timeout, host.identify(*peer));
    if (!info) {
        co_return info.error();
    }
    const auto connection = session.connection_with(*peer);
    if (!connection) {
        co_return Error(Errc::connection_closed, "the peer went away");
    }
    const auto json = describe(*info, *connection, host.id());
    session.output().print(json, as_text(for_people(json)));
    co_return ok();
}

int identify_command(const IdentifyOptions& options) {
    auto address = parse_peer_address(options.address);
    if (!address) {
        return fail(options.common, address.error());
    }
    return run_session(options.common, [&](Session& session) { return identify_peer(session, *address); });
}

}  // namespace

void add_identify_command(CLI::App& program, Action& chosen) {
    auto options = std::make_shared<IdentifyOptions>();
    auto* command = program.add_subcommand("identify", "Show what a peer tells of itself");
    add_address(*command, options->address);
    add_common_options(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return identify_command(*options); }; });
}

}  // namespace libp2p::tools
