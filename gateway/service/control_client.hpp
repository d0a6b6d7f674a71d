// gateway/service/control_client.hpp: talks to a running service over its control socket (control_server.hpp), for the commands
// of the command line. Blocks.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config/model.hpp"
#include "gateway/limits.hpp"

namespace gateway {

class control_client {
public:
    ~control_client();
    control_client(const control_client&) = delete;
    control_client& operator=(const control_client&) = delete;

    /// Null, with `why`: nobody serves there, or we may not ask. An absent service is `why` empty.
    static std::unique_ptr<control_client> connect(const std::string& path, std::string& why);
    /// That of this config's service: looked for where systemd has it (/run/tidegate/<gateway>.sock) and beside the queue file.
    static std::unique_ptr<control_client> connect(const config::file& config, std::string& why);

    /// Sends a request and hands each line of its reply but the last to `on_line`, until the end or until that returns false
    /// (then the connection is closed). False, with `why`: the service said no, or went away.
    /// `gives_up` is looked at when a signal came while it waits: true ends it, with false.
    bool ask(std::string_view json_object, const std::function<bool(const std::string&)>& on_line, std::string& why,
             const std::function<bool()>& gives_up = {});
    /// From now on no wait for the service is longer.
    void set_patience(std::chrono::milliseconds longest);
    /// From now on it may take its time, as long as it lives: where it is silent, another connection asks it for a sign of life.
    void wait_while_it_lives(std::chrono::milliseconds silence = limits::control_answer);
    /// The last thing failed since the service took the request and said nothing in time.
    bool was_late() const { return was_late_; }

    /// Sends a request whose reply goes on until we go away, and takes its first line. False, with `why`: the service said no, or
    /// went away.
    bool begin(std::string_view json_object, std::string& first_line, std::string& why);

    /// From any thread: what is being asked ends as if the service had gone away, and so does all that is asked later.
    void hang_up();

    /// Where services have their sockets: /run/tidegate, or the folder that systemd made for this process.
    static std::string folder();

private:
    bool send(std::string_view json_object, std::string& why);
    bool lives(const std::function<bool()>& gives_up) const;
    bool is_late(std::string& why);
    bool receive_line(std::string& line, std::string& why, const std::function<bool()>& gives_up = {});
    control_client(int socket, std::string path) : socket_(socket), path_(std::move(path)) {}
    int socket_;
    const std::string path_;
    bool while_it_lives_ = false;
    bool was_late_ = false;
    std::string input_;
};

}  // namespace gateway
