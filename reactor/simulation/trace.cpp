#include <weft/reactor/simulation/trace.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string_view>

namespace weft::simulation
{

namespace
{

std::string nameOfErrno(std::uint64_t number)
{
    const auto* const name = ::strerrorname_np(static_cast<int>(number));
    return name != nullptr ? std::string(name) : fmt::format("{}", number);
}

} // namespace

void Trace::note(Clock::time_point time, const char* what, std::uint64_t first,
                 std::uint64_t second, std::uint64_t third) noexcept
{
    kept[events % KeptMax] = {.time = time, .what = what, .numbers = {first, second, third}};
    ++events;
    mix(static_cast<std::uint64_t>(time.time_since_epoch().count()));
    for (const char character : std::string_view(what))
    {
        mix(static_cast<unsigned char>(character));
    }
    mix(first);
    mix(second);
    mix(third);
}

/// FNV-1a, with a word where it has a byte.
void Trace::mix(std::uint64_t value) noexcept
{
    constexpr std::uint64_t Prime = 0x100000001b3;
    state = (state ^ value) * Prime;
    state ^= state >> 32;
}

std::vector<std::string> Trace::last(std::size_t countMax, Clock::time_point start) const
{
    const auto count = std::min<std::uint64_t>({countMax, KeptMax, events});
    std::vector<std::string> lines;
    for (auto index = events - count; index < events; ++index)
    {
        const auto& event = kept[index % KeptMax];
        const std::chrono::duration<double> since = event.time - start;
        const auto& numbers = event.numbers;
        lines.push_back(
            fmt::format("{:14.6f} s  {}", since.count(),
                        fmt::format(fmt::runtime(event.what), numbers[0], numbers[1], numbers[2],
                                    fmt::arg("errno", nameOfErrno(numbers[1])))));
    }
    return lines;
}

} // namespace weft::simulation
