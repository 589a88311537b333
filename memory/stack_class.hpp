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
/// The build says which (WEFT_ADDRESS_SANITIZER, WEFT_THREAD_SANITIZER), not the compiler: one file
/// of the library is always compiled without, and all must agree.

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
#if defined(WEFT_ADDRESS_SANITIZER) || defined(WEFT_THREAD_SANITIZER)
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
