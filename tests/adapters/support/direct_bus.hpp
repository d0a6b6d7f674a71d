// tests/adapters/support/direct_bus.hpp: a bus over a link that a test writes, for writes and for points beside the tables.
// Not here: plans and polls of registers (modbus_adapter_test.cpp).
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/modbus/modbus.hpp"
#include "tests/adapters/modbus_points_config.hpp"

namespace test {

using bytes = std::vector<std::uint8_t>;
using list = std::vector<std::string>;

inline modbus::answer taken(bytes pdu) {
    modbus::answer result;
    result.status = modbus::answer::status::ok;
    result.pdu = std::move(pdu);
    result.sent = true;
    return result;
}
/// Of a request that is repeated as it came, or its first five bytes.
inline modbus::answer repeated(const modbus::transaction& what) {
    const bool several = what.pdu[0] == 15 || what.pdu[0] == 16;
    return taken(several ? bytes(what.pdu.begin(), what.pdu.begin() + 5) : what.pdu);
}
inline modbus::answer exception(std::uint8_t code) {
    modbus::answer result;
    result.status = modbus::answer::status::exception;
    result.exception_code = code;
    result.sent = true;
    return result;
}
inline modbus::answer failed(decltype(modbus::answer::status) status, bool sent, std::string detail) {
    modbus::answer result;
    result.status = status;
    result.sent = sent;
    result.detail = std::move(detail);
    return result;
}

/// What the test has to say, and what it sees.
struct wire {
    std::function<modbus::answer(const modbus::transaction&)> device = repeated;
    std::vector<bytes> asked;  // unit and PDU
    std::vector<modbus::nanoseconds> timeouts;
};

class direct_link final : public modbus::link {
public:
    explicit direct_link(wire& to) : to_(to) {}
    modbus::answer transact(const modbus::transaction& what, modbus::nanoseconds timeout) override {
        modbus::answer got = to_.device(what);
        if (got.sent && what.sending) what.sending();
        bytes all{what.unit};
        all.insert(all.end(), what.pdu.begin(), what.pdu.end());
        to_.asked.push_back(all);
        to_.timeouts.push_back(timeout);
        return got;
    }
    void interrupt() override {}

private:
    wire& to_;
};

class direct_bus {
public:
    explicit direct_bus(const bus_lines& lines) {
        const built_config config(lines);
        fault_list list_of_faults;
        tidegate::faults to(list_of_faults.abi);
        auto definition = modbus::read_definition(config.get(), to);
        for (const auto& fault : list_of_faults.lines) UNSCOPED_INFO(fault);
        REQUIRE(to.count() == 0);
        bus = std::make_unique<modbus::bus>(std::move(definition), std::make_unique<direct_link>(line), nullptr);
    }

    tidegate::write_outcome write(const std::vector<std::pair<std::uint32_t, tidegate_value>>& values, bool check_only = false) {
        said.clear();
        line.asked.clear();
        std::vector<tidegate_write_item> items;
        for (const auto& [point, value] : values) items.push_back({point, 0, value});
        const tidegate_write_report to{sizeof to,         this,   &direct_bus::sending, &direct_bus::exception_came,
                                       &direct_bus::note, nullptr};
        return bus->write(items, check_only, tidegate::write_report(to));
    }
    tidegate::write_outcome write(std::uint32_t point, const tidegate_value& value) { return write({{point, value}}); }

    tidegate::outcome poll(const std::vector<std::uint32_t>& points, std::uint32_t flags = 0) {
        said.clear();
        line.asked.clear();
        std::vector<tidegate_candidate> candidates;
        for (const auto point : points) candidates.push_back({point, 0, 0, 1'000'000'000});
        const tidegate_readings to{sizeof to, this,   &direct_bus::value, &direct_bus::failure, &direct_bus::note, nullptr,
                                   nullptr,   nullptr};
        return bus->poll(candidates, flags, tidegate::readings(to));
    }

    wire line;
    list said;
    std::unique_ptr<modbus::bus> bus;

private:
    static list& of(void* context) { return static_cast<direct_bus*>(context)->said; }
    static void sending(void* context, const char* what) { of(context).push_back(std::string("sending ") + what); }
    static void exception_came(void* context, std::uint32_t code) { of(context).push_back("exception " + std::to_string(code)); }
    static void note(void* context, const char* text) { of(context).push_back(text); }
    static void failure(void* context, std::uint32_t point, const char* reason) {
        of(context).push_back(std::to_string(point) + " failed: " + reason);
    }
    static void value(void* context, std::uint32_t point, const tidegate_value* what) {
        std::string text = std::to_string(point) + " = ";
        if (what->kind == TIDEGATE_TEXT) text += '"' + std::string(what->as.text, what->length) + '"';
        if (what->kind == TIDEGATE_BOOLEAN) text += what->as.integer != 0 ? "true" : "false";
        if (what->kind == TIDEGATE_INTEGER) text += std::to_string(what->as.integer);
        if (what->kind == TIDEGATE_UNSIGNED) text += std::to_string(what->as.natural);
        if (what->kind == TIDEGATE_FLOAT32 || what->kind == TIDEGATE_FLOAT64) text += std::to_string(what->as.number);
        of(context).push_back(text);
    }
};

}  // namespace test
