#pragma once

#include <weft/memory/io_buffer_pool.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

/// \file
/// Who takes part in the tests of the buffer pools.

namespace weft
{

/// Bounds every wait of a test, so that a lost wake-up fails instead of hanging.
constexpr std::chrono::seconds Patience{60};

/// Keeps what it is granted, and may write its name in a log.
class KeepingWaiter final : public BufferWaiter
{
public:
    KeepingWaiter() noexcept = default;

    KeepingWaiter(std::string ownName, std::vector<std::string>& grantLog)
        : name(std::move(ownName)),
          log(&grantLog)
    {
    }

    void bufferGranted(IoBuffer granted) noexcept override
    {
        buffer = std::move(granted);
        ++grantCount;
        if (log != nullptr)
        {
            log->push_back(name);
        }
    }

    IoBuffer buffer;
    int grantCount = 0;

private:
    std::string name;
    std::vector<std::string>* log = nullptr;
};

/// Counts its calls; for tests of one thread.
class CountingSignal final : public ReturnSignal
{
public:
    void buffersReturned() noexcept override
    {
        ++callCount;
    }

    int callCount = 0;
};

/// What a parked reactor does: the owner sleeps until the signal was called.
class ParkingSignal final : public ReturnSignal
{
public:
    void buffersReturned() noexcept override
    {
        {
            const std::lock_guard lock(mutex);
            raised = true;
        }
        wake.notify_one();
    }

    /// False when the signal did not come.
    bool park()
    {
        std::unique_lock lock(mutex);
        const bool came = wake.wait_for(lock, Patience,
                                        [this]
                                        {
                                            return raised;
                                        });
        raised = false;
        return came;
    }

private:
    std::mutex mutex;
    std::condition_variable wake;
    bool raised = false;
};

/// Carries buffers to the threads that release them.
class BufferQueue
{
public:
    void push(IoBuffer buffer)
    {
        {
            const std::lock_guard lock(mutex);
            buffers.push_back(std::move(buffer));
        }
        changed.notify_one();
    }

    /// Whoever pops finds nothing any more once the queue is empty.
    void finish()
    {
        {
            const std::lock_guard lock(mutex);
            finished = true;
        }
        changed.notify_all();
    }

    /// Waits for a buffer; one that is empty means finished.
    IoBuffer pop()
    {
        std::unique_lock lock(mutex);
        changed.wait(lock,
                     [this]
                     {
                         return finished || !buffers.empty();
                     });
        if (buffers.empty())
        {
            return IoBuffer{};
        }
        IoBuffer buffer = std::move(buffers.front());
        buffers.pop_front();
        return buffer;
    }

private:
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<IoBuffer> buffers;
    bool finished = false;
};

inline IoBufferPoolOptions ioPoolOf(std::uint32_t bufferCount)
{
    return IoBufferPoolOptions{.name = "io-0", .bufferCount = bufferCount, .bufferSizeBytes = 4096};
}

/// A reservation that must not be refused.
inline BufferReservation reserveIn(IoBufferPool& pool, std::string_view sourceName = "source")
{
    return std::move(pool.reserve(sourceName).value());
}

/// One that may take every buffer that is free.
inline BufferReservation reserveUnlimitedIn(IoBufferPool& pool,
                                            std::string_view sourceName = "hoarder")
{
    return std::move(
        pool.reserve(sourceName, {.buffersInFlightMax = std::numeric_limits<std::uint32_t>::max()})
            .value());
}

/// Takes for that source all that it can get now.
inline std::vector<IoBuffer> takeAll(IoBufferPool& pool, BufferReservation& reservation)
{
    std::vector<IoBuffer> taken;
    while (auto buffer = pool.tryAcquire(reservation))
    {
        taken.push_back(std::move(*buffer));
    }
    return taken;
}

} // namespace weft
