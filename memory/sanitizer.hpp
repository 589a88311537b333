#pragma once

#include <cstddef>

/// \file
/// What the sanitizers cannot see for themselves. Without the sanitizer concerned these do nothing.
/// Any thread.

#ifdef WEFT_ADDRESS_SANITIZER
#    include <sanitizer/asan_interface.h>
#endif

#ifdef WEFT_THREAD_SANITIZER
#    include <sanitizer/tsan_interface.h>

/// Of the sanitizers' runtime (sanitizer/linux_syscall_hooks.h, which g++ does not install).
extern "C" void __sanitizer_syscall_pre_impl_close(long descriptor);
#endif

namespace weft
{

/// The memory of a pool is nobody's: any access to it is an error from now on.
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

/// The descriptor is about to be closed by other means than close(2), which ThreadSanitizer looks
/// out for: untold, it takes whoever gets the same number next for a racing user of the old one.
inline void announceClose([[maybe_unused]] int descriptor) noexcept
{
#ifdef WEFT_THREAD_SANITIZER
    __sanitizer_syscall_pre_impl_close(descriptor);
#endif
}

/// A lock of Boost.Fiber, which is not instrumented, has been taken, or is about to be given up:
/// ThreadSanitizer does not see by itself that it orders what its holders do.
inline void announceLocked([[maybe_unused]] void* lock) noexcept
{
#ifdef WEFT_THREAD_SANITIZER
    __tsan_acquire(lock);
#endif
}

inline void announceUnlocking([[maybe_unused]] void* lock) noexcept
{
#ifdef WEFT_THREAD_SANITIZER
    __tsan_release(lock);
#endif
}

} // namespace weft
