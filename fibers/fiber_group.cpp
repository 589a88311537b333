#include <weft/fibers/fiber_group.hpp>

#include <utility>

namespace weft
{

FiberGroup::~FiberGroup()
{
    requestStop();
    std::unique_lock lock(mutex);
    changed.wait(lock,
                 [this]
                 {
                     return running == 0;
                 });
}

void FiberGroup::joinAll()
{
    std::unique_lock lock(mutex);
    changed.wait(lock,
                 [this]
                 {
                     return running == 0;
                 });
    if (auto failure = std::exchange(firstFailure, nullptr))
    {
        lock.unlock();
        std::rethrow_exception(failure);
    }
}

std::size_t FiberGroup::size() const
{
    const std::lock_guard lock(mutex);
    return running;
}

void FiberGroup::fiberStarted() noexcept
{
    const std::lock_guard lock(mutex);
    ++running;
}

void FiberGroup::fiberFinished(std::exception_ptr failure) noexcept
{
    // Under the lock to the end: when it is released the group may be gone.
    const std::lock_guard lock(mutex);
    if (failure && !firstFailure)
    {
        firstFailure = std::move(failure);
    }
    --running;
    changed.notify_all();
}

} // namespace weft
