// config/read.cpp: text → tree → model, collecting what is wrong on the way.
#include "config/read.hpp"

#include "config/address.hpp"
#include "config/buses.hpp"
#include "config/check.hpp"
#include "config/publish.hpp"
#include "config/topic.hpp"
#include "config/tree.hpp"
#include "config/units.hpp"
#include "config/values.hpp"

namespace config {
namespace {

class file_reader {
public:
    file_reader(std::span<const vocabulary> vocabularies, findings& out)
        : vocabularies_(vocabularies), rules_(nullptr), out_(out) {}

    file read(const node& root);

private:
    void read_gateway(const value& from, file& to);
    void read_mqtt(const value& from, destination& to);
    void read_servers(const values& keys, const value& from, destination& to);
    void read_server(const node& url, destination& to);
    void read_login(const values& keys, destination& to);
    void read_buffer(const value& from, buffer& to);
    void read_buses(const values& top, file& to);

    std::span<const vocabulary> vocabularies_;
    const grammar rules_;
    findings& out_;
};

std::chrono::seconds to_seconds(const value& from) {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds(from.integer));
}

file file_reader::read(const node& root) {
    const auto top = read_map(root, section::file, rules_, out_, {{1, 1}}, "the file");
    file to;
    if (const auto* gateway = top.find("gateway")) read_gateway(*gateway, to);
    if (const auto* mqtt = top.find("mqtt")) read_mqtt(*mqtt, to.mqtt);
    if (const auto* buffer = top.find("buffer")) read_buffer(*buffer, to.buffer);
    if (to.mqtt.client_id.empty()) to.mqtt.client_id = to.gateway_id;
    read_buses(top, to);
    check_topics(to, out_);
    return to;
}

void file_reader::read_gateway(const value& from, file& to) {
    const auto keys = read_map(*from.source, section::gateway, rules_, out_, from.key_at, "'gateway'");
    const auto* id = keys.find("id");
    if (id == nullptr) return;
    if (const auto problem = name_problem(id->text)) return out_.error(id->at, "'id': " + *problem);
    to.gateway_id = id->text;
}

void file_reader::read_mqtt(const value& from, destination& to) {
    const auto keys = read_map(*from.source, section::mqtt, rules_, out_, from.key_at, "'mqtt'");
    to.where = from.key_at.where;
    if (const auto* version = keys.find("version"))
        to.version = version->text == "3.1.1" ? mqtt_version::v3_1_1 : mqtt_version::v5;
    if (const auto* id = keys.find("client_id")) to.client_id = id->text;
    if (const auto* keepalive = keys.find("keepalive")) to.keepalive = to_seconds(*keepalive);
    if (const auto* expiry = keys.find("session_expiry")) to.session_expiry = to_seconds(*expiry);
    if (const auto* policy = keys.find("on_session_loss"))
        to.on_session_loss = policy->text == "drop" ? session_loss::drop : session_loss::resend;
    read_servers(keys, from, to);
    read_login(keys, to);
}

void file_reader::read_servers(const values& keys, const value& from, destination& to) {
    const auto* one = keys.find("url");
    const auto* several = keys.find("urls");
    if (!keys.mentions("url") && !keys.mentions("urls"))
        out_.error(from.key_at, "'mqtt' has no 'url'; write the broker as 'url: mqtt://host:1883'");
    if (one != nullptr && several != nullptr)
        out_.error(several->key_at, "there is 'url' already; put it into 'urls', or remove one");
    if (one != nullptr) read_server(*one->source, to);
    if (several == nullptr) return;
    if (several->source->items.empty()) out_.error(several->key_at, "'urls' is empty; it needs at least one URL");
    for (const auto& url : several->source->items) read_server(url, to);
}

void file_reader::read_server(const node& url, destination& to) {
    if (url.kind == node_kind::unusable) return;
    if (url.kind != node_kind::scalar || url.null) return out_.error(url.at, "expected a URL such as 'mqtt://host:1883'");
    auto read = parse_url(url.text);
    if (!read.value) return out_.error(url.at, read.problem);
    to.servers.push_back(std::move(*read.value));
}

void file_reader::read_login(const values& keys, destination& to) {
    if (const auto* name = keys.find("username")) to.username = name->text;
    const auto* password = keys.find("password");
    if (password == nullptr) return;
    auto read = parse_secret(password->text);
    // At the key: the line that is shown with the message then isn't the secret's if that has one of its own.
    if (!read.value) return out_.error(password->key_at, "'password': " + read.problem);
    read.value->where = password->at.where;
    to.password = std::move(read.value);
    if (to.version == mqtt_version::v3_1_1 && !keys.mentions("username"))
        out_.error(password->key_at, "'password' needs a 'username' beside it in MQTT 3.1.1");
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
        to.policy = policy->text == "drop_newest" ? when_full::drop_newest : when_full::drop_oldest;
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
    bus_reader reader(defaults, vocabularies_, out_);
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

outcome read(std::string_view text, std::span<const vocabulary> vocabularies) {
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
    const auto root = parse_tree(lines, out);
    std::optional<file> read;
    if (root && is_whole_file(*root, out)) read = file_reader(vocabularies, out).read(*root);
    if (!out.any_error()) done.config = std::move(read);
    done.diagnostics = out.take();
    return done;
}

}  // namespace config
