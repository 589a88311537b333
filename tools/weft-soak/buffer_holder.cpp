#include "buffer_holder.hpp"

#include <weft/memory/assert.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include <pthread.h>

namespace weft::soak
{

BufferHolder::BufferHolder()
{
    for (std::size_t index = 0; index < ThreadCount; ++index)
    {
        threads.emplace_back(
            [this]
            {
                ::pthread_setname_np(::pthread_self(), "soak-holder");
                run();
            });
    }
}

BufferHolder::~BufferHolder()
{
    {
        const std::lock_guard lock(mutex);
        stopping = true;
    }
    changed.notify_all();
    for (auto& thread : threads)
    {
        thread.join();
    }
}

void BufferHolder::use(ComputePool* pool)
{
    const std::lock_guard lock(mutex);
    WEFT_ASSERT(held.empty());
    compute = pool;
}

void BufferHolder::hold(IoBuffer buffer, Clock::time_point until, Count count)
{
    count->fetch_add(1);
    {
        const std::lock_guard lock(mutex);
        ++total;
        ComputeBuffer computeBuffer;
        if (auto taken = compute != nullptr ? compute->tryAcquire() : std::nullopt)
        {
            const auto size = std::min(buffer.sizeBytes(), taken->capacityBytes());
            std::copy_n(buffer.bytes().begin(), size, taken->writable().begin());
            computeBuffer = std::move(*taken);
        }
        held.push_back({until, std::move(buffer), std::move(computeBuffer), std::move(count)});
        std::ranges::push_heap(held, later);
    }
    changed.notify_one();
}

void BufferHolder::releaseAll()
{
    std::vector<Held> released;
    const std::lock_guard lock(mutex);
    released.swap(held);
    for (const auto& each : released)
    {
        each.count->fetch_sub(1);
    }
}

std::uint64_t BufferHolder::heldSoFar() const
{
    const std::lock_guard lock(mutex);
    return total;
}

bool BufferHolder::later(const Held& left, const Held& right) noexcept
{
    return left.until > right.until;
}

void BufferHolder::run()
{
    std::unique_lock lock(mutex);
    while (!stopping)
    {
        if (held.empty())
        {
            changed.wait(lock);
        }
        else if (const auto until = held.front().until; until > Clock::now())
        {
            changed.wait_until(lock, until);
        }
        else
        {
            std::ranges::pop_heap(held, later);
            std::optional released(std::move(held.back()));
            held.pop_back();
            lock.unlock();
            released->count->fetch_sub(1);
            released.reset(); // with nothing locked: giving back may wake a source
            lock.lock();
        }
    }
}

} // namespace weft::soak
