// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/error_report.hpp"

#include "tools/text.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace libp2p::tools {
namespace {

namespace asio = boost::asio;

/// The code of one try. A try that was cancelled ran into the deadline of the dial.
std::string_view attempt_code(const Error& error) noexcept {
    const bool cancelled = error == asio::error::make_error_code(asio::error::operation_aborted);
    return cancelled ? "timed_out" : code_name(error);
}

/// One word for all causes, if there is one.
std::string_view common_code(const std::vector<Error::Cause>& causes) noexcept {
    constexpr std::string_view mixed = "unreachable";
    if (causes.empty()) {
        return mixed;
    }
    const auto first = attempt_code(causes.front().error);
    const auto is_first = [&](const Error::Cause& cause) { return attempt_code(cause.error) == first; };
    return std::all_of(causes.begin(), causes.end(), is_first) ? first : mixed;
}

std::string_view library_code(Errc code, const Error& error) noexcept {
    switch (code) {
        case Errc::invalid_address: return "invalid_address";
        case Errc::invalid_key: return "invalid_key";
        case Errc::unsupported_address: return "unsupported_address";
        case Errc::no_addresses: return "unreachable";
        case Errc::dial_failed: return common_code(error.causes());
        case Errc::peer_mismatch: return "peer_mismatch";
        case Errc::no_common_protocol: return "no_common_protocol";
        case Errc::limit_exceeded: return "limit_exceeded";
        case Errc::gated:
        case Errc::refused_by_remote: return "connection_refused";
        case Errc::invalid_signature:
        case Errc::authentication_failed:
        case Errc::protocol_violation: return "protocol_violation";
        case Errc::stream_reset: return "stream_reset";
        case Errc::limited_connection: return "limited_connection";
        case Errc::connection_closed:
        case Errc::shut_down: return "connection_closed";
        case Errc::write_closed:
        case Errc::already_exists: return "io_error";
    }
    return "io_error";
}

bool is_lookup_failure(const error_code& code) noexcept {
    return code.category() == asio::error::get_netdb_category() ||
           code.category() == asio::error::get_addrinfo_category();
}

std::string_view system_code(const error_code& code) noexcept {
    namespace errc = boost::system::errc;
    if (code == asio::error::make_error_code(asio::error::eof)) {
        return "connection_closed";
    }
    if (is_lookup_failure(code)) {
        return "unreachable";
    }
    const auto condition = code.default_error_condition();
    if (condition.category() != boost::system::generic_category()) {
        return "io_error";
    }
    switch (condition.value()) {
        case errc::connection_refused: return "connection_refused";
        case errc::timed_out:
        case errc::stream_timeout: return "timed_out";
        case errc::address_in_use: return "address_in_use";
        case errc::address_not_available:
        case errc::host_unreachable:
        case errc::network_down:
        case errc::network_reset:
        case errc::network_unreachable: return "unreachable";
        case errc::address_family_not_supported:
        case errc::protocol_not_supported: return "unsupported_address";
        case errc::broken_pipe:
        case errc::connection_aborted:
        case errc::connection_reset:
        case errc::not_connected:
        case errc::operation_canceled: return "connection_closed";
        case errc::no_buffer_space:
        case errc::not_enough_memory:
        case errc::too_many_files_open:
        case errc::too_many_files_open_in_system: return "limit_exceeded";
        default: return "io_error";
    }
}

std::string message_of(const Error& error) {
    return printable(error.message());
}

}  // namespace

std::string_view code_name(const Error& error) noexcept {
    const auto& code = error.code();
    if (code.category() == libp2p_category()) {
        return library_code(static_cast<Errc>(code.value()), error);
    }
    return system_code(code);
}

nlohmann::ordered_json error_as_json(const Error& error) {
    nlohmann::ordered_json json;
    json["event"] = "error";
    json["code"] = code_name(error);
    json["message"] = message_of(error);
    if (!error.causes().empty()) {
        auto& attempts = json["attempts"] = nlohmann::ordered_json::array();
        for (const auto& cause : error.causes()) {
            nlohmann::ordered_json attempt;
            attempt["address"] = cause.subject;
            attempt["code"] = attempt_code(cause.error);
            attempt["message"] = message_of(cause.error);
            attempts.push_back(std::move(attempt));
        }
    }
    return json;
}

std::string error_as_text(const Error& error) {
    auto text = "p2p: " + message_of(error) + " [" + std::string(code_name(error)) + "]";
    for (const auto& cause : error.causes()) {
        text += "\n  " + printable(cause.subject) + ": " + message_of(cause.error) + " [" +
                std::string(attempt_code(cause.error)) + "]";
    }
    return text;
}

}  // namespace libp2p::tools
