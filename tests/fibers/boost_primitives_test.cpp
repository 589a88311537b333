#include "tests/support/runtime.hpp"

#include <boost/fiber/barrier.hpp>
#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/recursive_mutex.hpp>
#include <boost/fiber/recursive_timed_mutex.hpp>
#include <boost/fiber/timed_mutex.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

/// \file
/// Boost.Fiber's locks between two parties on one reactor, on two, and on a reactor and a plain
/// thread.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

constexpr int Rounds = 2000;

/// Loses increments when two parties are in the critical section at once, yet is no data race in
/// itself: ThreadSanitizer does not see into Boost's compiled locks.
class UnguardedCounter
{
public:
    void increment()
    {
        const auto before = value.load(std::memory_order_relaxed);
        boost::this_fiber::yield();
        value.store(before + 1, std::memory_order_relaxed);
    }

    int get() const
    {
        return value.load(std::memory_order_relaxed);
    }

private:
    std::atomic<int> value = 0;
};

class BoostPrimitives : public testing::TestWithParam<Placement>
{
};

template <typename Mutex>
int countUnderLock(Placement placement)
{
    Mutex mutex;
    UnguardedCounter counter;
    const auto party = [&]
    {
        for (int round = 0; round < Rounds; ++round)
        {
            const std::lock_guard lock(mutex);
            counter.increment();
        }
    };
    runBoth(placement, party, party);
    return counter.get();
}

template <typename Mutex>
int countUnderLockTakenTwice(Placement placement)
{
    Mutex mutex;
    UnguardedCounter counter;
    const auto party = [&]
    {
        for (int round = 0; round < Rounds; ++round)
        {
            const std::lock_guard outer(mutex);
            const std::lock_guard inner(mutex);
            counter.increment();
        }
    };
    runBoth(placement, party, party);
    return counter.get();
}

/// One holds the lock until the other has given up waiting for it.
template <typename Mutex>
bool timedLockGivesUp(Placement placement)
{
    Mutex mutex;
    boost::fibers::barrier locked(2);
    boost::fibers::barrier tried(2);
    bool obtained = true;
    runBoth(
        placement,
        [&]
        {
            const std::lock_guard lock(mutex);
            locked.wait();
            tried.wait();
        },
        [&]
        {
            locked.wait();
            obtained = mutex.try_lock_for(2ms);
            tried.wait();
        });
    return !obtained;
}

/// One waits with a far deadline for a lock that the other lets go.
template <typename Mutex>
bool timedLockIsObtained(Placement placement)
{
    Mutex mutex;
    boost::fibers::barrier locked(2);
    bool obtained = false;
    runBoth(
        placement,
        [&]
        {
            const std::lock_guard lock(mutex);
            locked.wait();
            boost::this_fiber::yield();
        },
        [&]
        {
            locked.wait();
            obtained = mutex.try_lock_for(1h);
            if (obtained)
            {
                mutex.unlock();
            }
        });
    return obtained;
}

} // namespace

TEST_P(BoostPrimitives, mutexExcludes)
{
    EXPECT_EQ(countUnderLock<boost::fibers::mutex>(GetParam()), 2 * Rounds);
}

TEST_P(BoostPrimitives, timedMutexExcludes)
{
    EXPECT_EQ(countUnderLock<boost::fibers::timed_mutex>(GetParam()), 2 * Rounds);
}

TEST_P(BoostPrimitives, recursiveMutexExcludesOthersOnly)
{
    EXPECT_EQ(countUnderLockTakenTwice<boost::fibers::recursive_mutex>(GetParam()), 2 * Rounds);
}

TEST_P(BoostPrimitives, recursiveTimedMutexExcludesOthersOnly)
{
    EXPECT_EQ(countUnderLockTakenTwice<boost::fibers::recursive_timed_mutex>(GetParam()),
              2 * Rounds);
}

TEST_P(BoostPrimitives, timedMutexGivesUpAtItsDeadline)
{
    EXPECT_TRUE(timedLockGivesUp<boost::fibers::timed_mutex>(GetParam()));
}

TEST_P(BoostPrimitives, recursiveTimedMutexGivesUpAtItsDeadline)
{
    EXPECT_TRUE(timedLockGivesUp<boost::fibers::recursive_timed_mutex>(GetParam()));
}

TEST_P(BoostPrimitives, timedMutexIsObtainedBeforeItsDeadline)
{
    EXPECT_TRUE(timedLockIsObtained<boost::fibers::timed_mutex>(GetParam()));
}

TEST_P(BoostPrimitives, conditionVariableHandsTurnsOver)
{
    boost::fibers::mutex mutex;
    boost::fibers::condition_variable changed;
    std::atomic<int> turn = 0; // under the mutex, which ThreadSanitizer does not see
    const auto takeTurns = [&](int own)
    {
        for (int round = 0; round < Rounds; ++round)
        {
            std::unique_lock lock(mutex);
            changed.wait(lock,
                         [&]
                         {
                             return turn.load() % 2 == own;
                         });
            turn.fetch_add(1);
            changed.notify_one();
        }
    };
    runBoth(
        GetParam(),
        [&]
        {
            takeTurns(0);
        },
        [&]
        {
            takeTurns(1);
        });
    EXPECT_EQ(turn.load(), 2 * Rounds);
}

TEST_P(BoostPrimitives, conditionVariableAnyWorksWithStandardMutex)
{
    std::mutex mutex;
    boost::fibers::condition_variable_any changed;
    int turn = 0;
    const auto takeTurns = [&](int own)
    {
        for (int round = 0; round < Rounds; ++round)
        {
            std::unique_lock lock(mutex);
            changed.wait(lock,
                         [&]
                         {
                             return turn % 2 == own;
                         });
            ++turn;
            changed.notify_all();
        }
    };
    runBoth(
        GetParam(),
        [&]
        {
            takeTurns(0);
        },
        [&]
        {
            takeTurns(1);
        });
    EXPECT_EQ(turn, 2 * Rounds);
}

TEST_P(BoostPrimitives, conditionVariableGivesUpAtItsDeadline)
{
    std::atomic<int> timeouts = 0;
    const auto party = [&]
    {
        boost::fibers::mutex mutex;
        boost::fibers::condition_variable never;
        std::unique_lock lock(mutex);
        if (!never.wait_for(lock, 2ms,
                            []
                            {
                                return false;
                            }))
        {
            timeouts.fetch_add(1);
        }
    };
    runBoth(GetParam(), party, party);
    EXPECT_EQ(timeouts.load(), 2);
}

TEST_P(BoostPrimitives, barrierLetsNobodyPassAlone)
{
    boost::fibers::barrier barrier(2);
    std::atomic<int> arrivals = 0;
    std::atomic<int> passedAlone = 0;
    const auto party = [&]
    {
        for (int round = 1; round <= Rounds; ++round)
        {
            arrivals.fetch_add(1);
            barrier.wait();
            if (arrivals.load() < 2 * round)
            {
                passedAlone.fetch_add(1);
            }
            barrier.wait();
        }
    };
    runBoth(GetParam(), party, party);
    EXPECT_EQ(passedAlone.load(), 0);
}

TEST_P(BoostPrimitives, sleepForLastsAtLeastAsLong)
{
    std::atomic<int> tooShort = 0;
    const auto party = [&]
    {
        const auto before = std::chrono::steady_clock::now();
        boost::this_fiber::sleep_for(5ms);
        if (std::chrono::steady_clock::now() - before < 5ms)
        {
            tooShort.fetch_add(1);
        }
    };
    runBoth(GetParam(), party, party);
    EXPECT_EQ(tooShort.load(), 0);
}

TEST_P(BoostPrimitives, sleepUntilEndsAfterItsMoment)
{
    std::atomic<int> tooEarly = 0;
    const auto party = [&]
    {
        const auto moment = std::chrono::steady_clock::now() + 5ms;
        boost::this_fiber::sleep_until(moment);
        if (std::chrono::steady_clock::now() < moment)
        {
            tooEarly.fetch_add(1);
        }
    };
    runBoth(GetParam(), party, party);
    EXPECT_EQ(tooEarly.load(), 0);
}

INSTANTIATE_TEST_SUITE_P(Between, BoostPrimitives,
                         testing::Values(Placement::OneReactor, Placement::TwoReactors,
                                         Placement::ReactorAndThread),
                         [](const auto& instance)
                         {
                             return std::string(toString(instance.param));
                         });

} // namespace weft
