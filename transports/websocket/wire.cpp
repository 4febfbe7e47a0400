// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/wire.hpp"

#include <algorithm>
#include <string>

namespace libp2p::websocket {

awaitable<result<std::size_t>> Wire::read_some(MutableByteView into) {
    if (without_payload_ > kMaxWithoutPayload) {
        failure_ = Error(
            Errc::limit_exceeded,
            "WebSocket: the remote sent more than " + std::to_string(kMaxWithoutPayload) + " octets without a payload"
        );
        co_return failure_;
    }
    std::size_t count = std::min(into.size(), early_.size() - early_begin_);
    if (count > 0) {
        std::copy_n(early_.data() + early_begin_, count, into.data());
        early_begin_ += count;
        if (early_begin_ == early_.size()) {
            Bytes().swap(early_);
            early_begin_ = 0;
        }
    } else {
        auto got = co_await raw_->read_some(into);
        if (!got) {
            failure_ = got.error();
            co_return failure_;
        }
        count = *got;
    }
    without_payload_ += count;
    co_return count;
}

awaitable<result<void>> Wire::write(std::span<const ByteView> buffers) {
    auto written = co_await raw_->write(buffers);
    if (!written && !failure_.code()) {
        failure_ = written.error();
    }
    co_return written;
}

}  // namespace libp2p::websocket
