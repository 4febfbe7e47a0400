// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

namespace libp2p::conformance {

/// The last argument of INSTANTIATE_TEST_SUITE_P: an instance is called like its provider.
inline constexpr auto name_of = [](const auto& info) { return info.param.name; };

}  // namespace libp2p::conformance
