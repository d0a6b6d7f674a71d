// gateway/service/control_server.hpp: the socket on which the commands of the command line talk to the running service. Loop
// thread only. Not here: what is done about a request (app.cpp names the handlers), and the other end (control_client.hpp).
//
// A Unix stream socket; who may open it is a matter of its file (mode 0660) and folder. A request is one line, a JSON object of
// plain values (flat_json.hpp) with a text "do". Replies are lines of JSON, as many as the request has; the last has "end":true,
// after which the next request may come. A client that goes away ends its request.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/flat_json.hpp"

namespace boost::asio {
class io_context;
}

namespace gateway {

class control_server {
public:
    /// One request under way. Handlers keep it, and reply when they can, from the loop's thread.
    class exchange {
    public:
        virtual ~exchange() = default;
        /// A line, without its end. False: the client is gone, or reads so slowly that too much waits for it; nothing was sent.
        virtual bool reply(std::string_view json_object) = 0;
        /// The last line: `{"end":true,"ok":true}`, or with ok false and `error`.
        virtual void succeed() = 0;
        virtual void fail(std::string_view error) = 0;
        /// Called once if the client goes away before the end.
        virtual void on_gone(std::function<void()> call) = 0;
        /// The user id of the client's process (SO_PEERCRED).
        virtual unsigned peer_user() const = 0;
        /// Bytes that replies still wait with.
        virtual std::size_t waiting_bytes() const = 0;
    };
    using handler = std::function<void(const flat_object& request, std::shared_ptr<exchange> with)>;

    explicit control_server(boost::asio::io_context& loop);
    ~control_server();
    control_server(const control_server&) = delete;
    control_server& operator=(const control_server&) = delete;

    /// `name`: what "do" says.
    void on(std::string name, handler call);
    /// Listens at `path`, in the place of a socket that nobody serves any more. False, with `why`: it can't; the service goes on
    /// without.
    bool listen(const std::string& path, std::string& why);
    /// Closes it, and ends what is under way.
    void stop();

private:
    class connection;
    struct state;
    static void accept(state& of);
    std::unique_ptr<state> state_;
};

/// Where the service of this config has its socket: /run/tidegate/<gateway>.sock if systemd made that folder for it
/// (RUNTIME_DIRECTORY), else beside the queue file.
std::string control_path(const std::string& gateway_id, const std::string& queue_path);

}  // namespace gateway
