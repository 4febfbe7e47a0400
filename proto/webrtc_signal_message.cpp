// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/webrtc_signal_message.hpp"

#include "proto/webrtc_signal.pb.h"

namespace libp2p::webrtc {

using proto::DecodeErrc;

proto::Bytes encode(const Signal& signal) {
    pb::Signal wire;
    wire.set_type(static_cast<std::uint64_t>(signal.type));
    wire.set_data(signal.data);
    proto::Bytes octets(wire.ByteSizeLong());
    wire.SerializeWithCachedSizesToArray(octets.data());
    return octets;
}

proto::DecodeResult<Signal> decode_signal(proto::ByteView message) {
    if (message.size() > kMaxSignalSize) {
        return DecodeErrc::too_long;
    }
    pb::Signal wire;
    if (!wire.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
        return DecodeErrc::malformed;
    }
    if (wire.type() > static_cast<std::uint64_t>(Signal::Type::done)) {
        return DecodeErrc::unknown_encoding;
    }
    Signal signal;
    signal.type = static_cast<Signal::Type>(wire.type());
    signal.data = std::move(*wire.mutable_data());
    return signal;
}

}  // namespace libp2p::webrtc
