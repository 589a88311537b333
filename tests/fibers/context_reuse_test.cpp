#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/runtime.hpp"

#include <boost/fiber/barrier.hpp>
#include <boost/fiber/fss.hpp>
#include <boost/fiber/future.hpp>
#include <boost/fiber/operations.hpp>
#include <gtest/gtest.h>

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <vector>

/// \file
/// A context stays on its stack when its fiber has ended, for the next one. Nothing of the last
/// fiber may be found by it.

namespace weft
{

namespace
{

/// What `body` returns on a fiber of its own, started and joined by the calling one.
template <typename Body>
auto onNextFiber(Body body)
{
    decltype(body()) result{};
    spawn({.name = "next", .stack = StackClass::Large},
          [&result, &body]
          {
              result = body();
          })
        .join();
    return result;
}

/// Counts how many there are.
class Counted
{
public:
    explicit Counted(int& counter) : count(counter)
    {
        ++count;
    }

    ~Counted()
    {
        --count;
    }

    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

private:
    int& count;
};

} // namespace

TEST(ContextReuse, nextFiberRunsOnTheContextOfTheLast)
{
    Runtime runtime(smallRuntime());
    onFiber(runtime,
            []
            {
                const auto first = onNextFiber(boost::this_fiber::get_id);
                EXPECT_EQ(onNextFiber(boost::this_fiber::get_id), first);
                EXPECT_NE(onNextFiber(this_fiber::id), onNextFiber(this_fiber::id));
            });
}

TEST(ContextReuse, fiberSpecificValueEndsWithItsFiber)
{
    Runtime runtime(smallRuntime());
    onFiber(runtime,
            []
            {
                int alive = 0;
                boost::fibers::fiber_specific_ptr<Counted> value;
                for (int round = 0; round < 3; ++round)
                {
                    const bool found = onNextFiber(
                        [&]
                        {
                            const bool wasThere = value.get() != nullptr;
                            value.reset(new Counted(alive));
                            EXPECT_EQ(alive, 1);
                            return wasThere;
                        });
                    EXPECT_FALSE(found);
                    EXPECT_EQ(alive, 0);
                }
            });
}

TEST(ContextReuse, exceptionOfTheLastFiberIsNotTheNextOnes)
{
    Runtime runtime(smallRuntime());
    onFiber(runtime,
            []
            {
                auto failing = spawn({.name = "failing", .stack = StackClass::Large},
                                     []
                                     {
                                         throw std::runtime_error("on purpose");
                                     });
                EXPECT_THROW(failing.join(), std::runtime_error);
                const bool clean = onNextFiber(
                    []
                    {
                        return std::current_exception() == nullptr &&
                               std::uncaught_exceptions() == 0;
                    });
                EXPECT_TRUE(clean);
            });
}

TEST(ContextReuse, exceptionThatASuspendedFiberHadCaughtIsNotTheNextOnes)
{
    Runtime runtime(smallRuntime());
    onFiber(runtime,
            []
            {
                onNextFiber(
                    []
                    {
                        try
                        {
                            throw std::runtime_error("on purpose");
                        }
                        catch (const std::runtime_error&)
                        {
                            this_fiber::yield();
                            return std::current_exception() != nullptr;
                        }
                    });
                EXPECT_TRUE(onNextFiber(
                    []
                    {
                        return std::current_exception() == nullptr;
                    }));
            });
}

TEST(ContextReuse, stopOfTheLastFiberIsNotTheNextOnes)
{
    Runtime runtime(smallRuntime());
    onFiber(runtime,
            []
            {
                auto stopped = spawn({.name = "stopped", .stack = StackClass::Large},
                                     []
                                     {
                                         (void)io::sleepUntil(NoDeadline);
                                     });
                this_fiber::yield();
                stopped.requestStop();
                stopped.join();
                EXPECT_FALSE(onNextFiber(this_fiber::stopRequested));
            });
}

TEST(ContextReuse, contextsThatWaitForAFiberEndWithTheReactor)
{
    for (int round = 0; round < 3; ++round)
    {
        Runtime runtime(smallRuntime());
        onFiber(runtime,
                []
                {
                    // More than the loop has switches in a turn, all there at once.
                    constexpr std::size_t FiberCount = 500;
                    boost::fibers::barrier allThere(FiberCount);
                    std::vector<Fiber> fibers;
                    for (std::size_t index = 0; index < FiberCount; ++index)
                    {
                        fibers.push_back(spawn({.name = "one of many"},
                                               [&allThere]
                                               {
                                                   allThere.wait();
                                               }));
                    }
                    for (auto& fiber : fibers)
                    {
                        fiber.join();
                    }
                });
    }
}

TEST(ContextReuse, reactorEndsWithContextsOfAllKinds)
{
    boost::fibers::fiber_specific_ptr<int> value;
    boost::fibers::future<int> late;
    {
        Runtime runtime(smallRuntime());
        for (const auto stackClass : StackClasses)
        {
            runtime.spawn({.name = "kept", .stack = stackClass}, [] {}).join();
        }
        onFiber(runtime,
                [&]
                {
                    value.reset(new int(1));
                    late = boost::fibers::async(
                        []
                        {
                            for (int round = 0; round < 1000; ++round)
                            {
                                boost::this_fiber::yield();
                            }
                            return 2;
                        });
                });
    }
    EXPECT_EQ(late.get(), 2) << "it has outlived the last fiber of ours";
}

} // namespace weft
