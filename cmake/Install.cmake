# SPDX-License-Identifier: MIT OR Apache-2.0
#
# find_package(libp2p), libp2p.pc, and the public headers.
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/libp2p)

install(TARGETS ${LIBP2P_LIBRARIES} EXPORT libp2pTargets)
install(EXPORT libp2pTargets NAMESPACE libp2p:: DESTINATION ${config_dir})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/libp2p/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/libp2p
        FILES_MATCHING PATTERN "*.hpp"
        PATTERN "swarm" EXCLUDE PATTERN "dns" EXCLUDE PATTERN "crypto" EXCLUDE PATTERN "asio" EXCLUDE
        PATTERN "internal" EXCLUDE)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/libp2pConfig.cmake.in libp2pConfig.cmake
                              INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(libp2pConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/libp2pConfig.cmake ${PROJECT_BINARY_DIR}/libp2pConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindBoringSSL.cmake DESTINATION ${config_dir})

get_filename_component(boringssl_dir ${BoringSSL_Crypto_LIBRARY} DIRECTORY)
if(BUILD_SHARED_LIBS)
    set(pc_asio_flags "-DBOOST_ASIO_DYN_LINK")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/libp2p.pc.in libp2p.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/libp2p.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
