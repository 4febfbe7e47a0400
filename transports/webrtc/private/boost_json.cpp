// SPDX-License-Identifier: MIT OR Apache-2.0

// Boost.JSON, compiled once: Debian's headers come without a library.
#include <boost/json/src.hpp>
