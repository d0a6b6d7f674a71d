// examples/publish_once.cpp: one message with QoS 1, and the end once the broker has it: publish_once mqtt://HOST TOPIC TEXT
// Not here: anything that outlives the process (publish_durable.cpp).
#include <boost/asio/io_context.hpp>
#include <cstdio>

#include "mqtt/client.hpp"

int main(int argc, char** argv) {
    const auto server = mqtt::parse_endpoint(argc == 4 ? argv[1] : "");
    if (!server) return std::fprintf(stderr, "publish_once URL TOPIC TEXT: %s\n", server.error().what().c_str()), 2;

    mqtt::options how;
    how.keeping = mqtt::keeping::in_memory;
    mqtt::session session(how, {}, 1);
    boost::asio::io_context loop;

    const auto on_effect = [](const mqtt::effect& what) {
        if (const auto* off = std::get_if<mqtt::offline>(&what)) std::fprintf(stderr, "%s\n", off->reason.c_str());
    };
    mqtt::client* carrier = nullptr;
    const auto on_ready = [&] {  // the session takes messages; asked again after each acknowledgement
        if (session.next() == mqtt::sequence{1})
            session.publish(mqtt::sequence{1}, {.topic = argv[2], .payload = argv[3]}, std::chrono::steady_clock::now());
        else if (session.finished() == mqtt::sequence{1})
            carrier->stop(std::chrono::seconds{1}, [] {});  // without more to do, the loop ends by itself
    };
    mqtt::client client(loop, {{.endpoint = *server}}, session, on_effect, on_ready);
    carrier = &client;
    client.start();
    loop.run();
}
