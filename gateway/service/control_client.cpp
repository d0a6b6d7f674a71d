// gateway/service/control_client.cpp: see control_client.hpp.
#include "gateway/service/control_client.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <utility>

#include "gateway/flat_json.hpp"

namespace gateway {
namespace {

constexpr const char* service_folder = "/run/tidegate";

bool is_last(const std::string& line) { return line.starts_with(R"({"end":true)"); }

/// What the last line of a reply says.
bool is_success(const std::string& line, std::string& why) {
    const auto last = read_flat_object(line, 16);
    const value* ok = last ? last->find("ok") : nullptr;
    if (ok && *ok == value{true}) return true;
    const value* error = last ? last->find("error") : nullptr;
    const auto* text = error ? std::get_if<std::string>(error) : nullptr;
    why = text ? *text : "the service's answer is no answer: " + line;
    return false;
}

/// " (process 812)" of who listens at the other end; empty: the kernel doesn't say.
std::string process_of(int socket) {
    ucred who{};
    socklen_t size = sizeof who;
    const bool known = ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.pid > 0;
    return known ? " (process " + std::to_string(who.pid) + ')' : "";
}

}  // namespace

std::string control_client::folder() {
    const char* made = std::getenv("RUNTIME_DIRECTORY");
    return made && *made != '\0' ? made : service_folder;
}

control_client::~control_client() {
    if (socket_ >= 0) ::close(socket_);
}

std::unique_ptr<control_client> control_client::connect(const std::string& path, std::string& why) {
    why.clear();
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    if (path.size() >= sizeof where.sun_path) return nullptr;  // control_server can't have listened there
    std::memcpy(where.sun_path, path.c_str(), path.size() + 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        why = std::strerror(errno);
        return nullptr;
    }
    auto client = std::unique_ptr<control_client>(new control_client(socket, path));
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0) return client;
    if (errno == EACCES)
        why = "a service runs, but its socket " + path + " is not for this user: try sudo, or join the group 'tidegate'";
    else if (errno != ENOENT && errno != ECONNREFUSED && errno != ENOTDIR)
        why = path + ": " + std::strerror(errno);
    return nullptr;
}

std::unique_ptr<control_client> control_client::connect(const config::file& config, std::string& why) {
    if (auto client = connect(folder() + '/' + config.gateway_id + ".sock", why); client || !why.empty()) return client;
    return connect(config.buffer.path + ".sock", why);
}

void control_client::set_patience(std::chrono::milliseconds longest) {
    timeval most{};
    most.tv_sec = static_cast<time_t>(longest.count() / 1000);
    most.tv_usec = static_cast<suseconds_t>(longest.count() % 1000 * 1000);
    for (const int which : {SO_RCVTIMEO, SO_SNDTIMEO}) std::ignore = ::setsockopt(socket_, SOL_SOCKET, which, &most, sizeof most);
}

void control_client::wait_while_it_lives(std::chrono::milliseconds silence) {
    set_patience(silence);
    while_it_lives_ = true;
}

/// Whatever it says to that, its loop runs.
bool control_client::lives(const std::function<bool()>& gives_up) const {
    std::string why;
    std::string line;
    const auto other = connect(path_, why);
    if (!other) return false;
    other->set_patience(limits::loop_hangs);
    return other->send(R"({"do":"answer"})", why) && other->receive_line(line, why, gives_up);
}

bool control_client::is_late(std::string& why) {
    was_late_ = true;
    why = "the service" + process_of(socket_) +
          " took the request but doesn't answer in time: it hangs, or is stopped. Its watchdog restarts it; see "
          "'systemctl status tidegate'";
    return false;
}

bool control_client::send(std::string_view json_object, std::string& why) {
    std::string request(json_object);
    request += '\n';
    for (std::size_t sent = 0; sent < request.size();) {
        const auto done = ::send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0 && errno == EPIPE) return true;  // it hung up: perhaps it has said why, which is there to be read
        if (done < 0 && errno == EAGAIN) return is_late(why);
        if (done < 0) {
            why = std::string("the service went away: ") + std::strerror(errno);
            return false;
        }
        sent += static_cast<std::size_t>(done);
    }
    return true;
}

bool control_client::receive_line(std::string& line, std::string& why, const std::function<bool()>& gives_up) {
    for (;;) {
        if (const std::size_t end = input_.find('\n'); end != std::string::npos) {
            line = input_.substr(0, end);
            input_.erase(0, end + 1);
            return true;
        }
        char received[4096];
        const auto got = ::recv(socket_, received, sizeof received, 0);
        if (got < 0 && errno == EINTR && !(gives_up && gives_up())) continue;
        const bool silent = got < 0 && errno == EAGAIN;
        if (silent && while_it_lives_ && lives(gives_up)) continue;
        if ((got < 0 && errno == EINTR) || (silent && gives_up && gives_up())) {
            why = "interrupted";
            return false;
        }
        if (silent) return is_late(why);
        if (got <= 0) {
            why = "the service went away";
            return false;
        }
        input_.append(received, static_cast<std::size_t>(got));
    }
}

bool control_client::ask(std::string_view json_object, const std::function<bool(const std::string&)>& on_line, std::string& why,
                         const std::function<bool()>& gives_up) {
    if (!send(json_object, why)) return false;
    for (std::string line; receive_line(line, why, gives_up);) {
        if (is_last(line)) return is_success(line, why);
        if (on_line(line)) continue;
        ::close(std::exchange(socket_, -1));
        return true;
    }
    return false;
}

bool control_client::begin(std::string_view json_object, std::string& first_line, std::string& why) {
    if (!send(json_object, why) || !receive_line(first_line, why)) return false;
    if (!is_last(first_line)) return true;
    if (is_success(first_line, why)) why = "the service has no answer";
    return false;
}

void control_client::hang_up() { ::shutdown(socket_, SHUT_RDWR); }

}  // namespace gateway
