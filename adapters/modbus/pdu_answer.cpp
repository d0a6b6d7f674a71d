// adapters/modbus/pdu_answer.cpp: what an answer must look like, and what is in it.
// Not here: requests (pdu.cpp).
#include <algorithm>
#include <cassert>

#include "adapters/modbus/pdu.hpp"

namespace modbus {
namespace {

using length = enum answer_form::length;
using verdict = enum pdu_match::verdict;

constexpr std::size_t fifo_registers_max = 31;
/// Function, kind, code, conformity, more follows, next object, number of objects.
constexpr std::size_t identification_head = 7;

std::uint16_t word_at(bytes_view bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

answer_form counted(answer_form form, std::size_t data) {
    form.how = length::fixed;
    form.size = 2 + data;
    form.head = {form.request[0], static_cast<std::uint8_t>(data)};
    form.head_size = 2;
    return form;
}

answer_form echo(answer_form form, std::size_t echoed) {
    form.how = length::fixed;
    form.size = form.echoed = echoed;
    return form;
}

/// One file record of a known length; of several, only what all of them come to.
answer_form file_form(answer_form form) {
    const bytes_view request = form.request;
    if (request.size() < 9 || request[1] + 2u != request.size() || request[1] % 7 != 0) return form;
    std::size_t data = 0;
    for (std::size_t at = 2; at < request.size(); at += 7) data += 2 + std::size_t{2} * word_at(request, at + 5);
    if (data > 245) return form;
    form = counted(form, data);
    if (request[1] != 7) return form;
    form.head = {request[0], static_cast<std::uint8_t>(data), static_cast<std::uint8_t>(data - 1), 6};
    form.head_size = 4;
    return form;
}

/// The size of an identification, as far as what has come tells.
std::size_t identification_size(bytes_view bytes) {
    if (bytes.size() < identification_head) return identification_head;
    std::size_t size = identification_head;
    for (unsigned object = 0; object < bytes[identification_head - 1]; ++object) {
        if (bytes.size() < size + 2) return size + 2;
        size += 2 + std::size_t{bytes[size + 1]};
    }
    return size;
}

bool lengths_agree(const answer_form& form, bytes_view bytes) {
    if (form.how != length::fifo || bytes.size() < 5) return true;
    const std::size_t count = word_at(bytes, 3);
    return count <= fifo_registers_max && word_at(bytes, 1) == 2 + 2 * count;
}

/// The whole PDU's, or so much at least.
std::size_t size_of(const answer_form& form, bytes_view bytes) {
    switch (form.how) {
        case length::fixed:
            return form.size;
        case length::counted:
            return bytes.size() < 2 ? 2 : std::size_t{2} + bytes[1];
        case length::fifo:
            return bytes.size() < 5 ? 5 : std::size_t{3} + word_at(bytes, 1);
        case length::identification:
            return identification_size(bytes);
        case length::unknown:
            break;
    }
    return 0;
}

}  // namespace

answer_form form_of(bytes_view request) {
    assert(!request.empty());
    answer_form form;
    form.request = request;
    form.echoed = 1;
    const std::size_t size = request.size();
    switch (request[0]) {
        case 1:
        case 2:
            if (size == 5) return counted(form, std::min<std::size_t>((word_at(request, 3) + 7u) / 8, 250));
            break;
        case 3:
        case 4:
            if (size == 5) return counted(form, std::min<std::size_t>(2u * word_at(request, 3), 250));
            break;
        case function::write_coil:
        case function::write_register:
            if (size == 5) return echo(form, size);
            break;
        case function::exception_status:
            if (size != 1) break;
            form.how = length::fixed;
            form.size = 2;
            return form;
        case function::diagnostics:
            if (size < 3) break;
            form = echo(form, size);
            // Those that count answer with what they have counted; the echo test with all it was sent.
            if (word_at(request, 1) != 0) form.echoed = 3;
            return form;
        case function::write_coils:
        case function::write_registers:
            if (size >= 7 && request[5] + 6u == size) return echo(form, 5);
            break;
        case function::server_id:
            if (size != 1) break;
            form.how = length::counted;
            return form;
        case function::read_file:
            return file_form(form);
        case function::write_file:
        case function::mask_write:
            if (request[0] == function::mask_write ? size == 7 : size >= 9) return echo(form, size);
            break;
        case function::write_and_read:
            if (size >= 12) return counted(form, std::min<std::size_t>(2u * word_at(request, 3), 250));
            break;
        case function::read_fifo:
            if (size != 3) break;
            form.how = length::fifo;
            return form;
        case function::encapsulated:
            if (size != 4 || request[1] != 14) break;
            form.how = length::identification;
            form.echoed = 3;
            return form;
        default:
            break;
    }
    return form;
}

pdu_match match(const answer_form& form, bytes_view bytes) {
    if (bytes.empty()) return {verdict::begun, std::max<std::size_t>(form.size, 2)};
    if (bytes[0] == (form.function() | exception_bit)) return {bytes.size() < 2 ? verdict::begun : verdict::exception, 2};
    const std::size_t echoed = std::min(form.echoed, bytes.size());
    if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(echoed), form.request.begin())) return {};
    const std::size_t head = std::min(form.head_size, bytes.size());
    if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(head), form.head.begin())) return {};
    if (form.how == length::unknown) return {verdict::unknown, 0};
    if (!lengths_agree(form, bytes)) return {};
    const std::size_t size = size_of(form, bytes);
    if (size > pdu_max) return {};
    return {bytes.size() < size ? verdict::begun : verdict::whole, size};
}

std::string fault_of(const answer_form& form, bytes_view pdu) {
    assert(!pdu.empty());
    if (pdu[0] != form.function() && pdu[0] != (form.function() | exception_bit))
        return "the answer is to function " + std::to_string(pdu[0]);
    const pdu_match got = match(form, pdu);
    switch (got.verdict) {
        case verdict::unknown:
            return {};
        case verdict::whole:
        case verdict::exception:
            if (pdu.size() == got.size) return {};
            break;
        default:
            break;
    }
    if (form.head_size > 0 && pdu[0] == form.function())
        return "the answer has " + std::to_string(pdu.size() < 2 ? 0 : pdu.size() - 2) + " data bytes where " +
               std::to_string(form.size - 2) + " were asked for";
    if (form.echoed > 1) return "the answer doesn't repeat what was asked";
    return "the answer's length is wrong";
}

std::size_t data_bytes_of(const read_request& request) {
    const std::size_t count = request.count;
    return is_bits(request.from) ? (count + 7) / 8 : count * 2;
}

std::vector<std::uint16_t> decode_data(const read_request& request, bytes_view data) {
    assert(data.size() == data_bytes_of(request));
    std::vector<std::uint16_t> values(request.count);
    for (std::size_t index = 0; index < values.size(); ++index) {
        const std::uint32_t value = is_bits(request.from)
                                        ? (data[index / 8] >> (index % 8)) & 1u
                                        : static_cast<std::uint32_t>(data[2 * index] << 8) | data[2 * index + 1];
        values[index] = static_cast<std::uint16_t>(value);
    }
    return values;
}

bytes_view payload_of(bytes_view answer) {
    switch (answer[0]) {
        case function::server_id:
            return answer.subspan(2);
        case function::read_file:
            return answer.subspan(std::min<std::size_t>(4, answer.size()));
        case function::read_fifo:
            return answer.subspan(std::min<std::size_t>(5, answer.size()));
        default:
            return answer.subspan(1);
    }
}

identification_page parse_identification(bytes_view answer) {
    identification_page page;
    std::size_t at = identification_head;
    for (unsigned object = 0; object < answer[identification_head - 1]; ++object) {
        const std::size_t size = answer[at + 1];
        const bytes_view text = answer.subspan(at + 2, size);
        page.objects.push_back({answer[at], std::string(text.begin(), text.end())});
        at += 2 + size;
    }
    if (answer[4] == 0xFF) page.next = answer[5];
    return page;
}

std::uint64_t digest_of(bytes_view echoed) {
    std::uint64_t digest = 0xCBF29CE484222325u;  // FNV-1a
    for (const std::uint8_t byte : echoed) digest = (digest ^ byte) * 0x100000001B3u;
    return digest == 0 ? 1 : digest;
}

answer_shape shape_of(const read_request& request) {
    return {static_cast<std::uint8_t>(request.from), data_bytes_of(request), 0};
}

answer_shape shape_of(const transaction& what) {
    const answer_form form = form_of(what.pdu);
    const std::uint8_t code = form.function();
    if (form.how != length::fixed) return {code, answer_shape::any, 0};
    if (form.head_size > 0) return {code, form.size - 2, 0};
    if (form.echoed == form.size) return {code, 0, digest_of(bytes_view(what.pdu).subspan(1, form.echoed - 1))};
    return {code, answer_shape::any, 0};
}

}  // namespace modbus
