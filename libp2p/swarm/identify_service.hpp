// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/swarm/swarm.hpp"

#include <libp2p/protocols/identify.hpp>
#include <libp2p/wait_list.hpp>

#include <vector>

namespace libp2p::swarm {

/// Asks every new peer who it is, tells those who ask, and tells the connected ones when our addresses or protocols
/// change.
class IdentifyService {
public:
    explicit IdentifyService(Swarm& swarm);

    /// Asks on a new connection; once more after a pause when the first try fails. A ConnectionHook.
    awaitable<void> ask(ConnectionPtr connection);

    /// What is known of `peer` once the asking on one of its connections has ended.
    awaitable<result<IdentifyInfo>> wait_for(PeerId peer);

    /// Addresses or protocols have changed: pushes to connected peers, many changes in one go.
    void changed();

private:
    awaitable<void> answer(std::unique_ptr<Stream> stream);
    awaitable<void> take_push(std::unique_ptr<Stream> stream);
    awaitable<result<void>> ask_once(ConnectionPtr connection);
    awaitable<void> push_all();
    awaitable<void> push_to(ConnectionPtr connection);
    identify::Snapshot snapshot_for(const ConnectionInfo& connection);
    void learn(const ConnectionInfo& connection, identify::Received received);

    Swarm& swarm_;
    WaitList settled_;  ///< whoever waits for an identify to end
    bool push_due_ = false;
    std::vector<Multiaddr> recorded_addresses_;  ///< what the signed record tells
    Bytes signed_record_;
    std::uint64_t record_sequence_ = 0;
};

}  // namespace libp2p::swarm
