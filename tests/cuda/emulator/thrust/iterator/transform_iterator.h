#pragma once

#include <cstddef>
#include <iterator>
#include <type_traits>

namespace thrust {

template <class Function, class Iterator>
class transform_iterator {
public:
    using iterator_category = std::random_access_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using reference =
        std::invoke_result_t<const Function&, typename std::iterator_traits<Iterator>::reference>;
    using value_type = std::remove_cvref_t<reference>;
    using pointer = void;

    transform_iterator(Iterator base, Function function) : base_(base), function_(function) {}

    reference operator*() const { return function_(*base_); }
    reference operator[](difference_type n) const { return *(*this + n); }
    transform_iterator& operator+=(difference_type n) {
        base_ += n;
        return *this;
    }
    transform_iterator& operator-=(difference_type n) { return *this += -n; }
    transform_iterator& operator++() { return *this += 1; }
    transform_iterator& operator--() { return *this += -1; }
    friend transform_iterator operator+(transform_iterator a, difference_type n) { return a += n; }
    friend transform_iterator operator-(transform_iterator a, difference_type n) { return a -= n; }
    friend difference_type operator-(const transform_iterator& a, const transform_iterator& b) {
        return a.base_ - b.base_;
    }
    friend bool operator==(const transform_iterator& a, const transform_iterator& b) {
        return a.base_ == b.base_;
    }

private:
    Iterator base_;
    Function function_;
};

template <class Function, class Iterator>
transform_iterator<Function, Iterator> make_transform_iterator(Iterator base, Function function) {
    return {base, function};
}

}  // namespace thrust
