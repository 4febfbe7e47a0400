#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# run.sh KIND SOURCE BUILD COMPILER SCRATCH: builds and runs a consumer against the installed tree of BUILD (find_package,
# pkg_config), against a shared build installed likewise (shared), or with the sources as a subdirectory.
set -euo pipefail
kind=$1 source=$2 build=$3 compiler=$4 scratch=$5/$1
rm -rf "$scratch" && mkdir -p "$scratch"
here=$source/tests/consumer
export CMAKE_CXX_COMPILER_LAUNCHER=$(command -v ccache || true)
configure=(cmake -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1)

case $kind in
    find_package)
        cmake --install "$build" --prefix "$scratch/installed" > /dev/null
        "${configure[@]}" -S "$here/find_package" -B "$scratch/consumer" -DCMAKE_PREFIX_PATH="$scratch/installed" > /dev/null
        ;;
    shared)
        "${configure[@]}" -S "$source" -B "$scratch/library" -DBUILD_SHARED_LIBS=ON -DLIBP2P_BUILD_TESTS=OFF \
            -DLIBP2P_BUILD_EXAMPLES=OFF -DLIBP2P_BUILD_TOOLS=OFF > /dev/null
        cmake --build "$scratch/library" > /dev/null
        cmake --install "$scratch/library" --prefix "$scratch/installed" > /dev/null
        "${configure[@]}" -S "$here/find_package" -B "$scratch/consumer" -DCMAKE_PREFIX_PATH="$scratch/installed" > /dev/null
        ;;
    subdirectory)
        "${configure[@]}" -S "$here/subdirectory" -B "$scratch/consumer" -DLIBP2P_SOURCE="$source" > /dev/null
        ;;
    pkg_config)
        cmake --install "$build" --prefix "$scratch/installed" > /dev/null
        export PKG_CONFIG_PATH=$scratch/installed/lib/pkgconfig:$(echo "$scratch"/installed/lib/*/pkgconfig)
        mkdir -p "$scratch/consumer"
        # shellcheck disable=SC2046 # the flags are meant to be split
        "$compiler" -O1 "$here/main.cpp" $(pkg-config --cflags --libs --static libp2p) -o "$scratch/consumer/consumer"
        ;;
esac
[ "$kind" = pkg_config ] || cmake --build "$scratch/consumer" --target consumer > "$scratch/log" || { cat "$scratch/log"; exit 1; }
"$scratch/consumer/consumer"
