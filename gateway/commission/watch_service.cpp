// gateway/commission/watch_service.cpp: the values of the running service, over its control socket: no load on the bus.
#include <algorithm>

#include "gateway/commission/watch_source.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/flat_json.hpp"
#include "gateway/limits.hpp"
#include "gateway/service/control_client.hpp"
#include "gateway/site.hpp"

namespace gateway {
namespace {

constexpr std::size_t most_members = 16;

std::string text_in(const flat_object& from, std::string_view name) {
    const auto* found = from.find(name);
    const auto* text = found == nullptr ? nullptr : std::get_if<std::string>(found);
    return text == nullptr ? "" : *text;
}

std::int64_t number_in(const flat_object& from, std::string_view name, std::int64_t otherwise) {
    const auto* found = from.find(name);
    if (found == nullptr) return otherwise;
    if (const auto* number = std::get_if<std::int64_t>(found)) return *number;
    const auto* natural = std::get_if<std::uint64_t>(found);
    return natural == nullptr ? otherwise : static_cast<std::int64_t>(*natural);
}

/// False: not a line of this program's service.
bool take_line(const std::string& line, std::vector<watch_device>& to) {
    const auto read = read_flat_object(line, most_members);
    if (!read) return false;
    if (read->find("device") != nullptr) {
        auto& device = to.emplace_back();
        device.name = text_in(*read, "device");
        device.state = text_in(*read, "state");
        device.problem = text_in(*read, "error");
        device.request_ms = number_in(*read, "request_ms", -1);
        device.errors = static_cast<std::uint64_t>(number_in(*read, "errors", 0));
        return true;
    }
    if (read->find("point") == nullptr || to.empty()) return false;
    auto& point = to.back().points.emplace_back();
    point.name = text_in(*read, "point");
    point.unit = text_in(*read, "unit");
    point.readings = static_cast<std::uint64_t>(number_in(*read, "readings", 0));
    point.age_ms = number_in(*read, "age_ms", 0);
    if (const auto* value = read->find("value")) append_json(point.json, *value);
    return true;
}

class service_source final : public watch_source {
public:
    service_source(std::unique_ptr<control_client> client, std::string gateway, std::vector<std::string> devices)
        : client_(std::move(client)), gateway_(std::move(gateway)), devices_(std::move(devices)) {}

    std::string title() const override { return "from the service of gateway '" + gateway_ + "'"; }

    bool refresh(std::vector<watch_device>& to, std::string& why) override {
        to.clear();
        bool good = true;
        const auto take = [&](const std::string& line) { return good = take_line(line, to); };
        if (devices_.empty()) return client_->ask(R"({"do":"live"})", take, why) && is_good(good, why);
        for (const auto& each : devices_) {
            std::string request = R"({"do":"live","device":)";
            append_json_string(request, each);
            if (!client_->ask(request + '}', take, why) || !is_good(good, why)) return false;
        }
        return true;
    }

private:
    static bool is_good(bool good, std::string& why) {
        if (!good) why = "the service answers in a way that isn't known here; is it of another version?";
        return good;
    }

    std::unique_ptr<control_client> client_;
    std::string gateway_;
    std::vector<std::string> devices_;
};

}  // namespace

std::unique_ptr<watch_source> watch_service(const watch_options& how, std::string& why) {
    const auto site = load_site(how.config_path, why);
    if (!site) return nullptr;
    if (!site->config) {
        print_diagnostics(*site);
        why = "correct " + how.config_path + " first";
        return nullptr;
    }
    auto client = control_client::connect(*site->config, why);
    if (!client) return nullptr;
    client->set_patience(limits::control_answer);
    return std::make_unique<service_source>(std::move(client), site->config->gateway_id, how.what);
}

}  // namespace gateway
