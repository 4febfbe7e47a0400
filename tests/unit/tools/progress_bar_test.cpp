// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/progress_bar.hpp"

#include <gtest/gtest.h>

namespace libp2p::tools {
namespace {

using namespace std::chrono_literals;

TEST(ProgressBar, ShowsShareAmountRateAndTheTimeThatIsLeft) {
    EXPECT_EQ(
        draw_progress(32 * 1024 * 1024, 64 * 1024 * 1024, 2s),
        "[===============>              ]  50 %  32.0 MiB of 64.0 MiB  16.8 MB/s  0:02 left"
    );
}

TEST(ProgressBar, BeginsAndEnds) {
    EXPECT_EQ(draw_progress(0, 1024, 0s), "[>                             ]   0 %  0 B of 1.0 KiB  -");
    EXPECT_EQ(draw_progress(1024, 1024, 1s), "[==============================] 100 %  1.0 KiB of 1.0 KiB  0.0 MB/s");
}

TEST(ProgressBar, CountsInHours) {
    const auto line = draw_progress(1, 3661, 1s);
    EXPECT_NE(line.find("1:01:00 left"), std::string::npos) << line;
}

}  // namespace
}  // namespace libp2p::tools
