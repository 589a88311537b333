#include "prompter.hpp"

#include <algorithm>
#include <utility>

#include <pthread.h>

namespace weft::soak
{

Prompter::Prompter()
    : thread(
          [this]
          {
              ::pthread_setname_np(::pthread_self(), "soak-prompter");
              run();
          })
{
}

Prompter::~Prompter()
{
    {
        const std::lock_guard lock(mutex);
        stopping = true;
    }
    changed.notify_all();
    thread.join();
}

Prompter::Id Prompter::add(Clock::time_point due, Function function)
{
    const std::lock_guard lock(mutex);
    entries.push_back({due, ++lastId, std::move(function)});
    std::ranges::push_heap(entries, later);
    changed.notify_one();
    return lastId;
}

void Prompter::remove(Id id)
{
    const std::lock_guard lock(mutex);
    if (std::erase_if(entries,
                      [id](const Entry& entry)
                      {
                          return entry.id == id;
                      }) > 0)
    {
        std::ranges::make_heap(entries, later);
    }
}

bool Prompter::later(const Entry& left, const Entry& right) noexcept
{
    return left.due > right.due;
}

void Prompter::run()
{
    std::unique_lock lock(mutex);
    while (!stopping)
    {
        if (entries.empty())
        {
            changed.wait(lock);
        }
        else if (const auto due = entries.front().due; due > Clock::now())
        {
            changed.wait_until(lock, due);
        }
        else
        {
            callFirst();
            // Others get their turn with the lock, however much is due.
            lock.unlock();
            lock.lock();
        }
    }
}

void Prompter::callFirst()
{
    std::ranges::pop_heap(entries, later);
    if (const auto next = entries.back().function())
    {
        entries.back().due = *next;
        std::ranges::push_heap(entries, later);
    }
    else
    {
        entries.pop_back();
    }
}

} // namespace weft::soak
