// gateway/service/control_server.cpp: see control_server.hpp.
#include "gateway/service/control_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <list>
#include <tuple>
#include <utility>

#include "gateway/delivery/payload.hpp"
#include "gateway/limits.hpp"

namespace gateway {

using boost::asio::local::stream_protocol;

namespace {

/// Nobody's, if the kernel doesn't say.
unsigned user_of(stream_protocol::socket& client) {
    ucred who{};
    socklen_t size = sizeof who;
    const bool known = ::getsockopt(client.native_handle(), SOL_SOCKET, SO_PEERCRED, &who, &size) == 0;
    return known ? who.uid : static_cast<unsigned>(-1);
}

}  // namespace

struct control_server::state {
    explicit state(boost::asio::io_context& loop_of) : loop(loop_of), acceptor(loop_of), accept_again(loop_of) {}
    boost::asio::io_context& loop;
    stream_protocol::acceptor acceptor;
    boost::asio::steady_timer accept_again;
    std::map<std::string, handler> handlers;
    std::list<std::shared_ptr<connection>> connections;
    std::string path;
};

/// One client. It is read all the time, so that its going away is seen; requests are taken one after the other.
class control_server::connection final : public exchange, public std::enable_shared_from_this<connection> {
public:
    connection(stream_protocol::socket socket, control_server::state& server) : socket_(std::move(socket)), server_(&server) {}

    void read() {
        socket_.async_read_some(boost::asio::buffer(received_),
                                [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
                                    if (error || !self->server_) return self->close();
                                    self->input_.append(self->received_.data(), size);
                                    if (self->input_.size() > limits::control_request) return self->close();
                                    self->take_request();
                                    if (self->server_) self->read();
                                });
    }

    void close() {
        if (!server_) return;
        const auto self = shared_from_this();
        boost::system::error_code ignored;
        std::ignore = socket_.close(ignored);  // it ends either way
        auto& all = std::exchange(server_, nullptr)->connections;
        if (gone_) std::exchange(gone_, {})();
        all.remove(self);
    }

    bool reply(std::string_view json_object) override {
        if (!server_ || waiting_bytes() + json_object.size() > limits::control_waiting) return false;
        output_ += json_object;
        output_ += '\n';
        send();
        return true;
    }

    void succeed() override { end(R"({"end":true,"ok":true})"); }
    void fail(std::string_view error) override { end(R"({"end":true,"ok":false,"error":)" + json_text(error) + '}'); }
    void on_gone(std::function<void()> call) override { gone_ = std::move(call); }
    unsigned peer_user() const override { return user_; }
    std::size_t waiting_bytes() const override { return output_.size() + sending_.size(); }

private:
    void take_request() {
        const std::size_t end_of_line = input_.find('\n');
        if (busy_ || !server_ || end_of_line == std::string::npos) return;
        const auto request = read_flat_object(std::string_view(input_).substr(0, end_of_line), limits::control_members);
        input_.erase(0, end_of_line + 1);
        busy_ = true;
        const value* what = request ? request->find("do") : nullptr;
        const auto* name = what ? std::get_if<std::string>(what) : nullptr;
        if (!name) return fail("a request is a JSON object of plain values with a text \"do\"");
        const auto found = server_->handlers.find(*name);
        if (found == server_->handlers.end()) return fail("this service doesn't know '" + *name + "'");
        found->second(*request, shared_from_this());
    }

    void end(const std::string& line) {
        if (!server_ || !busy_) return;
        gone_ = {};
        busy_ = false;
        output_ += line;  // beyond the bound, if need be: it is short, and the last
        output_ += '\n';
        send();
        // The next request, if it is here already; not from within the handler of this one.
        boost::asio::post(server_->loop, [self = shared_from_this()] { self->take_request(); });
    }

    void send() {
        if (!sending_.empty() || output_.empty()) return;
        sending_.swap(output_);
        boost::asio::async_write(socket_, boost::asio::buffer(sending_),
                                 [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                                     if (error || !self->server_) return self->close();
                                     self->sending_.clear();
                                     self->send();
                                 });
    }

    stream_protocol::socket socket_;
    control_server::state* server_;  // null: closed
    std::array<char, 1024> received_{};
    std::string input_;
    std::string output_;   // waits
    std::string sending_;  // is being written
    bool busy_ = false;
    std::function<void()> gone_;
    const unsigned user_ = user_of(socket_);
};

control_server::control_server(boost::asio::io_context& loop) : state_(std::make_unique<state>(loop)) {}

control_server::~control_server() { stop(); }

void control_server::on(std::string name, handler call) { state_->handlers[std::move(name)] = std::move(call); }

bool control_server::listen(const std::string& path, std::string& why) {
    boost::system::error_code error;
    const auto failed = [&](const char* what) {
        why = std::string(what) + ' ' + path + ": " + error.message();
        return false;
    };
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        why = path + ": longer than the " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
              " bytes that a socket's path may have";
        return false;
    }
    const stream_protocol::endpoint where(path);
    stream_protocol::socket asked(state_->loop);
    std::ignore = asked.connect(where, error);  // its error is what we look at
    if (!error) {
        why = path + ": another process serves it";
        return false;
    }
    if (error == boost::asio::error::connection_refused) ::unlink(path.c_str());  // of a process that died
    auto& acceptor = state_->acceptor;
    std::ignore = acceptor.open(where.protocol(), error);
    if (error) return failed("can't make");
    const mode_t before = ::umask(0117);
    std::ignore = acceptor.bind(where, error);
    ::umask(before);
    if (error) {
        const auto reason = error;
        std::ignore = acceptor.close(error);  // bind's error is what counts
        error = reason;
        return failed("can't listen at");
    }
    state_->path = path;
    std::ignore = acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
    if (error) return failed("can't listen at");
    accept(*state_);
    return true;
}

void control_server::accept(state& of) {
    of.acceptor.async_accept([&of](const boost::system::error_code& error, stream_protocol::socket client) {
        if (error == boost::asio::error::operation_aborted) return;
        if (error) {
            // Out of files, perhaps: others may end in a while.
            of.accept_again.expires_after(std::chrono::seconds(1));
            return of.accept_again.async_wait([&of](const boost::system::error_code& stopped) {
                if (!stopped) accept(of);
            });
        }
        if (of.connections.size() < limits::control_connections) {
            auto made = std::make_shared<connection>(std::move(client), of);
            of.connections.push_back(made);
            made->read();
        } else {
            constexpr std::string_view full =
                R"({"end":true,"ok":false,"error":"too many commands talk to the service already; try again when one has ended"})"
                "\n";
            // There is room for so little in a socket that is new.
            std::ignore = ::send(client.native_handle(), full.data(), full.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        }
        accept(of);
    });
}

void control_server::stop() {
    boost::system::error_code ignored;
    std::ignore = state_->acceptor.close(ignored);  // it ends either way
    state_->accept_again.cancel();
    while (!state_->connections.empty()) {
        const auto first = state_->connections.front();
        first->close();
    }
    if (!state_->path.empty()) ::unlink(state_->path.c_str());
    state_->path.clear();
}

std::string control_path(const std::string& gateway_id, const std::string& queue_path) {
    const char* made = std::getenv("RUNTIME_DIRECTORY");
    if (made && *made != '\0') return std::string(made) + '/' + gateway_id + ".sock";
    return queue_path + ".sock";
}

}  // namespace gateway
