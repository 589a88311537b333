#pragma once

#include <cstddef>

/// \file
/// Tells AddressSanitizer which memory of a pool may be touched now, so that it reports the use of
/// a buffer after its release. Without that sanitizer these do nothing. Any thread.

#ifdef WEFT_ADDRESS_SANITIZER
#    include <sanitizer/asan_interface.h>
#endif

namespace weft
{

/// Any access to the memory is an error from now on.
inline void poisonMemory([[maybe_unused]] const std::byte* start,
                         [[maybe_unused]] std::size_t sizeBytes) noexcept
{
#ifdef WEFT_ADDRESS_SANITIZER
    __asan_poison_memory_region(start, sizeBytes);
#endif
}

/// The memory may be used, whatever was said of it before.
inline void unpoisonMemory([[maybe_unused]] const std::byte* start,
                           [[maybe_unused]] std::size_t sizeBytes) noexcept
{
#ifdef WEFT_ADDRESS_SANITIZER
    __asan_unpoison_memory_region(start, sizeBytes);
#endif
}

} // namespace weft
