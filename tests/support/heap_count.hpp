#pragma once

#include <cstddef>

namespace weft
{

/// How often this program has called operator new so far. Linking heap_count.cpp replaces the
/// global operators.
std::size_t heapAllocationCount();

} // namespace weft
