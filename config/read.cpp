// config/read.cpp: text → tree → model, collecting what is wrong on the way.
#include "config/read.hpp"

#include "config/buses.hpp"
#include "config/check.hpp"
#include "config/destination.hpp"
#include "config/http.hpp"
#include "config/publish.hpp"
#include "config/topic.hpp"
#include "config/tree.hpp"
#include "config/units.hpp"
#include "config/values.hpp"
#include "config/write.hpp"

namespace config {
namespace {

class file_reader {
public:
    file_reader(std::span<const vocabulary> vocabularies, template_reader& templates, findings& out)
        : vocabularies_(vocabularies), templates_(templates), rules_(nullptr), out_(out) {}

    file read(const node& root);

private:
    void read_gateway(const value& from, file& to);
    void read_buffer(const value& from, buffer& to);
    void read_buses(const values& top, file& to);

    std::span<const vocabulary> vocabularies_;
    template_reader& templates_;
    const grammar rules_;
    findings& out_;
};

file file_reader::read(const node& root) {
    const auto top = read_map(root, section::file, rules_, out_, {{1, 1}}, "the file");
    file to;
    if (const auto* gateway = top.find("gateway")) read_gateway(*gateway, to);
    if (const auto* mqtt = top.find("mqtt")) to.mqtt = read_destination(*mqtt, rules_, out_);
    if (const auto* buffer = top.find("buffer")) read_buffer(*buffer, to.buffer);
    if (const auto* http = top.find("http")) to.http = read_http(*http, rules_, out_);
    if (to.mqtt.client_id.empty()) to.mqtt.client_id = to.gateway_id;
    read_buses(top, to);
    check_topics(to, out_);
    check_ways(to, out_);
    check_idempotency_keys(to, out_);
    check_durability(to, out_);
    check_writes(to, out_);
    check_http(to, out_);
    return to;
}

void file_reader::read_gateway(const value& from, file& to) {
    const auto keys = read_map(*from.source, section::gateway, rules_, out_, from.key_at, "'gateway'");
    if (const auto* clock = keys.find("clock"))
        to.clock = clock->text == "trusted" ? clock_trust::trusted : clock_trust::automatic;
    if (const auto* writes = keys.find("writes")) to.writes = writes->text == "enabled";
    if (const auto* timeout = keys.find("command_timeout"))
        to.command_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(timeout->integer));
    const auto* id = keys.find("id");
    if (id == nullptr) return;
    if (const auto problem = name_problem(id->text)) return out_.error(id->at, "'id': " + *problem);
    to.gateway_id = id->text;
}

void file_reader::read_buffer(const value& from, buffer& to) {
    const auto keys = read_map(*from.source, section::buffer, rules_, out_, from.key_at, "'buffer'");
    to.where = from.key_at.where;
    if (const auto* path = keys.find("path")) {
        to.path = path->text;
        if (to.path.ends_with('/'))
            out_.error(path->at, "'path': " + quoted(to.path) + " is a directory; add the file's name, such as 'queue.db'");
    }
    if (const auto* size = keys.find("max_bytes")) to.max_bytes = static_cast<std::uint64_t>(size->integer);
    if (const auto* policy = keys.find("when_full"))
        to.policy = policy->text == "drop_newest" ? when_full::drop_newest
                    : policy->text == "thin"      ? when_full::thin
                                                  : when_full::drop_oldest;
    if (const auto* age = keys.find("max_age"))
        to.max_age = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(age->integer));
    if (const auto* durable = keys.find("durability"))
        to.durability = durable->text == "on_outage" ? durability::on_outage : durability::always;
    if (const auto* every = keys.find("commit_every"))
        to.commit_every = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(every->integer));
}

void file_reader::read_buses(const values& top, file& to) {
    publish_rules defaults;
    values publish;
    if (const auto* own = top.find("publish")) {
        publish = read_map(*own->source, section::publish, rules_, out_, own->key_at, "'publish'");
        apply_publish(publish, defaults, out_);
    }
    bus_reader reader(defaults, vocabularies_, templates_, out_);
    if (const auto* buses = top.find("buses")) {
        if (buses->source->entries.empty() && !buses->source->incomplete)
            out_.error(buses->key_at, "'buses' is empty; at least one is needed");
        to.buses = reader.read(*buses->source);
    }
    warn_of_unused(publish, reader.any_on_change(), out_);
}

bool is_whole_file(const node& root, findings& out) {
    if (root.kind == node_kind::map) return true;
    if (root.kind == node_kind::unusable) return false;
    const std::string found = root.kind == node_kind::list ? "a list" : root.null ? "nothing" : quoted(root.text);
    out.error({root.at.where}, "expected the keys 'gateway', 'mqtt' and 'buses', found " + found);
    return false;
}

}  // namespace

outcome read(std::string_view text, std::span<const vocabulary> vocabularies, const template_library* templates) {
    outcome done;
    if (text.size() > largest_file) {
        done.diagnostics.push_back(
            {severity::error,
             {1, 1},
             1,
             "the file is " + std::to_string(text.size()) + " bytes long; at most " + show_size(largest_file)});
        return done;
    }
    const source lines(text);
    findings out(lines);
    template_reader from_templates(templates, out);
    const auto root = parse_tree(lines, out);
    std::optional<file> read;
    if (root && is_whole_file(*root, out)) read = file_reader(vocabularies, from_templates, out).read(*root);
    if (!out.any_error()) done.config = std::move(read);
    done.diagnostics = out.take();
    done.templates = from_templates.take();
    return done;
}

outcome read_template(const std::string& name, std::span<const vocabulary> vocabularies, const template_library& templates) {
    outcome done;
    const source lines(name);
    findings out(lines);
    template_reader from_templates(&templates, out);
    const place at{{1, 1}, count_characters(name)};
    out.set_use(at.where);
    const auto& found = from_templates.read(name, at);
    if (found.good) {
        file read;
        const publish_rules defaults;
        bus_reader reader(defaults, vocabularies, from_templates, out);
        read.buses.push_back(reader.read_alone(name, found, at));
        if (!out.any_error()) done.config = std::move(read);
    }
    done.diagnostics = out.take();
    done.templates = from_templates.take();
    return done;
}

}  // namespace config
