#pragma once

#include <weft/timers/clock.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace weft::simulation
{

/// What is to happen, by time; what was entered first goes first at the same time.
class Agenda
{
public:
    struct Entry
    {
        Clock::time_point time;
        std::uint64_t number = 0;
        /// For the trace; null for what the machine itself does.
        const char* what = nullptr;
        std::function<void()> happen;

        /// Whether another thread does it.
        bool isAction() const noexcept
        {
            return what != nullptr;
        }
    };

    void add(Clock::time_point time, const char* what, std::function<void()> happen)
    {
        entries.push_back({time, count++, what, std::move(happen)});
        std::ranges::push_heap(entries, later);
    }

    bool empty() const noexcept
    {
        return entries.empty();
    }

    /// NoDeadline when empty.
    Clock::time_point nextTime() const noexcept
    {
        return empty() ? NoDeadline : entries.front().time;
    }

    /// Not when empty.
    const Entry& next() const noexcept
    {
        return entries.front();
    }

    Entry take()
    {
        std::ranges::pop_heap(entries, later);
        auto entry = std::move(entries.back());
        entries.pop_back();
        return entry;
    }

private:
    static bool later(const Entry& left, const Entry& right) noexcept
    {
        return std::pair(left.time, left.number) > std::pair(right.time, right.number);
    }

    std::vector<Entry> entries; // a heap
    std::uint64_t count = 0;
};

} // namespace weft::simulation
