// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/sctp_association.hpp"

namespace libp2p::webrtc {

/// For an end of an association that wants to know little: what it does not override means nothing to it.
class QuietSctpEvents : public SctpEvents {
public:
    void on_established(std::uint16_t) override {}
    void on_message(std::uint16_t, PayloadProtocol, ByteView, bool) override {}
    void on_remote_reset(std::span<const std::uint16_t>) override {}
    void on_local_reset(std::span<const std::uint16_t>, bool) override {}
    void on_writable() override {}
    void on_all_acknowledged() override {}
    void on_ended(Error) override {}
    void on_looked() override {}
};

}  // namespace libp2p::webrtc
