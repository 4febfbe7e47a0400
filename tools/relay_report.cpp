// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/relay_report.hpp"

#include "tools/text.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <variant>

namespace libp2p::tools {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

std::string seconds_between(Clock::time_point from, Clock::time_point to) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(to - from).count());
}

Json as_json(const relay::CircuitInfo& circuit, std::string_view event) {
    Json json;
    if (!event.empty()) {
        json["event"] = event;
    }
    json["circuit"] = circuit.id;
    json["source"] = circuit.source.to_string();
    json["destination"] = circuit.destination.to_string();
    return json;
}

void add_traffic(Json& json, const relay::CircuitInfo& circuit) {
    json["seconds"] = to_seconds(Clock::now() - circuit.opened);
    json["octets_forward"] = circuit.octets_forward;
    json["octets_backward"] = circuit.octets_backward;
}

std::string ends_of(const relay::CircuitInfo& circuit) {
    return circuit.source.to_string() + " -> " + circuit.destination.to_string();
}

std::string traffic_of(const relay::CircuitInfo& circuit) {
    return seconds_between(circuit.opened, Clock::now()) + " s, " + format_size(circuit.octets_forward) + " there, " +
           format_size(circuit.octets_backward) + " back";
}

class Visitor {
public:
    explicit Visitor(EventOutput& output) : output_(output) {}

    void operator()(const relay::Reserved& reserved) {
        const auto expires = std::chrono::floor<std::chrono::seconds>(reserved.expires).time_since_epoch().count();
        Json json;
        json["event"] = "reserved";
        json["peer"] = reserved.peer.to_string();
        json["address"] = reserved.address.to_string();
        json["expires"] = expires;
        json["renewed"] = reserved.renewed;
        const auto* word = reserved.renewed ? "renewed       " : "reserved      ";
        output_.print(json, word + reserved.address.with_peer(reserved.peer).to_string());
    }

    void operator()(const relay::ReservationEnded& ended) {
        Json json;
        json["event"] = "reservation_ended";
        json["peer"] = ended.peer.to_string();
        json["reason"] = ended.reason;
        output_.print(json, "ended         " + ended.peer.to_string() + ": " + ended.reason);
    }

    void operator()(const relay::CircuitOpened& opened) {
        output_.print(as_json(opened.circuit, "circuit_opened"), "circuit       " + ends_of(opened.circuit));
    }

    void operator()(const relay::CircuitClosed& closed) {
        auto json = as_json(closed.circuit, "circuit_closed");
        add_traffic(json, closed.circuit);
        json["reason"] = printable(closed.reason);
        output_.print(
            json,
            "closed        " + ends_of(closed.circuit) + ": " + traffic_of(closed.circuit) + "; " +
                printable(closed.reason)
        );
    }

    void operator()(const relay::RequestRefused& refused) {
        Json json;
        json["event"] = "refused";
        json["peer"] = refused.peer.to_string();
        json["request"] = refused.request;
        json["status"] = refused.status;
        json["reason"] = printable(refused.reason);
        output_.print(
            json,
            "refused       " + refused.peer.to_string() + " " + refused.request + ", status " +
                std::to_string(refused.status) + ": " + printable(refused.reason)
        );
    }

private:
    EventOutput& output_;
};

}  // namespace

void RelayReporter::report(const relay::RelayEvent& event) {
    std::visit(Visitor(events_), event);
}

void print_relay_table(const Output& output, const relay::RelayService& service) {
    const auto reservations = service.reservations();
    const auto circuits = service.circuits();
    const auto now = Clock::now();
    Json json;
    json["event"] = "table";
    auto& reserved = json["reservations"] = Json::array();
    std::string text = std::to_string(reservations.size()) + " reservations of " +
                       std::to_string(service.limits().reservations) + ", " + std::to_string(circuits.size()) +
                       " circuits of " + std::to_string(service.limits().circuits) + ", " +
                       std::to_string(service.refusals()) + " requests refused";
    for (const auto& reservation : reservations) {
        Json entry;
        entry["peer"] = reservation.peer.to_string();
        entry["address"] = reservation.address.to_string();
        entry["expires_in"] = to_seconds(reservation.expires - now);
        reserved.push_back(std::move(entry));
        text += "\n  reservation  " + reservation.address.with_peer(reservation.peer).to_string() + "  for " +
                seconds_between(now, reservation.expires) + " s";
    }
    auto& standing = json["circuits"] = Json::array();
    for (const auto& circuit : circuits) {
        auto entry = as_json(circuit, {});
        add_traffic(entry, circuit);
        standing.push_back(std::move(entry));
        text += "\n  circuit      " + ends_of(circuit) + "  " + traffic_of(circuit);
    }
    json["refusals"] = service.refusals();
    output.print(json, text);
}

}  // namespace libp2p::tools
