// gateway/service/config_reload.cpp: see config_reload.hpp.
#include "gateway/service/config_reload.hpp"

#include <pthread.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <filesystem>
#include <utility>

#include "gateway/limits.hpp"

namespace gateway {

config_reading read_config_anew(const std::string& path) {
    config_reading found;
    // To open a pipe may take for ever, and with it every reload after this one, and the stop.
    std::error_code unknown;  // load_site() says why
    if (const auto kind = std::filesystem::status(path, unknown).type(); kind == std::filesystem::file_type::fifo)
        found.fault = path + ": a pipe, which can't be read again; put a file there";
    if (found.fault.empty()) found.of = load_site(path, found.fault);
    if (!found.of) {
        found.diagnostics.push_back("error: " + found.fault);
        return found;
    }
    for (const auto& each : found.of->diagnostics) {
        std::string shown = config::render(each, path, found.of->text, found.of->templates);
        if (each.severity == config::severity::error && found.fault.empty()) found.fault = shown.substr(0, shown.find('\n'));
        if (found.diagnostics.size() < limits::reload_diagnostics) found.diagnostics.push_back(std::move(shown));
    }
    for (const auto& problem : found.of->adapters.problems()) found.diagnostics.push_back("warning: adapter " + problem + '\n');
    if (!found.of->config) {
        if (found.fault.empty()) found.fault = path + ": an adapter refused it";
        return found;
    }
    forget_source(*found.of);
    return found;
}

config_reload::~config_reload() {
    *alive_ = false;
    if (thread_.joinable()) thread_.join();
}

bool config_reload::is_of(const std::string& path) const {
    std::error_code unknown;  // then they are compared as they are written
    return path == path_ || std::filesystem::equivalent(path, path_, unknown);
}

void config_reload::begin() {
    assert(!is_reading());
    thread_ = std::thread([this, alive = alive_] {
        pthread_setname_np(pthread_self(), "reload");
        auto found = std::make_shared<config_reading>(read_config_anew(path_));
        boost::asio::post(loop_, [this, alive, found] {
            if (!*alive) return;
            thread_.join();
            done_(std::move(*found));
        });
    });
}

}  // namespace gateway
