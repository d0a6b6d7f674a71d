// gateway/http/http_assets.hpp: the files of the status page, which are part of the program (cmake/embed.cmake).
// Not here: serving them.
#pragma once

#include <span>
#include <string_view>

namespace gateway {

struct asset {
    std::string_view path;  // "/index.html"
    std::string_view type;  // its media type
    std::string_view tag;   // an ETag: quoted, of its content
    std::string_view plain;
    std::string_view gzip;
};

std::span<const asset> page_assets();

}  // namespace gateway
