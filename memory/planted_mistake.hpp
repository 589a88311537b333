#pragma once

#include <cstdint>

/// \file
/// Mistakes that a build of its own makes on purpose, where such mistakes are easily made, so that
/// tests can show that the simulator finds them. In every other build planted() is a constant, and
/// nothing is left of it.

namespace weft
{

enum class Mistake : std::uint8_t
{
    None,
    ResumeAtCancellation, // a fiber goes on when its operation is cancelled, not when it has ended
    DropRacedBytes,       // bytes that came while the call was giving up are not returned
    LoseWakeUp,           // no second look at the inbox between publishing the sleep and sleeping
    LendTwice,            // a buffer stays on the free list although it has been lent
    ForgetWaiter,         // a request for a buffer leaves its queue with nothing
};

#if defined(WEFT_PLANTED_MISTAKES)

namespace detail
{

inline Mistake plantedMistake = Mistake::None;
inline std::uint64_t plantedChances = 0;

} // namespace detail

/// The mistake to be made from now on. While no runtime exists.
inline void plantMistake(Mistake mistake) noexcept
{
    detail::plantedMistake = mistake;
    detail::plantedChances = 0;
}

/// Whether to make the mistake here and now: each `every`th time that it could be made.
inline bool planted(Mistake mistake, std::uint64_t every = 1) noexcept
{
    return detail::plantedMistake == mistake && ++detail::plantedChances % every == 0;
}

#else

constexpr bool planted(Mistake, std::uint64_t = 1) noexcept
{
    return false;
}

#endif

} // namespace weft
