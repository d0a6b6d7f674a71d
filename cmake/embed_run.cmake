# cmake/embed_run.cmake: writes a .cpp with files in it, plain and gzipped. Run at build time by tidegate_embed (embed.cmake):
#     cmake -DOUT=… -DFOLDER=… -DFILES=a,b -DWORK=… -P embed_run.cmake
# Nothing but CMake is needed. The same files give the same bytes: gzip's time of writing is taken out.
set(types html "text/html\\; charset=utf-8" css "text/css\\; charset=utf-8" js "text/javascript\\; charset=utf-8"
    svg "image/svg+xml" png "image/png" ico "image/x-icon" json "application/json" webmanifest "application/manifest+json"
    woff2 "font/woff2" txt "text/plain\\; charset=utf-8")

function(as_array HEX NAME RESULT)
    string(REGEX REPLACE "(................................................................)" "\\1\n" lines "${HEX}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${lines}")
    set(${RESULT} "const unsigned char ${NAME}[] = {\n${bytes}\n};\n" PARENT_SCOPE)
endfunction()

set(arrays "")
set(table "")
set(count 0)
string(REPLACE "," ";" FILES "${FILES}")
foreach(file IN LISTS FILES)
    string(REGEX REPLACE ".*\\." "" extension "${file}")
    list(FIND types "${extension}" at)
    if(at LESS 0)
        message(FATAL_ERROR "${file}: embed_run.cmake knows no media type for .${extension}; add it there")
    endif()
    math(EXPR at "${at} + 1")
    list(GET types ${at} type)
    file(READ "${FOLDER}/${file}" hex HEX)
    file(SHA256 "${FOLDER}/${file}" digest)
    string(SUBSTRING "${digest}" 0 16 tag)
    if(hex STREQUAL "")
        message(FATAL_ERROR "${FOLDER}/${file} is empty")
    endif()
    set(packed "${WORK}/${tag}.gz")
    file(ARCHIVE_CREATE OUTPUT "${packed}" PATHS "${FOLDER}/${file}" FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
    file(READ "${packed}" zipped HEX)
    file(REMOVE "${packed}")
    # RFC 1952: bytes 4 to 7 are the time.
    string(SUBSTRING "${zipped}" 0 8 before)
    string(SUBSTRING "${zipped}" 16 -1 behind)
    set(zipped "${before}00000000${behind}")
    as_array("${hex}" "plain_${count}" plain)
    as_array("${zipped}" "gzip_${count}" gzip)
    string(APPEND arrays "${plain}${gzip}")
    string(APPEND table "    {\"/${file}\", \"${type}\", \"\\\"${tag}\\\"\", text_of(plain_${count}), text_of(gzip_${count})},\n")
    math(EXPR count "${count} + 1")
endforeach()

file(WRITE "${OUT}.new" "// Made by cmake/embed_run.cmake; not to be edited.
#include <cstddef>

#include \"gateway/http/http_assets.hpp\"

namespace gateway {
namespace {

${arrays}
template <std::size_t Size>
std::string_view text_of(const unsigned char (&bytes)[Size]) {
    return {reinterpret_cast<const char*>(bytes), Size};
}

const asset table[] = {
${table}};

}  // namespace

std::span<const asset> page_assets() { return table; }

}  // namespace gateway
")
file(RENAME "${OUT}.new" "${OUT}")
