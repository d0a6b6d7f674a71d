// adapters/modbus/link.cpp: reads on top of transactions.
// Not here: any wire.
#include "adapters/modbus/link.hpp"

#include <cassert>
#include <utility>

namespace modbus {
namespace {

answer with_registers(answer got, const read_request& request) {
    if (got.status != answer::status::ok) return got;
    if (got.pdu.size() != 2 + data_bytes_of(request)) {
        got.status = answer::status::silent;
        got.detail = "the answer's length is wrong";
        return got;
    }
    got.registers = decode_data(request, bytes_view(got.pdu).subspan(2));
    return got;
}

}  // namespace

std::vector<answer> link::transact_all(std::span<const transaction> what, nanoseconds timeout) {
    std::vector<answer> answers;
    answers.reserve(what.size());
    for (const transaction& each : what) answers.push_back(transact(each, timeout));
    return answers;
}

answer link::read(const read_request& request, nanoseconds timeout) {
    return with_registers(transact(read_of(request), timeout), request);
}

std::vector<answer> link::read_all(std::span<const read_request> requests, nanoseconds timeout) {
    if (requests.size() == 1) return {read(requests[0], timeout)};
    std::vector<transaction> all;
    all.reserve(requests.size());
    for (const read_request& request : requests) all.push_back(read_of(request));
    std::vector<answer> answers = transact_all(all, timeout);
    assert(answers.size() == requests.size());
    for (std::size_t i = 0; i < answers.size(); ++i) answers[i] = with_registers(std::move(answers[i]), requests[i]);
    return answers;
}

}  // namespace modbus
