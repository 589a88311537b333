#include "reactor_cpu.hpp"

#include <charconv>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace weft::tools
{

namespace
{

/// The reactor whose thread has that name: "weft-0".
std::optional<std::size_t> reactorOf(std::string_view threadName)
{
    constexpr std::string_view Prefix = "weft-";
    if (!threadName.starts_with(Prefix))
    {
        return std::nullopt;
    }
    threadName.remove_prefix(Prefix.size());
    std::size_t index = 0;
    const auto* const last = threadName.data() + threadName.size();
    const auto [end, error] = std::from_chars(threadName.data(), last, index);
    return error == std::errc() && end == last ? std::optional(index) : std::nullopt;
}

} // namespace

ReactorCpu::ReactorCpu(std::size_t reactorCount) : files(reactorCount)
{
    std::error_code ignored;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", ignored))
    {
        std::string name;
        std::ifstream nameFile(thread.path() / "comm");
        std::getline(nameFile, name);
        if (const auto reactor = reactorOf(name); reactor && *reactor < reactorCount)
        {
            files[*reactor] = thread.path() / "schedstat";
        }
    }
}

std::vector<std::chrono::nanoseconds> ReactorCpu::read() const
{
    std::vector<std::chrono::nanoseconds> times;
    for (const auto& path : files)
    {
        // Its first number is the time on a CPU in nanoseconds (sched-stats.rst).
        std::ifstream file(path);
        std::int64_t nanoseconds = 0;
        times.emplace_back(file >> nanoseconds ? nanoseconds : 0);
    }
    return times;
}

} // namespace weft::tools
