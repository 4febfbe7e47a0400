// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Asio's own code, compiled here once for everybody.
#include <boost/asio/impl/src.hpp>
