// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>

#include <gtest/gtest.h>

/// GoogleTest's ASSERT_* return from the function they stand in, which a coroutine cannot do. These co_return. Keep
/// co_await out of their arguments: name the value first.
#define LIBP2P_CO_FATAL_FAILURE(message) co_return GTEST_MESSAGE_(message, ::testing::TestPartResult::kFatalFailure)

#define LIBP2P_CO_ASSERT_TRUE(condition) \
    GTEST_TEST_BOOLEAN_(condition, #condition, false, true, LIBP2P_CO_FATAL_FAILURE)
#define LIBP2P_CO_ASSERT_FALSE(condition) \
    GTEST_TEST_BOOLEAN_(!(condition), #condition, true, false, LIBP2P_CO_FATAL_FAILURE)
#define LIBP2P_CO_ASSERT_EQ(a, b) \
    GTEST_ASSERT_(::testing::internal::EqHelper::Compare(#a, #b, a, b), LIBP2P_CO_FATAL_FAILURE)

/// A `result` that must hold a value; the failure shows its error.
#define LIBP2P_EXPECT_OK(outcome) \
    GTEST_ASSERT_(::libp2p::conformance::is_ok(#outcome, outcome), GTEST_NONFATAL_FAILURE_)
#define LIBP2P_CO_ASSERT_OK(outcome) \
    GTEST_ASSERT_(::libp2p::conformance::is_ok(#outcome, outcome), LIBP2P_CO_FATAL_FAILURE)

/// A `result` that must have failed with that code: an `Errc`, an error of Asio's.
#define LIBP2P_EXPECT_ERROR(outcome, code) \
    GTEST_ASSERT_(::libp2p::conformance::is_error(#outcome, #code, outcome, code), GTEST_NONFATAL_FAILURE_)
#define LIBP2P_CO_ASSERT_ERROR(outcome, code) \
    GTEST_ASSERT_(::libp2p::conformance::is_error(#outcome, #code, outcome, code), LIBP2P_CO_FATAL_FAILURE)

namespace libp2p::conformance {

template <class T>
testing::AssertionResult is_ok(const char* text, const result<T>& outcome) {
    if (outcome) {
        return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << text << " failed: " << outcome.error();
}

template <class T>
testing::AssertionResult is_error(
    const char* text, const char* code_text, const result<T>& outcome, const error_code& code
) {
    if (outcome) {
        return testing::AssertionFailure() << text << " succeeded; expected: " << code_text;
    }
    if (!(outcome.error() == code)) {
        return testing::AssertionFailure()
               << text << " failed with: " << outcome.error() << "; expected: " << code_text;
    }
    return testing::AssertionSuccess();
}

}  // namespace libp2p::conformance
