// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/timeout.hpp"

#include <boost/system/system_error.hpp>

namespace libp2p::detail {

bool is_cancellation(const std::exception_ptr& failure) noexcept {
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

}  // namespace libp2p::detail
