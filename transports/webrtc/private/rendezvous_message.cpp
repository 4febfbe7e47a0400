// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/rendezvous_message.hpp"

#include "transports/webrtc/private/json.hpp"

#include <array>
#include <optional>
#include <utility>

namespace libp2p::webrtc {
namespace {

using Type = RendezvousMessage::Type;

constexpr std::array<std::pair<Type, std::string_view>, 7> kTypes{{
    {Type::offer, "offer"},
    {Type::answer, "answer"},
    {Type::candidate, "ice-candidate"},
    {Type::challenge, "challenge"},
    {Type::enrol, "register"},
    {Type::enrolled, "registered"},
    {Type::error, "error"},
}};

Error violation(std::string_view what) {
    return {Errc::protocol_violation, "rendezvous message: " + std::string(what)};
}

/// The text of a member; empty where there is none.
std::optional<std::string_view> text_of(const boost::json::object& object, std::string_view name) {
    const auto* member = object.if_contains(name);
    if (member == nullptr || member->is_null()) {
        return std::string_view();
    }
    return member->is_string() ? std::optional<std::string_view>(member->as_string()) : std::nullopt;
}

std::optional<Type> type_of(std::string_view name) noexcept {
    for (const auto& [type, text] : kTypes) {
        if (name == text) {
            return type;
        }
    }
    return std::nullopt;
}

}  // namespace

result<RendezvousMessage> parse_rendezvous_message(std::string_view text) {
    auto value = parse_json(text, kMaxRendezvousMessageSize);
    if (!value) {
        return value.error().with_context("rendezvous message");
    }
    if (!value->is_object()) {
        return violation("not an object");
    }
    const auto& object = value->as_object();
    const auto name = text_of(object, "type");
    const auto type = name ? type_of(*name) : std::nullopt;
    const auto to = text_of(object, "to");
    const auto from = text_of(object, "from");
    if (!type) {
        return violation("no type that is known");
    }
    if (!to || !from || to->size() > kMaxRendezvousName || from->size() > kMaxRendezvousName) {
        return violation("to or from is no name of a peer");
    }
    RendezvousMessage message;
    message.type = *type;
    message.to = *to;
    message.from = *from;
    if (const auto* data = object.if_contains("data"); data != nullptr && !data->is_null()) {
        message.data = data->is_string() ? std::string(std::string_view(data->as_string())) : serialize(*data);
    }
    return message;
}

std::string to_json(const RendezvousMessage& message) {
    boost::json::object object;
    for (const auto& [type, name] : kTypes) {
        if (type == message.type) {
            object["type"] = name;
        }
    }
    if (!message.to.empty()) {
        object["to"] = message.to;
    }
    if (!message.from.empty()) {
        object["from"] = message.from;
    }
    if (!message.data.empty()) {
        object["data"] = message.data;
    }
    return boost::json::serialize(object);
}

}  // namespace libp2p::webrtc
