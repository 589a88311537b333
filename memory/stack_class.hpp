#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// \file
/// The three sizes of stack that a fiber can be given.
///
/// The sizes are what a fiber may use; the guard page comes on top. Instrumented frames are several
/// times larger, so under AddressSanitizer and ThreadSanitizer every size is multiplied by four.

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define WEFT_INSTRUMENTED_FRAMES 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define WEFT_INSTRUMENTED_FRAMES 1
#    endif
#endif

namespace weft
{

enum class StackClass : std::uint8_t
{
    Small,
    Medium,
    Large,
};

inline constexpr std::size_t StackClassCount = 3;

/// All classes, smallest first.
inline constexpr std::array<StackClass, StackClassCount> StackClasses{
    StackClass::Small, StackClass::Medium, StackClass::Large};

/// Usable bytes of a stack of this class, the guard page not counted.
constexpr std::size_t stackSizeBytes(StackClass stackClass) noexcept
{
    constexpr std::size_t KiB = 1024;
    constexpr std::array<std::size_t, StackClassCount> Sizes{16 * KiB, 64 * KiB, 256 * KiB};
#ifdef WEFT_INSTRUMENTED_FRAMES
    constexpr std::size_t FrameFactor = 4;
#else
    constexpr std::size_t FrameFactor = 1;
#endif
    return Sizes[static_cast<std::size_t>(stackClass)] * FrameFactor;
}

/// "small", "medium" or "large".
constexpr std::string_view toString(StackClass stackClass) noexcept
{
    constexpr std::array<std::string_view, StackClassCount> Names{"small", "medium", "large"};
    return Names[static_cast<std::size_t>(stackClass)];
}

} // namespace weft
