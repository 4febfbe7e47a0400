// SPDX-License-Identifier: MIT OR Apache-2.0

// Any octets as a message of the data channel establishment protocol. An OPEN that is read is written back to the same
// octets; what may follow the one octet of an ACK is not read.

#include "proto/data_channel_message.hpp"

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <cstdlib>

using namespace libp2p;
using namespace libp2p::webrtc;

namespace {

proto::Bytes encode(const DataChannelOpen& open) {
    proto::Bytes octets(kDataChannelOpen.begin(), kDataChannelOpen.end());
    octets[1] = open.channel_type;
    boost::endian::store_big_u16(&octets[2], open.priority);
    boost::endian::store_big_u32(&octets[4], open.reliability);
    boost::endian::store_big_u16(&octets[8], static_cast<std::uint16_t>(open.label.size()));
    boost::endian::store_big_u16(&octets[10], static_cast<std::uint16_t>(open.protocol.size()));
    octets.insert(octets.end(), open.label.begin(), open.label.end());
    octets.insert(octets.end(), open.protocol.begin(), open.protocol.end());
    return octets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const proto::ByteView in(data, size);
    const auto message = decode_data_channel_message(in);
    if (!message) {
        return 0;
    }
    const auto* open = std::get_if<DataChannelOpen>(&*message);
    const bool same = open != nullptr ? std::ranges::equal(encode(*open), in) : in.front() == kDataChannelAck.front();
    if (!same) {
        std::abort();
    }
    return 0;
}
