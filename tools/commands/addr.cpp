// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/address_advice.hpp"
#include "tools/commands/commands.hpp"
#include "tools/options.hpp"
#include "tools/text.hpp"

#include <libp2p/multiaddr.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace libp2p::tools {
namespace {

struct AddrOptions {
    CommonOptions common;
    std::string address;
};

/// What a protocol's place in an address means. Empty for one that is unknown.
std::string_view meaning(std::string_view protocol) {
    struct Row {
        std::string_view name;
        std::string_view meaning;
    };
    static constexpr Row rows[] = {
        {"ip4", "IPv4 address"},
        {"ip6", "IPv6 address"},
        {"ip6zone", "interface of the IPv6 address"},
        {"ipcidr", "length of a network prefix"},
        {"dns", "host name, IPv4 or IPv6"},
        {"dns4", "host name, IPv4"},
        {"dns6", "host name, IPv6"},
        {"dnsaddr", "name whose TXT records hold addresses"},
        {"tcp", "TCP port"},
        {"udp", "UDP port"},
        {"sctp", "SCTP port"},
        {"dccp", "DCCP port"},
        {"unix", "UNIX socket"},
        {"p2p", "peer id"},
        {"p2p-circuit", "through the relay in front of it"},
        {"quic-v1", "QUIC"},
        {"quic", "QUIC, draft 29 (obsolete)"},
        {"webtransport", "WebTransport"},
        {"webrtc-direct", "WebRTC-Direct: data channels over DTLS, straight to a listener"},
        {"webrtc", "WebRTC, signalled over a relay"},
        {"certhash", "hash of the certificate that the listener will show"},
        {"tls", "TLS"},
        {"sni", "name for TLS"},
        {"noise", "Noise"},
        {"ws", "WebSocket"},
        {"wss", "WebSocket over TLS"},
        {"http", "HTTP"},
        {"https", "HTTP over TLS"},
        {"http-path", "path in a URL, percent-encoded"},
        {"onion", "Tor service, version 2 (obsolete)"},
        {"onion3", "Tor service"},
        {"garlic64", "I2P destination"},
        {"garlic32", "I2P destination"},
        {"memory", "number in this process"},
    };
    const auto* row = std::find_if(std::begin(rows), std::end(rows), [&](const Row& r) { return r.name == protocol; });
    return row == std::end(rows) ? std::string_view() : row->meaning;
}

nlohmann::ordered_json component_json(const AddressComponent& component, const std::string& advice) {
    nlohmann::ordered_json json;
    json["protocol"] = component.protocol;
    json["value"] = component.value;
    if (!component.problem.empty()) {
        json["problem"] = component.problem;
        json["offset"] = component.problem_offset;
    }
    if (!advice.empty()) {
        json["warning"] = advice;
    }
    return json;
}

/// What a person should know of a component.
std::string remark_on(const AddressComponent& component, const std::string& advice) {
    if (!component.problem.empty()) {
        return "<- " + printable(component.problem);
    }
    const std::string text(meaning(component.protocol));
    return advice.empty() ? text : text + "  <- " + advice;
}

/// One line a component, in columns.
std::string table_of(const std::vector<AddressComponent>& components, const std::vector<std::string>& advice) {
    std::size_t name_width = 0;
    std::size_t value_width = 0;
    for (const auto& component : components) {
        name_width = std::max(name_width, component.protocol.size());
        value_width = std::max(value_width, component.value.size());
    }
    const auto column = [](const std::string& text, std::size_t width) {
        auto cell = printable(text);
        cell.resize(std::max(width, cell.size()) + 2, ' ');
        return cell;
    };
    std::string table;
    for (std::size_t i = 0; i < components.size(); ++i) {
        const auto& component = components[i];
        auto line = column(component.protocol, name_width) + column(component.value, value_width) +
                    remark_on(component, advice[i]);
        line.erase(line.find_last_not_of(' ') + 1);
        table += (table.empty() ? "" : "\n") + line;
    }
    return table;
}

int explain_address(const AddrOptions& options) {
    const auto components = explain(options.address);
    const auto address = Multiaddr::parse(options.address);
    auto advice = address ? advice_on(*address) : std::vector<std::string>();
    advice.resize(components.size());
    nlohmann::ordered_json json;
    if (address) {
        json["valid"] = true;
        json["address"] = address->to_string();
    } else {
        json["event"] = "error";
        json["code"] = "invalid_address";
        json["message"] = printable(address.error().message());
        json["valid"] = false;
    }
    auto& list = json["components"] = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < components.size(); ++i) {
        list.push_back(component_json(components[i], advice[i]));
    }
    const Output output(options.common.json);
    output.print(json, table_of(components, advice));
    if (address) {
        return kSuccess;
    }
    return options.common.json ? kFailure : fail(options.common, address.error());
}

}  // namespace

void add_addr_command(CLI::App& program, Action& chosen) {
    auto options = std::make_shared<AddrOptions>();
    auto* command = program.add_subcommand("addr", "Explain each component of an address, and what is wrong with it");
    command->add_option("MULTIADDR", options->address, "Any address")->required()->type_name(" ");
    add_json_option(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return explain_address(*options); }; });
}

}  // namespace libp2p::tools
