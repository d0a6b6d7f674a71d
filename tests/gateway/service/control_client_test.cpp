// tests/gateway/service/control_client_test.cpp: how long a command waits for the service: as long as it lives, and not for one
// that hangs.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <thread>
#include <vector>

#include "gateway/service/control_client.hpp"
#include "gateway/service/control_server.hpp"

using namespace gateway;
using namespace std::chrono_literals;

namespace {

struct folder {
    folder() {
        std::string name = "/tmp/tidegate-control-XXXXXX";
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~folder() { std::filesystem::remove_all(path); }
    std::string socket() const { return path + "/service.sock"; }
    std::string path;
};

bool nothing(const std::string&) { return true; }

}  // namespace

TEST_CASE("control_client: an answer that takes long is waited for while the service answers others", "[gateway][service]") {
    const folder at;
    boost::asio::io_context loop{1};
    control_server server(loop);
    std::shared_ptr<control_server::exchange> slow;
    int signs = 0;
    server.on("slow", [&](const flat_object&, const auto& from) { slow = from; });
    server.on("answer", [&](const flat_object&, const auto& from) {  // a question that each service answers, known or not
        from->fail("what?");
        if (++signs == 3) slow->succeed();
    });
    std::string why;
    REQUIRE(server.listen(at.socket(), why));
    const auto work = boost::asio::make_work_guard(loop);
    std::thread running([&] { loop.run(); });
    const auto client = control_client::connect(at.socket(), why);
    REQUIRE(client);
    client->wait_while_it_lives(1ms);
    CHECK(client->ask(R"({"do":"slow"})", nothing, why));
    CHECK_FALSE(client->was_late());
    loop.stop();
    running.join();
    CHECK(signs >= 3);
}

TEST_CASE("control_client: a service that takes a request and says nothing is given up", "[gateway][service]") {
    const folder at;
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::strcpy(where.sun_path, at.socket().c_str());
    const int hung = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);  // it listens, and that is all
    REQUIRE(::bind(hung, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
    REQUIRE(::listen(hung, 4) == 0);
    std::string why;
    const auto client = control_client::connect(at.socket(), why);
    REQUIRE(client);
    client->set_patience(1ms);
    CHECK_FALSE(client->ask(R"({"do":"status"})", nothing, why));
    CHECK(client->was_late());
    CHECK(why.find("the service (process " + std::to_string(::getpid()) + ") took the request but doesn't answer in time") == 0);
    // Nor is a request that it doesn't even read.
    CHECK_FALSE(client->ask(std::string(8u << 20, ' '), nothing, why));
    CHECK(why.find("doesn't answer in time") != std::string::npos);
    ::close(hung);
}
