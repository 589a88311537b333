#pragma once

#include <weft/fibers/fiber.hpp>

#include <boost/fiber/condition_variable.hpp>

#include <cstddef>
#include <exception>
#include <mutex>
#include <stop_token>

namespace weft
{

/// Fibers that are stopped together and joined together, on any reactors. The destructor requests
/// a stop and joins. Any thread may call any member but the destructor.
class FiberGroup
{
public:
    FiberGroup() = default;

    FiberGroup(const FiberGroup&) = delete;
    FiberGroup& operator=(const FiberGroup&) = delete;

    /// Suspends.
    ~FiberGroup();

    /// As weft::spawnOn(); options.stop is replaced by the group's own.
    template <typename Function>
    void spawnOn(Scheduler& scheduler, SpawnOptions options, Function&& function)
    {
        options.stop = stopSource.get_token();
        fiberStarted();
        try
        {
            weft::spawnOn(scheduler, options, std::forward<Function>(function), this).detach();
        }
        catch (...)
        {
            fiberFinished(nullptr);
            throw;
        }
    }

    void requestStop() noexcept
    {
        stopSource.request_stop();
    }

    /// Returns when all fibers spawned so far, and those that they spawn here, have ended. Rethrows
    /// the first exception that escaped from one; the others are dropped. Suspends.
    void joinAll();

    /// Fibers that have not ended.
    std::size_t size() const;

private:
    friend class FiberRecord;

    void fiberStarted() noexcept;
    void fiberFinished(std::exception_ptr failure) noexcept;

    std::stop_source stopSource;
    mutable std::mutex mutex;
    boost::fibers::condition_variable_any changed;
    std::size_t running = 0;
    std::exception_ptr firstFailure;
};

} // namespace weft
