#include <weft/fibers/fiber.hpp>
#include <weft/fibers/scheduler.hpp>

#include <boost/fiber/condition_variable.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <semaphore>
#include <thread>
#include <utility>

/// \file
/// The hand-shake between a reactor that parks and a thread that has work for it, brought to its
/// narrowest moments by a driver that plays the I/O.

namespace weft
{

namespace
{

/// Runs a scheduler whose driver does nothing but what the test asks for.
class PlayedReactor : private ReactorDriver
{
public:
    /// Called once, after the scheduler has looked at its inbox and before it publishes that it
    /// parks.
    std::function<void()> beforeParking;

    void start()
    {
        thread = std::jthread(
            [this]
            {
                scheduler->enter(*this);
                scheduler->runUntilExit();
                scheduler->leave();
            });
    }

    void end()
    {
        scheduler->allowExit();
        thread.join();
    }

    /// Returns when the scheduler sleeps.
    void awaitParked()
    {
        parkBegun.acquire();
    }

    /// Whether the scheduler fell asleep although work had come before.
    bool sleptOverWork() const
    {
        return parksAfterWork != 0;
    }

    boost::intrusive_ptr<Scheduler> scheduler{
        new Scheduler({.stacks = {.stacks = {8, 1, 1}}, .recordsMax = 16})};

private:
    TimePoint now() noexcept override
    {
        return std::chrono::steady_clock::now();
    }

    void turn(bool fibersAreReady) noexcept override
    {
        workHasCome = false; // what had come by the last turn has been taken in
        if (!fibersAreReady && beforeParking)
        {
            std::exchange(beforeParking, nullptr)();
            workHasCome = true;
        }
    }

    void park(TimePoint) noexcept override
    {
        if (std::exchange(workHasCome, false))
        {
            // Awake at once, so that the test ends and tells.
            ++parksAfterWork;
            return;
        }
        parkBegun.release();
        woken.acquire();
    }

    void wake() noexcept override
    {
        woken.release();
    }

    bool workHasCome = false;
    std::atomic<int> parksAfterWork = 0;
    std::counting_semaphore<> parkBegun{0};
    std::counting_semaphore<> woken{0};
    std::jthread thread;
};

void onAnotherThread(const std::function<void()>& function)
{
    std::jthread(function).join();
}

} // namespace

TEST(Park, mustNotSleepOverASpawnThatCameAfterTheInboxWasRead)
{
    PlayedReactor reactor;
    Fiber fiber;
    reactor.beforeParking = [&]
    {
        onAnotherThread(
            [&]
            {
                fiber = spawnOn(*reactor.scheduler, {}, [] {});
            });
    };
    reactor.start();
    reactor.awaitParked();
    fiber.join();
    reactor.end();
    EXPECT_FALSE(reactor.sleptOverWork());
}

TEST(Park, mustNotSleepOverANotificationThatCameAfterBoostsQueueWasRead)
{
    PlayedReactor reactor;
    std::mutex mutex;
    boost::fibers::condition_variable_any changed;
    bool notified = false;
    auto fiber = spawnOn(*reactor.scheduler, {},
                         [&]
                         {
                             std::unique_lock lock(mutex);
                             changed.wait(lock,
                                          [&]
                                          {
                                              return notified;
                                          });
                         });
    reactor.beforeParking = [&]
    {
        onAnotherThread(
            [&]
            {
                const std::lock_guard lock(mutex);
                notified = true;
                changed.notify_one();
            });
    };
    reactor.start();
    fiber.join();
    reactor.end();
    EXPECT_FALSE(reactor.sleptOverWork());
}

TEST(Park, isEndedByASpawn)
{
    PlayedReactor reactor;
    reactor.start();
    reactor.awaitParked();
    bool ran = false;
    spawnOn(*reactor.scheduler, {},
            [&ran]
            {
                ran = true;
            })
        .join();
    reactor.end();
    EXPECT_TRUE(ran);
}

TEST(Park, isEndedByPermissionToExit)
{
    PlayedReactor reactor;
    reactor.start();
    reactor.awaitParked();
    EXPECT_NO_THROW(reactor.end());
}

} // namespace weft
