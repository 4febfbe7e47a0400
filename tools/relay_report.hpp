// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tools/output.hpp"

#include <libp2p/protocols/relay_service.hpp>

namespace libp2p::tools {

/// Prints what happens at a relay: {"event":"reserved",…}, "reservation_ended", "circuit_opened", "circuit_closed",
/// "refused".
class RelayReporter {
public:
    explicit RelayReporter(const Output& output) : events_(output) {}

    void report(const relay::RelayEvent& event);

private:
    EventOutput events_;
};

/// Prints who has reserved, and which circuits stand: {"event":"table",…}.
void print_relay_table(const Output& output, const relay::RelayService& service);

}  // namespace libp2p::tools
