// gateway/command/reload_command.cpp: see reload_command.hpp.
#include "gateway/command/reload_command.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "config/model.hpp"
#include "config/read.hpp"
#include "config/tree.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/flat_json.hpp"
#include "gateway/service/control_client.hpp"
#include "gateway/site.hpp"
#include "gateway/text_file.hpp"

namespace gateway {
namespace {

const config::node* member(const config::node* of, std::string_view key) {
    if (!of || of->kind != config::node_kind::map) return nullptr;
    const auto found = std::find_if(of->entries.begin(), of->entries.end(), [&](const auto& each) { return each.key == key; });
    return found == of->entries.end() ? nullptr : &found->value;
}

std::optional<std::string> text_of(const config::node* of) {
    if (!of || of->kind != config::node_kind::scalar) return std::nullopt;
    return of->text;
}

/// Nobody to ask: what is wrong with the file is said all the same.
int check_alone(const std::string& path) {
    std::string why;
    const auto found = load_site(path, why);
    if (!found) std::fprintf(stderr, "error: %s\n", why.c_str());
    if (found) print_diagnostics(*found);
    return 1;
}

bool show(const std::string& line) {
    const auto said = read_flat_object(line, 4);
    const value* text = said ? said->find("text") : nullptr;
    if (text)
        if (const auto* words = std::get_if<std::string>(text)) std::fputs(words->c_str(), stdout);
    return true;
}

}  // namespace

std::optional<service_of_config> service_of(std::string_view text) {
    const config::source source(text);
    config::findings ignored(source);  // the service says what is wrong
    const auto tree = config::parse_tree(source, ignored);
    if (!tree) return std::nullopt;
    const auto id = text_of(member(member(&*tree, "gateway"), "id"));
    if (!id) return std::nullopt;
    return service_of_config{*id, text_of(member(member(&*tree, "buffer"), "path")).value_or(config::buffer().path)};
}

int reload_command(const reload_options& how) {
    std::string text;
    std::string why;
    if (!read_text(how.config_path, config::largest_file, text, why)) {
        std::fprintf(stderr, "error: %s\n", why.c_str());
        return 1;
    }
    const auto whose = service_of(text);
    if (!whose) return check_alone(how.config_path);
    config::file asked;
    asked.gateway_id = whose->gateway_id;
    asked.buffer.path = whose->queue_path;
    const auto client = control_client::connect(asked, why);
    if (!client) {
        std::fprintf(
            stderr, "error: %s\n",
            why.empty()
                ? ("no service runs for gateway '" + whose->gateway_id +
                   "': it reads the file when it is started, and tidegate check says what is wrong with it; one that runs "
                   "with the gateway.id or buffer.path that the file had before must be restarted")
                      .c_str()
                : why.c_str());
        return 1;
    }
    std::error_code unknown;  // then the path goes as it was typed
    const auto path = std::filesystem::canonical(how.config_path, unknown);
    std::string request = R"({"do":"reload","file":)";
    append_json(request, value{unknown ? how.config_path : path.string()});
    client->wait_while_it_lives();
    if (client->ask(request + '}', show, why)) return 0;
    std::fflush(stdout);
    std::fprintf(stderr, "error: %s\n", why.c_str());
    return 1;
}

}  // namespace gateway
