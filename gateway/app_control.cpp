// gateway/app_control.cpp: what the commands of the command line may ask of the running service, over its control socket.
// Not here: who may ask (control_server.hpp), and what visitors on a bus may do (visits.hpp).
#include "gateway/app_parts.hpp"
#include "gateway/service/live_answer.hpp"
#include "gateway/service/status_reply.hpp"

namespace gateway {

void app::open_control() {
    control_.on("reload", [this](const flat_object& asked, auto from) {
        const value* file = asked.find("file");
        const auto* path = file ? std::get_if<std::string>(file) : nullptr;
        if (path && !reload_.is_of(*path)) return from->fail("the service runs with " + reload_.path() + ", not with " + *path);
        request_reload(std::move(from));
    });
    control_.on("trace", [this](const flat_object& request, auto with) { traces_.begin(request, with); });
    visits_.serve_on(control_);
    control_.on("live",
                [this](const flat_object& request, const auto& with) { answer_live(*live_, request, *with, steady_now()); });
    control_.on("purge", [this](const flat_object&, auto with) {
        purge_.begin(std::move(with));
        store_->purge();
    });
    control_.on("status", [this](const flat_object& request, const auto& with) {
        look_at_oldest();
        answer_status(*live_, request, *with);
    });
    std::string why;
    if (!control_.listen(control_path(config_.gateway_id, config_.buffer.path), why))
        log_.warning("no_control_socket", {{"reason", why}, {"effect", "commands can't ask this service"}});
}

visits::paths app::paths_of_visits() {
    return {[this](std::size_t bus, std::unique_ptr<adapter_bus> visitor) { buses_.at(bus).welcome(std::move(visitor)); },
            [this](std::size_t bus, visit_order order) { buses_.at(bus).visit(std::move(order)); },
            [this](std::size_t bus) { buses_.at(bus).see_off(); },
            [this](std::string entry) {
                save_request request;
                request.audit.push_back(std::move(entry));
                request.barrier = true;
                store_->save(std::move(request));
            },
            [] { return stamp_now(); }};
}

}  // namespace gateway
