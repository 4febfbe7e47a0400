#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# run.sh KIND SOURCE BUILD COMPILER SCRATCH builds and runs a consumer of
#   find_package  the installed tree of BUILD
#   pkg_config    the same, by its .pc file
#   subdirectory  the sources, as part of the consumer's project, with shared libraries; then of those, installed
set -euo pipefail
kind=$1 source=$2 build=$3 compiler=$4 scratch=$5/$1
here=$source/tests/consumer
project=$scratch/project installed=$scratch/installed
mkdir -p "$scratch"
rm -rf "$installed" "$scratch/moved"
if launcher=$(command -v ccache); then
    export CMAKE_CXX_COMPILER_LAUNCHER=$launcher CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$source
fi

configure() {  # FOLDER OPTION…
    cmake -G Ninja -S "$here/$1" -B "$project/$1" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Debug "${@:2}"
}

quietly() {
    "$@" > "$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
}

# What must not be installed: anything but the public headers.
check_headers() {
    if find "$installed/include/libp2p" -mindepth 1 -type d | grep -vE '/libp2p/(protocols|conformance)$'; then
        echo "private headers were installed"
        exit 1
    fi
}

case $kind in
    find_package)
        quietly cmake --install "$build" --prefix "$installed"
        check_headers
        mv "$installed" "$scratch/moved"  # an installed tree may be moved
        quietly configure find_package -DCMAKE_PREFIX_PATH="$scratch/moved"
        quietly cmake --build "$project/find_package"
        "$project/find_package/consumer"
        "$project/find_package/conformance" --gtest_brief=1
        ;;
    pkg_config)
        quietly cmake --install "$build" --prefix "$installed"
        PKG_CONFIG_PATH=$(dirname "$(find "$installed" -name libp2p.pc)")
        export PKG_CONFIG_PATH
        read -ra flags <<< "$(pkg-config --cflags --libs libp2p)"
        "$compiler" "$here/main.cpp" "${flags[@]}" -o "$scratch/consumer"
        "$scratch/consumer"
        ;;
    subdirectory)
        quietly configure subdirectory -DLIBP2P_SOURCE="$source" -DBUILD_SHARED_LIBS=ON -DLIBP2P_INSTALL=ON
        quietly cmake --build "$project/subdirectory"
        "$project/subdirectory/consumer"
        quietly cmake --install "$project/subdirectory" --prefix "$installed"
        check_headers
        quietly configure find_package -DCMAKE_PREFIX_PATH="$installed" -DCONFORMANCE=OFF
        quietly cmake --build "$project/find_package"
        "$project/find_package/consumer"
        ;;
    *)
        echo "no such kind: $kind" >&2
        exit 2
        ;;
esac
