// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/http_messages.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>

#include <string>

namespace libp2p::websocket {

Error explain_http(const error_code& ec, std::size_t limit) {
    namespace http = boost::beast::http;
    if (ec == http::error::end_of_stream) {
        return boost::asio::error::make_error_code(boost::asio::error::eof);
    }
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
        return Error(Errc::limit_exceeded, "HTTP: a head of more than " + std::to_string(limit) + " octets");
    }
    if (ec == http::error::partial_message) {
        return Error(Errc::protocol_violation, "HTTP: the remote closed in the middle of a head");
    }
    if (ec.category() == make_error_code(http::error::end_of_stream).category()) {
        return Error(Errc::protocol_violation, "HTTP: " + ec.message());
    }
    return ec;
}

}  // namespace libp2p::websocket
