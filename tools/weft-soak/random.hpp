#pragma once

#include <cstdint>
#include <initializer_list>

namespace weft::soak
{

/// Numbers that are the same on every machine, with every library and in every order of events: one
/// generator for each thing that is planned, named by the words it is made from (SplitMix64,
/// Steele and others, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
class Random
{
public:
    Random(std::initializer_list<std::uint64_t> words) noexcept
    {
        for (const auto word : words)
        {
            state = mix(state ^ mix(word + Step));
        }
    }

    std::uint64_t next() noexcept
    {
        state += Step;
        return mix(state);
    }

    /// From zero to `bound` - 1. The bias of the remainder is far below what a plan could show.
    std::uint64_t below(std::uint64_t bound) noexcept
    {
        return next() % bound;
    }

    std::uint64_t between(std::uint64_t least, std::uint64_t most) noexcept
    {
        return least + below(most - least + 1);
    }

    bool chance(unsigned percent) noexcept
    {
        return below(100) < percent;
    }

private:
    static constexpr std::uint64_t Step = 0x9E3779B97F4A7C15;

    static std::uint64_t mix(std::uint64_t value) noexcept
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    std::uint64_t state = 0;
};

} // namespace weft::soak
