# SPDX-License-Identifier: MIT OR Apache-2.0
#
# libp2p::conformance: the suites of tests/conformance, published, so that a stranger's transport, security protocol or muxer
# is tested by instantiating one. Installed as <libp2p/conformance/…>; here a link gives the same name.
find_package(GTest REQUIRED)

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/conformance/*.cpp)
list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
set(include_dir ${PROJECT_BINARY_DIR}/conformance)
file(MAKE_DIRECTORY ${include_dir}/libp2p)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/tests/conformance ${include_dir}/libp2p/conformance SYMBOLIC)

if(sources)
    add_library(libp2p_conformance STATIC ${sources})
    target_include_directories(libp2p_conformance PUBLIC $<BUILD_INTERFACE:${include_dir}>
                                                         $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(libp2p_conformance PUBLIC libp2p::libp2p GTest::gtest PRIVATE $<BUILD_INTERFACE:libp2p_own_flags>)
    set_target_properties(libp2p_conformance PROPERTIES EXPORT_NAME conformance OUTPUT_NAME p2p_conformance)
else()
    add_library(libp2p_conformance INTERFACE)
    target_link_libraries(libp2p_conformance INTERFACE libp2p::libp2p GTest::gtest)
    set_target_properties(libp2p_conformance PROPERTIES EXPORT_NAME conformance)
endif()
add_library(libp2p::conformance ALIAS libp2p_conformance)
