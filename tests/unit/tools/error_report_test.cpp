// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/error_report.hpp"

#include <boost/asio/error.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cerrno>

namespace libp2p::tools {
namespace {

namespace asio = boost::asio;

Error system_error(int number) {
    return Error(error_code(number, boost::system::system_category()));
}

Error dial_failed(std::vector<Error::Cause> causes) {
    return Error(Errc::dial_failed, "peer 12D3", std::move(causes));
}

TEST(ErrorReport, NamesEveryErrorOfTheLibrary) {
    const std::vector<std::pair<Errc, std::string_view>> names{
        {Errc::invalid_address, "invalid_address"},
        {Errc::invalid_key, "invalid_key"},
        {Errc::invalid_signature, "protocol_violation"},
        {Errc::unsupported_address, "unsupported_address"},
        {Errc::no_addresses, "unreachable"},
        {Errc::dial_failed, "unreachable"},
        {Errc::peer_mismatch, "peer_mismatch"},
        {Errc::no_common_protocol, "no_common_protocol"},
        {Errc::protocol_violation, "protocol_violation"},
        {Errc::limit_exceeded, "limit_exceeded"},
        {Errc::refused_by_remote, "connection_refused"},
        {Errc::gated, "connection_refused"},
        {Errc::stream_reset, "stream_reset"},
        {Errc::write_closed, "io_error"},
        {Errc::connection_closed, "connection_closed"},
        {Errc::shut_down, "connection_closed"},
        {Errc::already_exists, "io_error"},
        {Errc::authentication_failed, "protocol_violation"},
        {Errc::limited_connection, "limited_connection"},
    };
    EXPECT_EQ(names.size(), 19U) << "one for each enumerator";
    for (const auto& [code, name] : names) {
        EXPECT_EQ(code_name(code), name) << make_error_code(code).message();
    }
    EXPECT_EQ(code_name(error_code(4711, libp2p_category())), "io_error");
}

TEST(ErrorReport, NamesTheErrorsOfTheSystem) {
    const std::vector<std::pair<int, std::string_view>> names{
        {ECONNREFUSED, "connection_refused"},
        {ETIMEDOUT, "timed_out"},
        {EADDRINUSE, "address_in_use"},
        {EADDRNOTAVAIL, "unreachable"},
        {EHOSTUNREACH, "unreachable"},
        {ENETUNREACH, "unreachable"},
        {ENETDOWN, "unreachable"},
        {EAFNOSUPPORT, "unsupported_address"},
        {EPROTONOSUPPORT, "unsupported_address"},
        {EPIPE, "connection_closed"},
        {ECONNRESET, "connection_closed"},
        {ECONNABORTED, "connection_closed"},
        {ENOTCONN, "connection_closed"},
        {ECANCELED, "connection_closed"},
        {EMFILE, "limit_exceeded"},
        {ENFILE, "limit_exceeded"},
        {ENOBUFS, "limit_exceeded"},
        {ENOMEM, "limit_exceeded"},
        {EACCES, "io_error"},
        {EIO, "io_error"},
        {ENOENT, "io_error"},
        {EINVAL, "io_error"},
    };
    for (const auto& [number, name] : names) {
        EXPECT_EQ(code_name(system_error(number)), name) << number;
    }
}

TEST(ErrorReport, NamesTheErrorsOfAsio) {
    EXPECT_EQ(code_name(asio::error::make_error_code(asio::error::eof)), "connection_closed");
    EXPECT_EQ(code_name(asio::error::make_error_code(asio::error::timed_out)), "timed_out");
    EXPECT_EQ(code_name(asio::error::make_error_code(asio::error::connection_refused)), "connection_refused");
    EXPECT_EQ(code_name(asio::error::make_error_code(asio::error::operation_aborted)), "connection_closed");
    EXPECT_EQ(code_name(asio::error::make_error_code(asio::error::host_not_found)), "unreachable");
    EXPECT_EQ(code_name(asio::error::make_error_code(asio::error::host_not_found_try_again)), "unreachable");
    EXPECT_EQ(code_name(asio::error::make_error_code(asio::error::service_not_found)), "unreachable");
    EXPECT_EQ(code_name(asio::error::make_error_code(asio::error::not_found)), "io_error");
}

TEST(ErrorReport, NamesADialAfterWhatAllItsAddressesHaveInCommon) {
    const auto refused = system_error(ECONNREFUSED);
    EXPECT_EQ(code_name(dial_failed({{"/a", refused}, {"/b", refused}})), "connection_refused");
    EXPECT_EQ(code_name(dial_failed({{"/a", refused}, {"/b", Errc::peer_mismatch}})), "unreachable");
    EXPECT_EQ(code_name(dial_failed({})), "unreachable");
    EXPECT_EQ(code_name(dial_failed({{"/a", system_error(ECANCELED)}})), "timed_out") << "the deadline of the dial";
}

TEST(ErrorReport, PutsTheAttemptsIntoJson) {
    const auto json = error_as_json(dial_failed(
        {{"/ip4/1.2.3.4/tcp/1", system_error(ECONNREFUSED)},
         {"/ip4/1.2.3.4/tcp/2", Error(Errc::peer_mismatch, "it is 12D3KooWX")}}
    ));
    EXPECT_EQ(json["event"], "error");
    EXPECT_EQ(json["code"], "unreachable");
    EXPECT_EQ(json["attempts"].size(), 2U);
    EXPECT_EQ(json["attempts"][0]["address"], "/ip4/1.2.3.4/tcp/1");
    EXPECT_EQ(json["attempts"][0]["code"], "connection_refused");
    EXPECT_EQ(json["attempts"][1]["code"], "peer_mismatch");
    EXPECT_EQ(json["attempts"][1]["message"], "the remote has another peer id: it is 12D3KooWX");
}

TEST(ErrorReport, SaysNothingOfAttemptsWhereThereWereNone) {
    const auto json = error_as_json(Error(Errc::invalid_address, "no /p2p"));
    EXPECT_EQ(json.dump(), R"({"event":"error","code":"invalid_address","message":"invalid address: no /p2p"})");
    EXPECT_EQ(
        error_as_text(Error(Errc::invalid_address, "no /p2p")), "p2p: invalid address: no /p2p [invalid_address]"
    );
}

TEST(ErrorReport, KeepsOneLineWhateverAPeerSays) {
    const auto text = error_as_text(Error(Errc::protocol_violation, "evil\n\x1b[2J\xff"));
    EXPECT_EQ(text, "p2p: protocol violation: evil??[2J? [protocol_violation]");
}

}  // namespace
}  // namespace libp2p::tools
