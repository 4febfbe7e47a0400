# SPDX-License-Identifier: MIT OR Apache-2.0
#
# cmake -DFOLDER=… -DFILES=a;b -DOUTPUT=… -P embed.cmake: writes a C++ file that holds the files, as `web_files()`.
set(arrays "")
set(entries "")
set(number 0)
foreach(file ${FILES})
    get_filename_component(ending ${file} LAST_EXT)
    if(ending STREQUAL ".html")
        set(type "text/html; charset=utf-8")
    elseif(ending STREQUAL ".css")
        set(type "text/css; charset=utf-8")
    elseif(ending STREQUAL ".js")
        set(type "text/javascript; charset=utf-8")
    elseif(ending STREQUAL ".svg")
        set(type "image/svg+xml")
    else()
        set(type "text/plain; charset=utf-8")
    endif()
    file(READ ${FOLDER}/${file} octets HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," octets "${octets}")
    string(REGEX REPLACE "(................................................................................)" "\\1\n" octets "${octets}")
    string(APPEND arrays "const unsigned char kFile${number}[] = {\n${octets}};\n")
    string(APPEND entries "    {\"/${file}\", \"${type}\", text(kFile${number})},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Made by tools/embed.cmake.
#include \"tools/http_server.hpp\"

namespace libp2p::tools {
namespace {

${arrays}
template <std::size_t Size>
std::string_view text(const unsigned char (&octets)[Size]) {
    return {reinterpret_cast<const char*>(octets), Size};
}

}  // namespace

std::span<const WebFile> web_files() {
    static const WebFile files[] = {
${entries}    };
    return files;
}

}  // namespace libp2p::tools
")
