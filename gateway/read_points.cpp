// gateway/read_points.cpp: see the header.
#include "gateway/read_points.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace gateway {
namespace {

/// A bus of which the adapter knows only some points.
class numbered_bus final : public adapter_bus {
public:
    explicit numbered_bus(const config::bus& all) : read_(all) {
        point_index next = 0;
        for (auto& device : read_.devices) {
            std::vector<config::point> read;
            for (auto& point : device.points) {
                const point_index index = next++;
                numbers_.push_back(static_cast<point_index>(points_.size()));
                if (point.compute) continue;
                points_.push_back(index);
                read.push_back(std::move(point));
            }
            device.points = std::move(read);
        }
    }
    /// What the adapter is told of; it may look at it as long as this lives.
    const config::bus& read() const { return read_; }
    void set_inner(std::unique_ptr<adapter_bus> inner) { inner_ = std::move(inner); }

    void poll(std::span<const tidegate_candidate> candidates, bool probe, poll_result& to) override {
        asked_.assign(candidates.begin(), candidates.end());
        for (auto& candidate : asked_) candidate.point = number_of(candidate.point);
        inner_->poll(asked_, probe, to);
        for (auto& reading : to.readings) reading.point = points_[reading.point];
        for (auto& failed : to.failures) failed.point = points_[failed.point];
    }
    bool can_write() const override { return inner_->can_write(); }
    adapter_bus::write_result write(std::span<const write_item> items, bool check_only) override {
        std::vector<write_item> translated(items.begin(), items.end());
        for (auto& item : translated) item.point = number_of(item.point);
        return inner_->write(translated, check_only);
    }
    void recall(std::size_t device, const std::string& text) override { inner_->recall(device, text); }
    std::vector<planned_request> plan(std::span<const point_index> points) override {
        std::vector<point_index> numbers;
        for (const auto point : points) numbers.push_back(number_of(point));
        auto requests = inner_->plan(numbers);
        for (auto& request : requests) {
            std::erase_if(request.points, [&](point_index number) { return number >= points_.size(); });
            for (auto& point : request.points) point = points_[point];
        }
        return requests;
    }
    bool can_serve() const override { return inner_->can_serve(); }
    bool serve(const std::function<void(std::string_view)>& listening,
               const std::function<void(std::string_view)>& note) override {
        return inner_->serve(listening, note);
    }
    void interrupt() override { inner_->interrupt(); }

private:
    /// Requires: the point is read.
    point_index number_of(point_index point) const {
        assert(point < numbers_.size() && numbers_[point] < points_.size() && points_[numbers_[point]] == point);
        return numbers_[point];
    }

    config::bus read_;
    std::vector<point_index> points_;        // by the adapter's number
    std::vector<point_index> numbers_;       // by point
    std::vector<tidegate_candidate> asked_;  // scratch
    std::unique_ptr<adapter_bus> inner_;
};

bool has_computed(const config::bus& bus) {
    return std::any_of(bus.devices.begin(), bus.devices.end(), [](const config::device& device) {
        return std::any_of(device.points.begin(), device.points.end(),
                           [](const config::point& point) { return point.compute.has_value(); });
    });
}

}  // namespace

std::unique_ptr<adapter_bus> open_for_read_points(const installed_adapter& adapter, const config::bus& config,
                                                  std::vector<config::diagnostic>& faults) {
    if (!has_computed(config)) return adapter.open(config, faults);
    auto bus = std::make_unique<numbered_bus>(config);
    auto inner = adapter.open(bus->read(), faults);
    if (!inner) return nullptr;
    bus->set_inner(std::move(inner));
    return bus;
}

}  // namespace gateway
