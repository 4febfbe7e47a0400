// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/relay_config.hpp"

#include "tools/text.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>
#include <utility>

namespace libp2p::tools {
namespace {

using Json = nlohmann::json;
using relay::RelayLimits;

/// Largest file that is read.
constexpr std::size_t kMaxFileSize = 1024 * 1024;

Error wrong(std::string why) {
    return Error(boost::system::errc::make_error_code(boost::system::errc::invalid_argument), std::move(why));
}

/// Each sets one member, and tells whether `text` was understood.
using Set = bool (*)(RelayLimits& limits, std::string_view text);

template <std::uint32_t RelayLimits::* member>
bool set_count(RelayLimits& limits, std::string_view text) {
    const auto count = parse_count(text, std::numeric_limits<std::uint32_t>::max());
    if (count) {
        limits.*member = static_cast<std::uint32_t>(*count);
    }
    return count.has_value();
}

template <auto member>
bool set_time(RelayLimits& limits, std::string_view text) {
    using Time = std::remove_reference_t<decltype(limits.*member)>;
    const auto time = text == "0" ? std::chrono::milliseconds(0) : parse_duration(text);
    if (time) {
        limits.*member = std::chrono::ceil<Time>(*time);
    }
    return time.has_value();
}

template <std::uint64_t RelayLimits::* member>
bool set_size(RelayLimits& limits, std::string_view text) {
    const auto size = parse_size(text);
    if (size) {
        limits.*member = *size;
    }
    return size.has_value();
}

template <relay::RequestRate RelayLimits::* member>
bool set_rate(RelayLimits& limits, std::string_view text) {
    if (text == "0") {
        limits.*member = {0, std::chrono::milliseconds(0)};
        return true;
    }
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) {
        return false;
    }
    const auto count = parse_count(text.substr(0, slash), std::numeric_limits<std::uint32_t>::max());
    const auto period = parse_duration(text.substr(slash + 1));
    if (count && period) {
        limits.*member = {static_cast<std::uint32_t>(*count), *period};
    }
    return count && period;
}

struct Setting {
    std::string_view name;
    Set set;
    std::string_view form;
};

constexpr std::string_view kCount = "a number from 1 on";
constexpr std::string_view kTime = "a time, for example 90 or 2m";
constexpr std::string_view kSize = "a size, for example 131072 or 128KiB";
constexpr std::string_view kRate = "a rate, for example 30/2m";

constexpr std::array kSettings{
    Setting{"reservations", set_count<&RelayLimits::reservations>, kCount},
    Setting{"reservations_per_address", set_count<&RelayLimits::reservations_per_address>, kCount},
    Setting{"reservations_per_network", set_count<&RelayLimits::reservations_per_network>, kCount},
    Setting{"reservation_ttl", set_time<&RelayLimits::reservation_ttl>, kTime},
    Setting{"circuits", set_count<&RelayLimits::circuits>, kCount},
    Setting{"circuits_per_peer", set_count<&RelayLimits::circuits_per_peer>, kCount},
    Setting{"circuits_per_address", set_count<&RelayLimits::circuits_per_address>, kCount},
    Setting{"circuits_per_network", set_count<&RelayLimits::circuits_per_network>, kCount},
    Setting{"circuit_duration", set_time<&RelayLimits::circuit_duration>, kTime},
    Setting{"circuit_octets", set_size<&RelayLimits::circuit_octets>, kSize},
    Setting{"reservation_rate_per_peer", set_rate<&RelayLimits::reservation_rate_per_peer>, kRate},
    Setting{"reservation_rate_per_address", set_rate<&RelayLimits::reservation_rate_per_address>, kRate},
    Setting{"circuit_rate_per_peer", set_rate<&RelayLimits::circuit_rate_per_peer>, kRate},
    Setting{"circuit_rate_per_address", set_rate<&RelayLimits::circuit_rate_per_address>, kRate},
    Setting{"request_timeout", set_time<&RelayLimits::request_timeout>, kTime},
    Setting{"connect_timeout", set_time<&RelayLimits::connect_timeout>, kTime},
};

// --- the file

/// A value as it would stand on a command line.
std::optional<std::string> as_text(const Json& value) {
    if (value.is_string()) {
        return value.get<std::string>();
    }
    if (value.is_number_unsigned()) {
        return std::to_string(value.get<std::uint64_t>());
    }
    return std::nullopt;
}

result<std::vector<Multiaddr>> read_addresses(const std::string& key, const Json& value) {
    if (!value.is_array()) {
        return wrong("\"" + key + "\" is no list of addresses");
    }
    std::vector<Multiaddr> addresses;
    for (const auto& entry : value) {
        const auto text = as_text(entry);
        auto address = text ? Multiaddr::parse(*text) : wrong("it is no text");
        if (!address) {
            return address.error().with_context("\"" + key + "\"");
        }
        addresses.push_back(std::move(*address));
    }
    return addresses;
}

result<std::chrono::milliseconds> read_time(const std::string& key, const Json& value) {
    const auto text = as_text(value);
    if (text && *text == "0") {
        return std::chrono::milliseconds(0);
    }
    const auto time = text ? parse_duration(*text) : std::nullopt;
    if (!time) {
        return wrong("\"" + key + "\" is not " + std::string(kTime));
    }
    return *time;
}

result<void> read_limits(const Json& values, RelayLimits& limits) {
    if (!values.is_object()) {
        return wrong("\"limits\" is no object");
    }
    for (const auto& [name, value] : values.items()) {
        const auto text = as_text(value);
        auto set = text ? set_relay_limit(limits, name, *text) : wrong("\"" + name + "\" is no text and no number");
        if (!set) {
            return set.error().with_context("\"limits\"");
        }
    }
    return ok();
}

result<void> read_entry(const std::string& key, const Json& value, RelayConfig& config) {
    if (key == "listen" || key == "announce") {
        auto addresses = read_addresses(key, value);
        if (!addresses) {
            return addresses.error();
        }
        (key == "listen" ? config.listen : config.announce) = std::move(*addresses);
        return ok();
    }
    if (key == "drain" || key == "table") {
        const auto time = read_time(key, value);
        if (!time) {
            return time.error();
        }
        (key == "drain" ? config.drain : config.table) = *time;
        return ok();
    }
    if (key == "key" || key == "http") {
        if (!value.is_string()) {
            return wrong(key == "key" ? "\"key\" is no name of a file" : "\"http\" is no address");
        }
        (key == "key" ? config.key_file : config.http) = value.get<std::string>();
        return ok();
    }
    if (key == "limits") {
        return read_limits(value, config.limits);
    }
    return wrong("\"" + printable(key) + "\" is not known");
}

}  // namespace

const std::vector<std::string>& relay_preset_names() {
    static const std::vector<std::string> names{"introduce-only", "carry-traffic"};
    return names;
}

relay::RelayLimits relay_preset(std::string_view name) {
    return name == "carry-traffic" ? relay::carry_traffic() : relay::introduce_only();
}

result<void> set_relay_limit(RelayLimits& limits, std::string_view name, std::string_view value) {
    for (const auto& setting : kSettings) {
        if (setting.name != name) {
            continue;
        }
        if (!setting.set(limits, value)) {
            return wrong(std::string(name) + ": \"" + printable(value) + "\" is not " + std::string(setting.form));
        }
        return ok();
    }
    return wrong("there is no limit \"" + printable(name) + "\"");
}

result<void> parse_relay_config(std::string_view text, RelayConfig& config) {
    const auto json = Json::parse(text, nullptr, false, true);  // without exceptions, with comments
    if (!json.is_object()) {
        return wrong("it is no JSON object");
    }
    // First, since the limits are told on top of it.
    if (const auto preset = json.find("preset"); preset != json.end()) {
        const auto name = as_text(*preset);
        const auto& names = relay_preset_names();
        if (!name || std::find(names.begin(), names.end(), *name) == names.end()) {
            return wrong("\"preset\" is neither introduce-only nor carry-traffic");
        }
        config.limits = relay_preset(*name);
    }
    for (const auto& [key, value] : json.items()) {
        if (key == "preset") {
            continue;
        }
        auto read = read_entry(key, value, config);
        if (!read) {
            return read.error();
        }
    }
    return ok();
}

result<void> read_relay_config(const std::string& path, RelayConfig& config) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return Error(error_code(errno, boost::system::generic_category()), path);
    }
    std::string text(kMaxFileSize + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMaxFileSize) {
        return wrong(path + ": more than " + std::to_string(kMaxFileSize) + " octets");
    }
    auto parsed = parse_relay_config(text, config);
    if (!parsed) {
        return parsed.error().with_context(path);
    }
    return ok();
}

}  // namespace libp2p::tools
