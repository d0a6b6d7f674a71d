// gateway/diagnosis/tar.hpp: files of memory as a tar archive (POSIX ustar), which every system can open. Pure: bytes out.
// Not here: compressing it; gzip, which every Debian has, does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gateway {

class tar {
public:
    /// `name`: relative, at most 99 bytes; mode 0600.
    void add(std::string_view name, std::string_view content, std::int64_t seconds);
    /// The whole archive; nothing can be added afterwards.
    std::string finish();

private:
    std::string bytes_;
};

}  // namespace gateway
