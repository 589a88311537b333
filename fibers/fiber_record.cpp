#include <weft/fibers/fiber_group.hpp>
#include <weft/fibers/fiber_record.hpp>
#include <weft/fibers/scheduler.hpp>
#include <weft/memory/assert.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace weft
{

std::string_view toString(FiberState state) noexcept
{
    switch (state)
    {
    case FiberState::Queued:
        return "queued";
    case FiberState::Ready:
        return "ready";
    case FiberState::Running:
        return "running";
    case FiberState::Suspended:
        return "suspended";
    case FiberState::Finished:
        return "finished";
    }
    return "unknown";
}

FiberRecord::FiberRecord(Scheduler& owner, FiberId fiberId, std::string_view fiberName,
                         StackClass fiberStackClass) noexcept
    : home(&owner),
      identifier(fiberId),
      requestedStackClass(fiberStackClass)
{
    nameLength = static_cast<std::uint8_t>(std::min(fiberName.size(), NameBytesMax));
    std::copy_n(fiberName.begin(), nameLength, nameCharacters.begin());
}

void FiberRecord::followStopToken(std::stop_token token)
{
    WEFT_ASSERT(!followedStop);
    if (token.stop_possible())
    {
        followedStop.emplace(std::move(token), ForwardStop{this});
    }
}

void FiberRecord::run() noexcept
{
    try
    {
        invokeCallable(*this);
    }
    catch (...)
    {
        failure = std::current_exception();
    }
    // Waits for a stop callback that runs on another thread at this moment: it only posts.
    followedStop.reset();

    // Before anybody can have joined: the registry must not list a fiber that has been joined.
    line.setState(FiberState::Finished, home->turnTime());
    std::unique_lock lock(mutex);
    if (failure && detached && group == nullptr)
    {
        fmt::print(stderr, "weft: an exception escaped the detached fiber '{}'\n", name());
        std::rethrow_exception(failure);
    }
    finished = true;
    auto* joiner = std::exchange(joiners, nullptr);
    if (threadsJoin)
    {
        ended.notify_all();
    }
    lock.unlock();
    while (joiner != nullptr)
    {
        // Read before: one that is woken may be gone.
        auto& woken = *std::exchange(joiner, joiner->nextJoiner);
        if (&woken.scheduler == home)
        {
            home->makeReady(woken.context);
        }
        else
        {
            woken.scheduler.post(woken);
        }
    }
    if (group != nullptr)
    {
        group->fiberFinished(failure);
    }
}

void FiberRecord::requestStop() noexcept
{
    std::stop_source source{std::nostopstate};
    {
        const std::lock_guard lock(mutex);
        if (finished || std::exchange(stopBegun, true))
        {
            return;
        }
        source = stopSource;
    }
    // The token first, and outside the lock for its callbacks' sake: a fiber whose call has ended
    // with a stop must find its token stopped.
    if (source.stop_possible())
    {
        source.request_stop();
    }
    // Under the lock, so that the item is posted before the fiber can be seen to have finished and
    // its reactor to have gone.
    const std::lock_guard lock(mutex);
    stopFlag.store(true, std::memory_order_release);
    if (!finished)
    {
        addReference(); // for the item on its way; deliverStop drops it
        home->post(stopItem);
    }
}

std::stop_token FiberRecord::stopToken()
{
    const std::lock_guard lock(mutex);
    if (!stopSource.stop_possible())
    {
        stopSource = std::stop_source();
        // A stop that came before the source existed did not see it.
        if (stopBegun)
        {
            stopSource.request_stop();
        }
    }
    return stopSource.get_token();
}

FiberRecord::Joiner::Joiner(Scheduler& owner) noexcept
    : InboxItem(
          [](InboxItem& item) noexcept
          {
              auto& self = static_cast<Joiner&>(item);
              self.scheduler.makeReady(self.context);
          }),
      scheduler(owner),
      context(owner.activeContext())
{
}

void FiberRecord::wait()
{
    std::unique_lock lock(mutex);
    if (finished)
    {
        return;
    }
    if (auto* const scheduler = Scheduler::current())
    {
        Joiner joiner(*scheduler);
        joiner.nextJoiner = std::exchange(joiners, &joiner);
        lock.unlock();
        // The end of a fiber elsewhere comes through the inbox, which is read when we have
        // suspended.
        scheduler->suspend();
        return;
    }
    threadsJoin = true;
    ended.wait(lock,
               [this]
               {
                   return finished;
               });
}

bool FiberRecord::hasFinished() const noexcept
{
    const std::lock_guard lock(mutex);
    return finished;
}

void FiberRecord::detach() noexcept
{
    const std::lock_guard lock(mutex);
    detached = true;
}

bool FiberRecord::tryAddReference() noexcept
{
    auto count = references.load(std::memory_order_relaxed);
    while (count != 0)
    {
        if (references.compare_exchange_weak(count, count + 1, std::memory_order_relaxed))
        {
            return true;
        }
    }
    return false;
}

void FiberRecord::releaseReference() noexcept
{
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    {
        home->freeRecord(*this);
    }
}

void FiberRecord::deliverStart(InboxItem& item) noexcept
{
    auto& record = static_cast<Item&>(item).record;
    record.home->enqueueStart(record);
}

void FiberRecord::deliverStop(InboxItem& item) noexcept
{
    auto& record = static_cast<Item&>(item).record;
    if (record.waitListener != nullptr && record.stopShields == 0)
    {
        record.waitListener->stopArrived();
    }
    record.releaseReference();
}

void FiberRecord::bringForward(Deadline which) noexcept
{
    WEFT_ASSERT(which != NoDeadline);
    WEFT_ASSERT(Scheduler::current() == home);
    broughtForward = which;
    if (waitListener != nullptr)
    {
        waitListener->deadlineBroughtForward(which);
    }
}

std::size_t FiberRecord::stackUsedBytes() const noexcept
{
    const auto* const frame = line.frame.load(std::memory_order_acquire);
    return frame != nullptr
               ? static_cast<std::size_t>(stackTop.load(std::memory_order_relaxed) - frame)
               : 0;
}

} // namespace weft
