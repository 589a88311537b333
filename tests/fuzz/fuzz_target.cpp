#include "tests/fuzz/fuzz_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace weft::fuzz
{

namespace
{

std::vector<Target>& allTargets()
{
    static std::vector<Target> all;
    return all;
}

} // namespace

void require(bool holds, std::string_view whatMustHold, std::string_view text)
{
    if (!holds)
    {
        throw Violation(fmt::format("must hold: {}; text: '{}'", whatMustHold, text));
    }
}

void requireNames(const std::exception& error, std::initializer_list<std::string_view> words)
{
    const std::string_view message = error.what();
    for (const auto word : words)
    {
        require(message.find(word) != std::string_view::npos,
                fmt::format("the message names '{}'", word), message);
    }
}

std::span<const Target> targets() noexcept
{
    return allTargets();
}

bool addTarget(Target target)
{
    allTargets().push_back(target);
    return true;
}

} // namespace weft::fuzz
