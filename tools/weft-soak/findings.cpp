#include "findings.hpp"

#include "best_effort_print.hpp"

namespace weft::soak
{

void Findings::add(const std::string& where, const std::string& what)
{
    const std::lock_guard lock(mutex);
    total.fetch_add(1, std::memory_order_relaxed);
    if (lines.size() < KeptMax)
    {
        lines.push_back(where + ": " + what);
        tools::printBestEffort(stderr, "violation: {}\n", lines.back());
    }
}

std::vector<std::string> Findings::kept() const
{
    const std::lock_guard lock(mutex);
    return lines;
}

} // namespace weft::soak
