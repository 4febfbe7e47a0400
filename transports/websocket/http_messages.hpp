// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include <cstddef>

namespace libp2p::websocket {

/// Longest head of a request that a listener reads, in octets: request line and all header fields.
inline constexpr std::size_t kMaxRequestHead = 8 * 1024;

/// Longest head of an answer that a dialer reads, in octets: Beast's own limit.
inline constexpr std::size_t kMaxAnswerHead = 8 * 1024;

/// A request without its body.
using HttpHead = boost::beast::http::request<boost::beast::http::empty_body>;

/// What an error of Beast's HTTP parser, or of the byte stream beneath, means. `limit` is how long the head might be.
Error explain_http(const boost::system::error_code& ec, std::size_t limit);

}  // namespace libp2p::websocket
