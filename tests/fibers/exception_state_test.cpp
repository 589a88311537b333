#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/runtime.hpp"

#include <boost/fiber/barrier.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <stdexcept>
#include <string>

/// \file
/// The C++ runtime keeps caught and uncaught exceptions for each thread; a fiber needs its own.

namespace weft
{

namespace
{

constexpr int Fibers = 50;

/// Suspends in its destructor and notes how many exceptions were in flight afterwards.
class SuspendsWhenDestroyed
{
public:
    explicit SuspendsWhenDestroyed(std::atomic<int>& wrongCounts) : wrong(wrongCounts)
    {
    }

    ~SuspendsWhenDestroyed()
    {
        const int before = std::uncaught_exceptions();
        this_fiber::yield();
        (void)io::sleepFor(std::chrono::microseconds(100));
        if (before != 1 || std::uncaught_exceptions() != 1)
        {
            ++wrong;
        }
    }

private:
    std::atomic<int>& wrong;
};

/// Runs the same fiber many times at once on one reactor.
template <typename Function>
void runMany(Function function)
{
    Runtime runtime(smallRuntime());
    FiberGroup group;
    for (int index = 0; index < Fibers; ++index)
    {
        runtime.spawn(group, {.stack = StackClass::Medium},
                      [&function, index]
                      {
                          function(index);
                      });
    }
    group.joinAll();
}

} // namespace

TEST(ExceptionState, fibersSuspendedInCatchRethrowTheirOwn)
{
    boost::fibers::barrier allInCatch(Fibers);
    std::atomic<int> ownRethrown = 0;
    runMany(
        [&](int index)
        {
            try
            {
                try
                {
                    throw index;
                }
                catch (int)
                {
                    allInCatch.wait();
                    throw;
                }
            }
            catch (int rethrown)
            {
                ownRethrown += rethrown == index ? 1 : 0;
            }
        });
    EXPECT_EQ(ownRethrown.load(), Fibers);
}

TEST(ExceptionState, nestedCatchesUnwindInTheirOwnOrder)
{
    boost::fibers::barrier allInCatch(Fibers);
    std::atomic<int> right = 0;
    runMany(
        [&](int index)
        {
            try
            {
                throw std::runtime_error("outer " + std::to_string(index));
            }
            catch (const std::runtime_error& outer)
            {
                try
                {
                    throw std::logic_error("inner " + std::to_string(index));
                }
                catch (const std::logic_error& inner)
                {
                    allInCatch.wait();
                    right += inner.what() == "inner " + std::to_string(index) ? 1 : 0;
                }
                this_fiber::yield();
                right += outer.what() == "outer " + std::to_string(index) ? 1 : 0;
            }
        });
    EXPECT_EQ(right.load(), 2 * Fibers);
}

TEST(ExceptionState, currentExceptionIsTheFibersOwn)
{
    boost::fibers::barrier allInCatch(Fibers);
    std::atomic<int> own = 0;
    runMany(
        [&](int index)
        {
            try
            {
                throw index;
            }
            catch (int)
            {
                allInCatch.wait();
                try
                {
                    std::rethrow_exception(std::current_exception());
                }
                catch (int current)
                {
                    own += current == index ? 1 : 0;
                }
            }
        });
    EXPECT_EQ(own.load(), Fibers);
}

TEST(ExceptionState, fiberThatHasCaughtNothingSeesNoException)
{
    Runtime runtime(smallRuntime());
    boost::fibers::barrier inCatch(2);
    boost::fibers::barrier looked(2);
    auto catcher = runtime.spawn({},
                                 [&]
                                 {
                                     try
                                     {
                                         throw 1;
                                     }
                                     catch (int)
                                     {
                                         inCatch.wait();
                                         looked.wait();
                                     }
                                 });
    const bool clean = onFiber(runtime,
                               [&]
                               {
                                   inCatch.wait();
                                   const bool none = std::current_exception() == nullptr;
                                   looked.wait();
                                   return none;
                               });
    catcher.join();
    EXPECT_TRUE(clean);
}

TEST(ExceptionState, fiberSuspendedWhileUnwindingCountsItsOwnException)
{
    std::atomic<int> wrong = 0;
    runMany(
        [&wrong](int index)
        {
            try
            {
                const SuspendsWhenDestroyed unwound(wrong);
                throw index;
            }
            catch (int)
            {
            }
        });
    EXPECT_EQ(wrong.load(), 0);
}

TEST(ExceptionState, fiberSpawnedWhileAnotherUnwindsHasNoExceptionInFlight)
{
    struct SpawnsWhenDestroyed
    {
        int& inFlight;

        ~SpawnsWhenDestroyed()
        {
            spawn({},
                  [this]
                  {
                      inFlight = std::uncaught_exceptions();
                  })
                .join();
        }
    };

    Runtime runtime(smallRuntime());
    int inFlight = -1;
    onFiber(runtime,
            [&inFlight]
            {
                try
                {
                    const SpawnsWhenDestroyed unwound{inFlight};
                    throw 1;
                }
                catch (int)
                {
                }
            });
    EXPECT_EQ(inFlight, 0);
}

TEST(ExceptionState, thousandsOfThrowsAcrossSwitchesAllArrive)
{
    std::atomic<int> caught = 0;
    runMany(
        [&caught](int)
        {
            for (int round = 0; round < 200; ++round)
            {
                try
                {
                    this_fiber::yield();
                    throw round;
                }
                catch (int thrown)
                {
                    this_fiber::yield();
                    caught += thrown == round ? 1 : 0;
                }
            }
        });
    EXPECT_EQ(caught.load(), Fibers * 200);
}

} // namespace weft
