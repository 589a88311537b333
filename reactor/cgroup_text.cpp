#include <weft/reactor/cgroup_text.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace weft
{

namespace
{

bool listsController(std::string_view controllers, std::string_view wanted)
{
    while (!controllers.empty())
    {
        const auto name = controllers.substr(0, controllers.find(','));
        if (name == wanted)
        {
            return true;
        }
        controllers.remove_prefix(std::min(name.size() + 1, controllers.size()));
    }
    return false;
}

/// The number at the beginning, as a word of its own, which is taken off the text. Empty for zero,
/// a negative one and any other word.
std::optional<std::uint64_t> takeMicroseconds(std::string_view& text)
{
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    std::uint64_t number = 0;
    const auto* const last = word.data() + word.size();
    const auto [end, error] = std::from_chars(word.data(), last, number);
    return error == std::errc() && end == last && number > 0 ? std::optional(number) : std::nullopt;
}

std::optional<double> divide(std::optional<std::uint64_t> quota,
                             std::optional<std::uint64_t> period)
{
    return quota && period
               ? std::optional(static_cast<double>(*quota) / static_cast<double>(*period))
               : std::nullopt;
}

} // namespace

std::optional<CgroupMembership> parseCgroupLine(std::string_view line)
{
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string_view::npos)
    {
        return std::nullopt;
    }
    const auto controllers = line.substr(first + 1, second - first - 1);
    const std::string path(line.substr(second + 1));
    if (controllers.empty())
    {
        return CgroupMembership{.version = 2, .path = path};
    }
    if (listsController(controllers, "cpu"))
    {
        return CgroupMembership{.version = 1, .path = path};
    }
    return std::nullopt;
}

std::optional<double> parseCpuMax(std::string_view line)
{
    const auto quota = takeMicroseconds(line);
    return divide(quota, takeMicroseconds(line));
}

std::optional<double> parseCpuCfs(std::string_view quotaLine, std::string_view periodLine)
{
    return divide(takeMicroseconds(quotaLine), takeMicroseconds(periodLine));
}

} // namespace weft
