// tests/conformance/vectors_main.cpp: the test data of npm's mqtt-packet (JSON by vectors.mjs) against our codec: what it parses
// we decode to the same, what it generates we encode, what it refuses we refuse. Where we differ on purpose the reason is here.
// Not here: tests of our own.
// usage: mqtt_vectors VECTORS.json      Exit 0 only if every case is as expected and every difference is still one.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "tests/conformance/codec_checks.hpp"
#include "tests/conformance/vectors_packet.hpp"

using namespace mqtt;
using namespace mqtt::test;

namespace {

/// What mqtt-packet parses and we refuse: its name there, and why.
const std::map<std::string_view, const char*> refused_on_purpose{
    {"connect MQTT bridge 131", "3.1 with the bridges' bit is no version of the standard"},
    {"connect MQTT bridge 132", "3.1.1 with the bridges' bit is no version of the standard"},
    {"Version 4 CONACK in Version 5 mode", "the codec has one version; the session tries the other one"},
    {"Version 5 CONNACK test 1", "a CONNACK without a reason code; 3.2.2 doesn't let it be left out"},
    {"Version 5 CONNACK test 2", "a CONNACK without a property length; 3.2.2.3 doesn't let it be left out"},
    {"connack MQTT 5 with properties", "a Maximum QoS of 2; 3.2.2.3.4 allows 0 and 1"},
    {"connack MQTT 5 with properties and doubled user properties", "a Maximum QoS of 2; 3.2.2.3.4 allows 0 and 1"},
    {"disconnect MQTT 5", "a Session Expiry Interval and a Server Reference, which no side may send together"},
};
/// What we write otherwise, but to the same effect.
const std::map<std::string_view, const char*> written_otherwise{
    {"puback with reason and no MQTT 5 properties", "the property length of 0 is left out, as 3.4.2.2.1 allows"},
    {"disconnect MQTT 5 with no properties", "success without properties takes no bytes, as 3.14.2.1 allows"},
    {"Version 5 DISCONNECT test 3", "success without properties takes no bytes, as 3.14.2.1 allows"},
};

struct tally {
    int parsed = 0;
    int generated = 0;
    int generated_in_other_order = 0;
    int refused = 0;
    int not_expressible = 0;
    int never_encoded = 0;
    int different = 0;
    int wrong = 0;
    std::set<std::string_view> used;
};

struct vector_case {
    std::string name;
    std::string kind;
    version how;
    boost::json::object packet;
    std::string bytes;
};

/// 3.1 is 3.1.1 by another name, in a CONNECT: so its cases count as well.
std::string as_3_1_1(std::string bytes) {
    const auto old = hex("0006 'MQIsdp' 03");
    if (bytes.size() < 11 || bytes[0] != 0x10 || bytes.substr(2, 9) != old) return bytes;
    bytes[1] = static_cast<char>(bytes[1] - 2);
    return bytes.replace(2, 9, hex("0004 'MQTT' 04"));
}

version version_of(const boost::json::object& packet, const boost::json::object& options) {
    const auto* chosen = packet.if_contains("protocolVersion");
    if (chosen == nullptr) chosen = options.if_contains("protocolVersion");
    return chosen != nullptr && chosen->is_int64() && chosen->get_int64() == 5 ? v5 : v3;
}

vector_case case_of(const boost::json::object& from) {
    vector_case result{std::string(from.at("name").as_string()), std::string(from.at("kind").as_string()), v3, {}, {}};
    if (from.contains("packet")) result.packet = from.at("packet").as_object();
    if (from.contains("bytes")) result.bytes = as_3_1_1(text_of(from.at("bytes")));
    result.how = version_of(result.packet, from.at("options").as_object());
    return result;
}

/// The side that sends such packets; of a type that both send, whichever makes sense of these bytes.
decoded<packet> decode_from_either(const std::string& bytes, version how) {
    auto result = decode(as_bytes(bytes), how, server);
    return result ? result : decode(as_bytes(bytes), how, client);
}

class judge {
public:
    tally take(const boost::json::array& cases) {
        for (const auto& one : cases) take(case_of(one.as_object()));
        for (const auto* list : {&refused_on_purpose, &written_otherwise})
            for (const auto& [name, why] : *list)
                if (!tally_.used.contains(name)) wrong(std::string(name), "is listed as a difference, but is none any more");
        return tally_;
    }

private:
    void wrong(const std::string& name, const std::string& what) {
        ++tally_.wrong;
        std::printf("wrong: %s: %s\n", name.c_str(), what.c_str());
    }

    bool differs(const std::map<std::string_view, const char*>& list, const std::string& name) {
        const auto found = list.find(name);
        if (found == list.end()) return false;
        ++tally_.different;
        tally_.used.insert(found->first);
        std::printf("differs: %s: %s\n", name.c_str(), found->second);
        return true;
    }

    void take(const vector_case& one) {
        if (one.kind == "both" || one.kind == "parse") parse(one);
        if (one.kind == "both" || one.kind == "generate") generate(one);
        if (one.kind == "parse error") refuse(one);
        if (one.kind == "generate error") never_generate(one);
    }

    void parse(const vector_case& one) {
        const auto read = decode_from_either(one.bytes, one.how);
        if (!read) {
            if (!differs(refused_on_purpose, one.name)) wrong(one.name, "is refused: " + std::string(read.error().what()));
        } else if (*read != packet_of(one.packet, one.how)) {
            wrong(one.name, "is read as another packet: " + to_hex(one.bytes));
        } else {
            ++tally_.parsed;
        }
    }

    void generate(const vector_case& one) {
        if (refused_on_purpose.contains(one.name)) return;  // it would be refused again
        const auto what = packet_of(one.packet, one.how);
        const auto written = encoded(what, one.how);
        if (written == one.bytes) {
            ++tally_.generated;
            return;
        }
        const auto same = decode_from_either(written, one.how);
        if (!same || *same != what) return wrong(one.name, "is written as another packet: " + to_hex(written));
        if (written.size() == one.bytes.size())
            ++tally_.generated_in_other_order;  // of properties: theirs has none, ours is by identifier
        else if (!differs(written_otherwise, one.name))
            wrong(one.name, "is written otherwise: " + to_hex(written));
    }

    void refuse(const vector_case& one) {
        if (decode_from_either(one.bytes, one.how))
            wrong(one.name, "is taken: " + to_hex(one.bytes));
        else
            ++tally_.refused;
    }

    void never_generate(const vector_case& one) {
        try {
            const auto what = packet_of(one.packet, one.how);
            if (test::never_encoded(what, one.how))
                ++tally_.never_encoded;
            else
                wrong(one.name, "is written: " + to_hex(encoded(what, one.how)));
        } catch (const not_expressible&) {
            ++tally_.not_expressible;
        }
    }

    tally tally_;
};

}  // namespace

int main(int count, char** arguments) {
    std::ifstream file(count == 2 ? arguments[1] : "");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    if (text.empty()) {
        std::fprintf(stderr, "usage: mqtt_vectors VECTORS.json\n");
        return 2;
    }
    const auto parsed = boost::json::parse(text);
    const auto& cases = parsed.as_array();
    const auto result = judge().take(cases);
    std::printf(
        "%d parsed, %d generated, %d generated with properties in another order, %d refused, %d never encoded, %d not "
        "expressible, %d different on purpose, %d wrong\n",
        result.parsed, result.generated, result.generated_in_other_order, result.refused, result.never_encoded,
        result.not_expressible, result.different, result.wrong);
    // Of 9.0.2, which package-lock.json holds to.
    const bool complete = cases.size() == 166;
    if (!complete) std::printf("wrong: %zu cases, not 166\n", cases.size());
    return result.wrong == 0 && complete ? 0 : 1;
}
