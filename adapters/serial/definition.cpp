// adapters/serial/definition.cpp: reads a bus's wire and its devices, and reports every fault in them.
// Not here: framing (definition_frame.cpp), points (definition_point.cpp).
#include "adapters/serial/definition.hpp"

#include <algorithm>
#include <charconv>

namespace serial {
namespace {

using tidegate::faults;
using tidegate::settings;

std::string text_of(const settings& written, std::string_view path) {
    const auto* setting = written.find(path);
    return setting ? setting->text : "";
}

std::int64_t integer_of(const settings& written, std::string_view path, std::int64_t otherwise) {
    const auto* setting = written.find(path);
    return setting ? setting->integer : otherwise;
}

/// An entry that begins with + goes on with the one before: a value of the config file ends on its line.
std::vector<std::string> list_of(const settings& written, std::string_view path) {
    std::vector<std::string> list;
    for (const auto& setting : written.all()) {
        if (path != setting.path) continue;
        const std::string_view text = setting.text;
        if (text.starts_with("+ ") && !list.empty())
            list.back().append(text.substr(1));
        else
            list.emplace_back(text);
    }
    return list;
}

// ---- The wire --------------------------------------------------------------------------------------------------------

port_settings read_port(const settings& written, faults& to) {
    port_settings made;
    made.port = text_of(written, "serial.port");
    if (made.port.empty()) to.bus("serial", "serial needs its port, such as /dev/ttyUSB0");
    if (const auto* baud = written.find("serial.baud")) {
        const std::string_view text = baud->text;  // one of the key's choices
        std::from_chars(text.data(), text.data() + text.size(), made.line.baud);
    }
    const std::string parity = text_of(written, "serial.parity");
    made.line.parity = parity == "even" ? 'E' : parity == "odd" ? 'O' : 'N';
    made.line.data_bits = static_cast<std::uint8_t>(integer_of(written, "serial.data_bits", 8));
    made.line.stop_bits = static_cast<std::uint8_t>(integer_of(written, "serial.stop_bits", 1));
    return made;
}

wire_settings read_wire(const settings& written, faults& to) {
    const bool serial = written.has_map("serial"), tcp = written.has_map("tcp");
    if (serial && tcp) to.bus("tcp", "a bus has either serial or tcp, not both: make it two buses");
    if (serial) return read_port(written, to);
    if (!tcp) {
        to.bus("", "a serial bus needs serial: { port: /dev/ttyUSB0 } or tcp: { host: 10.0.0.5, port: 5025 }");
        return port_settings{};
    }
    tcp_settings made{text_of(written, "tcp.host"), static_cast<std::uint16_t>(integer_of(written, "tcp.port", 0))};
    if (made.host.empty()) to.bus("tcp", "tcp needs its host, a name or an address such as 10.0.0.5");
    if (made.port == 0) to.bus("tcp", "tcp needs its port: 5025 of SCPI instruments, 4001, 8899 or 26 of serial servers");
    return made;
}

// ---- Devices ---------------------------------------------------------------------------------------------------------

std::vector<message> read_messages(const settings& written, std::size_t index, faults& to) {
    std::vector<message> all;
    for (const std::string& line : list_of(written, "messages")) {
        std::string fault;
        message one = parse_message(line, fault);
        if (!fault.empty())
            to.device(index, "messages", fault);
        else if (std::any_of(all.begin(), all.end(), [&](const message& other) { return other.name == one.name; }))
            to.device(index, "messages", "two messages are called " + one.name);
        all.push_back(std::move(one));
    }
    if (all.empty()) all.emplace_back();  // whatever comes
    return all;
}

std::vector<step> read_steps(const settings& written, const char* path, std::size_t index, faults& to) {
    std::vector<step> all;
    for (const std::string& line : list_of(written, path)) {
        std::string fault;
        all.push_back(parse_step(line, fault));
        if (!fault.empty()) to.device(index, path, fault);
    }
    if (all.size() > most_steps_of_a_script)
        to.device(index, path, "a script has at most " + std::to_string(most_steps_of_a_script) + " steps");
    return all;
}

/// The names in what is sent, and what they may be: the address, and what a step before has kept.
void check_names(const byte_pattern& bytes, const device& of, const std::vector<std::string>& kept, const char* path,
                 std::size_t index, faults& to) {
    for (const byte_piece& piece : bytes) {
        if (piece.is == byte_piece::kind::moving) to.device(index, path, "only a sample has moving numbers");
        if (piece.is == byte_piece::kind::check && of.frames.check.kind == check_kind::none)
            to.device(index, path, "{check} needs check.type");
        if (piece.is != byte_piece::kind::name || std::find(kept.begin(), kept.end(), piece.text) != kept.end()) continue;
        if (piece.text != "address")
            to.device(index, path, "nothing is kept as \"" + piece.text + "\" before it is used: expect line as " + piece.text);
        else if (!of.address)
            to.device(index, path, "{address} needs the device's address: key");
    }
}

void check_steps(const std::vector<step>& steps, const device& of, const char* path, bool over_tcp, std::size_t index,
                 faults& to) {
    std::vector<std::string> kept;
    for (const step& one : steps) {
        check_names(one.bytes, of, kept, path, index, to);
        const bool known = std::find(kept.begin(), kept.end(), one.name) != kept.end();
        if (one.is == step::kind::baud_from && !known)
            to.device(index, path, "nothing is kept as \"" + one.name + "\" before it is used: expect line as " + one.name);
        if ((one.is == step::kind::baud_from || one.is == step::kind::baud) && over_tcp)
            to.device(index, path,
                      "a speed can't be changed over TCP: set the serial server to the speed, and leave the step out");
        if (one.is == step::kind::expect_line && !one.name.empty()) kept.push_back(one.name);
    }
}

void check_mode(const device& of, std::size_t index, faults& to) {
    if (of.mode != device_mode::script && !of.script.empty()) to.device(index, "script", "script needs mode: script");
    for (const message& one : of.messages) {
        const std::string name = one.name.empty() ? "a message" : "message " + one.name;
        if (of.mode == device_mode::poll && one.send.empty())
            to.device(index, "messages", name + " needs send \"…\": in mode poll it has to be asked for");
        if (of.mode != device_mode::poll && !one.send.empty())
            to.device(index, "messages", name + " has send, which needs mode: poll");
        check_names(one.send, of, {}, "messages", index, to);
    }
    const bool framed =
        std::any_of(of.script.begin(), of.script.end(), [](const step& one) { return one.is == step::kind::expect_frame; });
    if (of.mode == device_mode::script && !framed)
        to.device(index, "", "mode script needs script: with the steps of the dialogue, among them expect frame");
    const bool framed_at_opening =
        std::any_of(of.on_open.begin(), of.on_open.end(), [](const step& one) { return one.is == step::kind::expect_frame; });
    if (framed_at_opening) to.device(index, "on_open", "expect frame has no place here: use expect line or expect \"…\"");
    if (of.silent_ok && of.mode != device_mode::listen) to.device(index, "silent_ok", "silent_ok needs mode: listen");
}

/// What comes while one device is waited for would be lost to the other.
void check_company(const bus_definition& bus, faults& to) {
    if (bus.devices.size() < 2) return;
    for (std::size_t i = 0; i < bus.devices.size(); ++i)
        if (bus.devices[i].mode == device_mode::listen)
            to.device(i, "mode",
                      "a device that sends by itself has its bus to itself; several kinds of message are messages: of one");
}

}  // namespace

device read_device(const tidegate_device_config& config, std::size_t index, faults& to) {
    using namespace std::chrono_literals;
    const settings written(config.settings, config.setting_count);
    device made;
    made.name = config.name;
    const std::string mode = text_of(written, "mode");
    made.mode = mode == "poll" ? device_mode::poll : mode == "script" ? device_mode::script : device_mode::listen;
    const nanoseconds usual = made.mode == device_mode::listen ? nanoseconds(10s) : nanoseconds(1s);
    made.timeout = nanoseconds(integer_of(written, "timeout", usual.count()));
    made.silent_ok = integer_of(written, "silent_ok", 0) != 0;
    made.echo = integer_of(written, "echo", 0) != 0;
    made.spacing = nanoseconds(integer_of(written, "spacing", 0));
    made.sample_every = nanoseconds(integer_of(written, "sample_every", nanoseconds(1s).count()));
    if (const auto* address = written.find("address")) made.address = address->text;
    if (const auto* separator = written.find("separator")) {
        std::string fault;
        made.separator = parse_plain_bytes(separator->text, fault);
        if (!fault.empty()) to.device(index, "separator", fault);
    }
    made.frames = read_framing(written, index, to);
    made.messages = read_messages(written, index, to);
    made.script = read_steps(written, "script", index, to);
    made.on_open = read_steps(written, "on_open", index, to);
    return made;
}

bus_definition read_definition(const tidegate_bus_config& config, faults& to) {
    bus_definition made;
    made.wire = read_wire(settings(config.settings, config.setting_count), to);
    made.points.resize(config.point_count);
    const bool over_tcp = std::holds_alternative<tcp_settings>(made.wire);
    for (std::size_t i = 0; i < config.device_count; ++i) {
        const auto& from = config.devices[i];
        made.devices.push_back(read_device(from, i, to));
        const device& owner = made.devices.back();
        check_mode(owner, i, to);
        check_steps(owner.script, owner, "script", over_tcp, i, to);
        check_steps(owner.on_open, owner, "on_open", over_tcp, i, to);
        for (std::size_t p = from.first_point; p < from.first_point + from.point_count; ++p) {
            made.points[p] = read_point(config.points[p], p, owner, to);
            made.points[p].device = i;
        }
    }
    check_company(made, to);
    if (to.count() == 0) try_samples(made, to);
    return made;
}

bool matches(const message& which, const frame& what, const std::string& separator) {
    const std::string_view bytes = what.bytes;
    if (bytes.size() < which.prefix.size()) return false;
    for (std::size_t i = 0; i < which.prefix.size(); ++i)
        if (which.prefix[i] != '?' && which.prefix[i] != bytes[i]) return false;
    if (which.byte &&
        (which.byte->first >= bytes.size() || static_cast<std::uint8_t>(bytes[which.byte->first]) != which.byte->second)) {
        return false;
    }
    if (which.field) {
        const auto found = nth_field(what.text(), separator, which.field->first);
        if (!found || trimmed(*found) != which.field->second) return false;
    }
    return !which.pattern || which.pattern->search(what.text());
}

int message_of(const device& from, const frame& what) {
    for (std::size_t i = 0; i < from.messages.size(); ++i)
        if (matches(from.messages[i], what, from.separator)) return static_cast<int>(i);
    return -1;
}

std::string sample_of(const device& from, const message& which, std::uint64_t step) {
    const auto named = [&](const std::string& name) { return name == "address" ? from.address.value_or("") : std::string(); };
    return filled(which.sample, {named, &from.frames.check, step});
}

namespace {

/// The sample as it would be received. Nothing: a fault was reported.
std::optional<frame> received_sample(const device& of, const message& one, std::size_t index, faults& to) {
    const std::string name = "the sample of message " + one.name;
    std::string sample = sample_of(of, one, 0);
    for (char& byte : sample) byte = with_parity(byte, of.frames.eighth);
    assembler frames(of.frames);
    frames.feed(sample, time_point(nanoseconds(1)));
    auto found = frames.next(time_point(of.frames.gap + nanoseconds(1)));
    if (!found) {
        const std::string why = frames.take_damage();
        to.device(index, "messages",
                  name + " isn't a whole message: " + (why.empty() ? "it doesn't begin or end as frame says" : why));
        return std::nullopt;
    }
    const bool taken = of.mode == device_mode::poll
                           ? matches(one, *found, of.separator)
                           : &of.messages[static_cast<std::size_t>(std::max(message_of(of, *found), 0))] == &one;
    if (taken && matches(one, *found, of.separator)) return found;
    to.device(index, "messages", name + " isn't taken for that message");
    return std::nullopt;
}

}  // namespace

void try_samples(const bus_definition& bus, faults& to) {
    std::vector<std::vector<std::optional<frame>>> samples(bus.devices.size());
    for (std::size_t i = 0; i < bus.devices.size(); ++i)
        for (const message& one : bus.devices[i].messages)
            samples[i].push_back(one.sample.empty() ? std::nullopt : received_sample(bus.devices[i], one, i, to));
    for (std::size_t i = 0; i < bus.points.size(); ++i) {
        const point& which = bus.points[i];
        const auto& sample = samples[which.device][which.message];
        const std::string why = sample ? decode(which.how, *sample).failure : "";
        const std::string& name = bus.devices[which.device].messages[which.message].name;
        if (!why.empty()) to.point(i, "", "doesn't fit the sample of message " + name + ": " + why);
    }
}

}  // namespace serial
