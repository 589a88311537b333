#include "tests/fuzz/fuzz_target.hpp"
#include "thread_stat.hpp"

#include <fmt/format.h>

/// A line of /proc/.../stat. The input is the name of a thread, which may be anything, and then a
/// line of its own.

namespace weft::fuzz
{

namespace
{

void checkThreadStat(std::string_view input)
{
    tools::isIoWorker(input);
    constexpr std::string_view After = " S 1 7170 7170 0 -1 ";
    const auto worker = fmt::format("7171 ({}){}{} 0 0", input, After, 0x4208040 | 0x10);
    require(tools::isIoWorker(worker), "a worker of io_uring is one, whatever its name", worker);
    const auto other = fmt::format("7171 ({}){}{} 0 0", input, After, 0x4208040);
    require(!tools::isIoWorker(other), "another thread is none, whatever its name", other);
}

} // namespace

} // namespace weft::fuzz

WEFT_FUZZ_TARGET(thread_stat, weft::fuzz::checkThreadStat)
