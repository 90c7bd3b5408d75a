#pragma once

#include <compare>
#include <cstddef>
#include <iterator>

namespace thrust {

// A difference is 64 bits wide whatever T is.
template <class T>
class counting_iterator {
public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = T;

    counting_iterator() = default;
    explicit counting_iterator(T value) : value_(value) {}

    T operator*() const { return value_; }
    T operator[](difference_type n) const { return *(*this + n); }
    counting_iterator& operator+=(difference_type n) {
        value_ = static_cast<T>(value_ + static_cast<T>(n));
        return *this;
    }
    counting_iterator& operator-=(difference_type n) { return *this += -n; }
    counting_iterator& operator++() { return *this += 1; }
    counting_iterator& operator--() { return *this += -1; }
    counting_iterator operator++(int) {
        const auto old = *this;
        ++*this;
        return old;
    }
    counting_iterator operator--(int) {
        const auto old = *this;
        --*this;
        return old;
    }
    friend counting_iterator operator+(counting_iterator a, difference_type n) { return a += n; }
    friend counting_iterator operator+(difference_type n, counting_iterator a) { return a += n; }
    friend counting_iterator operator-(counting_iterator a, difference_type n) { return a -= n; }
    friend difference_type operator-(counting_iterator a, counting_iterator b) {
        return static_cast<difference_type>(a.value_) - static_cast<difference_type>(b.value_);
    }
    friend auto operator<=>(const counting_iterator&, const counting_iterator&) = default;

private:
    T value_{};
};

template <class T>
counting_iterator<T> make_counting_iterator(T value) {
    return counting_iterator<T>(value);
}

}  // namespace thrust
