# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Finds BoringSSL: Debian's android-libboringssl-dev, or the build named by BORINGSSL_ROOT.
# Defines BoringSSL::Crypto and BoringSSL::SSL. Never finds OpenSSL, whose files have the same names.
include(FindPackageHandleStandardArgs)

find_path(BoringSSL_INCLUDE_DIR openssl/is_boringssl.h
          HINTS ${BORINGSSL_ROOT} PATH_SUFFIXES include include/android android)

foreach(library Crypto SSL)
    string(TOLOWER ${library} name)
    find_library(BoringSSL_${library}_LIBRARY ${name}
                 HINTS ${BORINGSSL_ROOT}
                 PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/android /usr/lib/android
                 PATH_SUFFIXES lib android
                 NO_DEFAULT_PATH)  # the default path has OpenSSL
endforeach()

if(BoringSSL_INCLUDE_DIR)
    file(STRINGS ${BoringSSL_INCLUDE_DIR}/openssl/base.h api_version REGEX "define BORINGSSL_API_VERSION")
    string(REGEX MATCH "[0-9]+" BoringSSL_VERSION "${api_version}")
endif()

find_package_handle_standard_args(BoringSSL
    REQUIRED_VARS BoringSSL_Crypto_LIBRARY BoringSSL_SSL_LIBRARY BoringSSL_INCLUDE_DIR
    VERSION_VAR BoringSSL_VERSION)

if(BoringSSL_FOUND AND NOT TARGET BoringSSL::Crypto)
    add_library(BoringSSL::Crypto UNKNOWN IMPORTED)
    set_target_properties(BoringSSL::Crypto PROPERTIES
        IMPORTED_LOCATION ${BoringSSL_Crypto_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${BoringSSL_INCLUDE_DIR})
    add_library(BoringSSL::SSL UNKNOWN IMPORTED)
    set_target_properties(BoringSSL::SSL PROPERTIES
        IMPORTED_LOCATION ${BoringSSL_SSL_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${BoringSSL_INCLUDE_DIR}
        INTERFACE_LINK_LIBRARIES BoringSSL::Crypto)
endif()
mark_as_advanced(BoringSSL_INCLUDE_DIR BoringSSL_Crypto_LIBRARY BoringSSL_SSL_LIBRARY)
