#include <weft/fibers/fiber_record.hpp>
#include <weft/fibers/idle_memory.hpp>
#include <weft/fibers/record_pool.hpp>
#include <weft/memory/stack_slab.hpp>

#include <algorithm>
#include <array>

namespace weft
{

namespace
{

/// What a switch may still have below the frame that is noted of it: the calls of Boost that save
/// the registers. Less than 200 bytes as GCC 12 compiles them (tests/reactor/idle_memory_test.cpp
/// sweeps the depth over a page); the rest is for other compilers and for sanitizers.
constexpr std::size_t BelowFrameBytes = 1024;

constexpr std::chrono::nanoseconds BetweenVisitsLeast = std::chrono::milliseconds(1);

} // namespace

void IdleMemory::visit(TimePoint now) noexcept
{
    if (place == 0)
    {
        foundOthers = false;
        betweenVisits = std::max<std::chrono::nanoseconds>(
            interval / (records.touched() / FibersInOneVisit + 1), BetweenVisitsLeast);
    }
    // Released when the pool is no longer locked: others spawn meanwhile. A fiber that waits does
    // not end before this thread resumes it.
    std::array<FiberRecord*, FibersInOneVisit> idle;
    std::size_t idleCount = 0;
    place = records.forSome(place, FibersInOneVisit,
                            [&](FiberRecord& record)
                            {
                                const auto [state, since] = record.line.stateAndSince();
                                if (state == FiberState::Suspended && now - since >= interval)
                                {
                                    if (record.memoryReleasedFor != since)
                                    {
                                        idle[idleCount++] = &record;
                                    }
                                }
                                else if (state != FiberState::Finished)
                                {
                                    foundOthers = true;
                                }
                            });
    for (std::size_t index = 0; index < idleCount; ++index)
    {
        release(*idle[index]);
    }
    const bool roundHasEnded = place == 0;
    next = roundHasEnded && !foundOthers ? TimePoint::max() : now + betweenVisits;
}

void IdleMemory::release(FiberRecord& record) const noexcept
{
    record.memoryReleasedFor = record.line.stateAndSince().since;
    const auto* const frame = record.line.frame.load(std::memory_order_relaxed);
    stacks.releaseBelow(record.stack, frame - BelowFrameBytes);
    if (record.waitListener != nullptr)
    {
        record.waitListener->releaseIdleMemory();
    }
}

} // namespace weft
