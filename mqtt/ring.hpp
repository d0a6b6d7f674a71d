// mqtt/ring.hpp: boost::circular_buffer as a queue that grows: push_back() on a full one would drop the front.
// Not here: anything else.
#pragma once

#include <algorithm>
#include <boost/circular_buffer.hpp>
#include <cstddef>

namespace mqtt {

template <typename T>
using ring = boost::circular_buffer<T>;

/// Call before adding one element. Doubles, so that a queue that has found its size allocates nothing any more.
template <typename T>
void make_room(ring<T>& in) {
    if (in.full()) in.set_capacity(std::max<std::size_t>(16, in.capacity() * 2));
}

}  // namespace mqtt
