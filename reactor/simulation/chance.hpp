#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace weft::simulation
{

/// Random numbers that are the same for the same seed on every machine: the generator is fixed by
/// the C++ standard, and what is made of its numbers (which the standard leaves open) is done here.
class Chance
{
public:
    explicit Chance(std::uint64_t seed) noexcept : generator(seed)
    {
    }

    std::uint64_t next() noexcept
    {
        return generator();
    }

    /// 0 to `limit` - 1. `limit` is not zero. The bias is below 2^-32 for limits below 2^32.
    std::uint64_t below(std::uint64_t limit) noexcept
    {
        return generator() % limit;
    }

    /// Both ends included.
    std::uint64_t between(std::uint64_t least, std::uint64_t most) noexcept
    {
        return least + below(most - least + 1);
    }

    std::chrono::nanoseconds between(std::chrono::nanoseconds least,
                                     std::chrono::nanoseconds most) noexcept
    {
        const auto span = static_cast<std::uint64_t>((most - least).count());
        return least + std::chrono::nanoseconds(static_cast<std::int64_t>(below(span + 1)));
    }

    /// True once in `count` times.
    bool oneIn(std::uint64_t count) noexcept
    {
        return below(count) == 0;
    }

    /// A duration whose order of magnitude is random: short ones are as likely as long ones, so
    /// that both races within microseconds and long waits come up.
    std::chrono::nanoseconds spread(std::chrono::nanoseconds least,
                                    std::chrono::nanoseconds most) noexcept
    {
        auto limit = most;
        while (limit / 4 > least && !oneIn(3))
        {
            limit /= 4;
        }
        return between(least, limit);
    }

private:
    std::mt19937_64 generator;
};

} // namespace weft::simulation
