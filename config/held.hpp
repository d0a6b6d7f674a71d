// config/held.hpp: two ways to keep a value outside of the struct that has it, so that a config of many thousand points stays
// small. Not here: anything about configs.
#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace config {

/// As std::optional, for what few have: it takes a pointer's room where there is none.
template <typename T>
class rare {
public:
    rare() = default;
    rare(T what) : what_(std::make_unique<T>(std::move(what))) {}
    rare(std::optional<T> what) {
        if (what) what_ = std::make_unique<T>(std::move(*what));
    }
    rare(const rare& other) : what_(other.what_ ? std::make_unique<T>(*other.what_) : nullptr) {}
    rare(rare&&) noexcept = default;
    rare& operator=(rare other) noexcept {
        what_ = std::move(other.what_);
        return *this;
    }
    ~rare() = default;

    explicit operator bool() const { return what_ != nullptr; }
    bool has_value() const { return what_ != nullptr; }
    const T& operator*() const { return *what_; }
    T& operator*() { return *what_; }
    const T* operator->() const { return what_.get(); }
    T* operator->() { return what_.get(); }
    T& emplace(T what = {}) { return *(what_ = std::make_unique<T>(std::move(what))); }

private:
    std::unique_ptr<T> what_;
};

/// A value that many have in common: whoever changes it gets a copy of its own.
template <typename T>
class shared {
public:
    shared() : what_(original()) {}
    shared(T what) : what_(std::make_shared<T>(std::move(what))) {}

    const T& operator*() const { return *what_; }
    const T* operator->() const { return what_.get(); }
    T& change() {
        if (what_.use_count() > 1) what_ = std::make_shared<T>(*what_);
        return *what_;
    }

private:
    static const std::shared_ptr<T>& original() {
        static const std::shared_ptr<T> one = std::make_shared<T>();
        return one;
    }
    std::shared_ptr<T> what_;
};

}  // namespace config
