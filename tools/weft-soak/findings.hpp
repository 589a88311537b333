#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace weft::soak
{

/// What went against a contract. Any thread may add; the first ones are kept.
class Findings
{
public:
    static constexpr std::size_t KeptMax = 20;

    /// `where`: the source, or what was looked at. `what`: expected and found.
    void add(const std::string& where, const std::string& what);

    std::size_t count() const noexcept
    {
        return total.load(std::memory_order_relaxed);
    }

    std::vector<std::string> kept() const;

private:
    std::atomic<std::size_t> total = 0;
    mutable std::mutex mutex;
    std::vector<std::string> lines;
};

} // namespace weft::soak
