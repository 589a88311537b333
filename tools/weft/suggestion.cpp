#include "suggestion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace weft::tools
{

namespace
{

/// Letters to insert, remove, replace or swap with their neighbour to get from one word to the
/// other ("optimal string alignment").
std::size_t editDistance(std::string_view from, std::string_view to)
{
    const auto width = to.size() + 1;
    std::vector<std::size_t> table((from.size() + 1) * width);
    const auto at = [&](std::size_t i, std::size_t j) -> std::size_t&
    {
        return table[i * width + j];
    };
    for (std::size_t i = 0; i <= from.size(); ++i)
    {
        for (std::size_t j = 0; j <= to.size(); ++j)
        {
            if (i == 0 || j == 0)
            {
                at(i, j) = i + j;
                continue;
            }
            const bool same = from[i - 1] == to[j - 1];
            at(i, j) =
                std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1)});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
            {
                at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
            }
        }
    }
    return table.back();
}

} // namespace

std::string suggest(std::string_view written, std::span<const std::string> known)
{
    constexpr std::size_t LongestWord = 64;
    if (written.size() > LongestWord)
    {
        return {};
    }
    const auto distance = [&](const std::string& word)
    {
        return editDistance(written, word);
    };
    const auto nearest = std::ranges::min_element(known, {}, distance);
    // Farther than a third of the word it is another word.
    if (nearest == known.end() ||
        distance(*nearest) > std::max<std::size_t>(1, nearest->size() / 3))
    {
        return {};
    }
    return fmt::format("; did you mean '{}'?", *nearest);
}

} // namespace weft::tools
