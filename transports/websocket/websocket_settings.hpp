// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/websocket/tls_files.hpp"
#include "transports/websocket/websocket_stream.hpp"

#include <libp2p/limits.hpp>
#include <libp2p/transports.hpp>

#include <utility>

namespace libp2p::websocket {

/// What the connections of a transport have in common. Shared with those that arrive, which may outlive it.
struct Settings {
    Settings(WebSocketOptions options, const Timeouts& timeouts)
        : page(std::move(options.http)),
          streams{options.max_message, timeouts.close},
          certificate(TlsFiles::for_server(std::move(options.certificate_file), std::move(options.key_file))),
          authorities(TlsFiles::for_client(std::move(options.authorities_file))) {}

    HttpHandler page;
    WebSocketStream::Options streams;
    TlsFiles certificate;
    TlsFiles authorities;
};

}  // namespace libp2p::websocket
