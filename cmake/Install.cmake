# SPDX-License-Identifier: MIT OR Apache-2.0
#
# find_package(libp2p), libp2p.pc, and the public headers: libp2p/, libp2p/protocols/ and libp2p/conformance/, nothing below.
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/libp2p)

install(TARGETS ${LIBP2P_LIBRARIES} EXPORT libp2pTargets)
install(EXPORT libp2pTargets NAMESPACE libp2p:: DESTINATION ${config_dir})
file(GLOB public_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/libp2p/*.hpp)
file(GLOB protocol_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/libp2p/protocols/*.hpp)
install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/libp2p)
install(FILES ${protocol_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/libp2p/protocols)

if(LIBP2P_BUILD_CONFORMANCE)
    install(TARGETS libp2p_conformance EXPORT libp2pConformanceTargets)
    install(EXPORT libp2pConformanceTargets NAMESPACE libp2p:: DESTINATION ${config_dir})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/tests/conformance/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/libp2p/conformance
            FILES_MATCHING PATTERN "*.hpp")
endif()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/libp2pConfig.cmake.in libp2pConfig.cmake
                              INSTALL_DESTINATION ${config_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(libp2pConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/libp2pConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/libp2pConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindBoringSSL.cmake DESTINATION ${config_dir})

# A static library needs what it is made of, a shared one brings it along. BoringSSL has no .pc file of its own and lies
# outside the loader's path.
get_filename_component(boringssl_dir ${BoringSSL_Crypto_LIBRARY} DIRECTORY)
set(pc_libs -lp2p_transports -lp2p_security -lp2p_muxing -lp2p_core -lp2p_proto -lp2p_asio)
set(pc_flags -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_ASIO_NO_DEPRECATED -DBOOST_ASIO_DISABLE_BOOST_COROUTINE)
if(BUILD_SHARED_LIBS)
    list(APPEND pc_flags -DBOOST_ASIO_DYN_LINK)
    set(pc_requires "")
else()
    list(APPEND pc_libs ${BoringSSL_SSL_LIBRARY} ${BoringSSL_Crypto_LIBRARY} -Wl,-rpath,${boringssl_dir} -pthread)
    set(pc_requires libsecp256k1 libcares protobuf-lite nice usrsctp)
endif()
list(JOIN pc_libs " " pc_libs)
list(JOIN pc_flags " " pc_flags)
list(JOIN pc_requires " " pc_requires)
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
    file(RELATIVE_PATH up /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
    set(pc_prefix "\${pcfiledir}/${up}")  # the installed tree may be moved
    string(REGEX REPLACE "/$" "" pc_prefix ${pc_prefix})
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/libp2p.pc.in libp2p.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/libp2p.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE-MIT ${PROJECT_SOURCE_DIR}/LICENSE-APACHE DESTINATION ${CMAKE_INSTALL_DOCDIR})
