// gateway/service/config_reload.hpp: reads and checks the config file anew beside the running service, on a thread of its own:
// adapters may take their time to check their part. Not here: what is made of it (app_reload.cpp).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/site.hpp"

namespace boost::asio {
class io_context;
}

namespace gateway {

/// What reading it brought.
struct config_reading {
    std::shared_ptr<site> of;              // with a config, unless there are errors; its source is forgotten
    std::vector<std::string> diagnostics;  // each as `file:line:column: error: …` with its source line
    std::string fault;                     // the first error in one line; empty: it is valid
};

/// Loop thread.
class config_reload {
public:
    /// `done` is called on the loop's thread.
    config_reload(boost::asio::io_context& loop, std::string path, std::function<void(config_reading)> done)
        : loop_(loop), path_(std::move(path)), done_(std::move(done)) {}
    ~config_reload();  // waits for what is being read
    config_reload(const config_reload&) = delete;
    config_reload& operator=(const config_reload&) = delete;

    /// Requires: nothing is being read.
    void begin();
    const std::string& path() const { return path_; }
    /// Whether that is the file, however it is called.
    bool is_of(const std::string& path) const;
    bool is_reading() const { return thread_.joinable(); }

private:
    boost::asio::io_context& loop_;
    const std::string path_;
    const std::function<void(config_reading)> done_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::thread thread_;
};

/// The work itself. Any thread.
config_reading read_config_anew(const std::string& path);

}  // namespace gateway
