#include "thread_stat.hpp"

#include <cstdint>
#include <sstream>
#include <string>

namespace weft::tools
{

/// proc(5) tells the fields of the line; the name in parentheses may have spaces.
bool isIoWorker(std::string_view statLine)
{
    constexpr std::uint64_t IoWorkerFlag = 0x10; // PF_IO_WORKER
    std::istringstream fields(std::string(statLine.substr(statLine.rfind(')') + 1)));
    std::string skipped;
    std::uint64_t flags = 0;
    fields >> skipped >> skipped >> skipped >> skipped >> skipped >> skipped >> flags;
    return (flags & IoWorkerFlag) != 0;
}

} // namespace weft::tools
