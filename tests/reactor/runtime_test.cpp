#include <weft/reactor/io.hpp>
#include <weft/reactor/usable_cpus.hpp>

#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace weft
{

namespace
{

/// The CPUs that the calling thread may run on.
std::vector<int> allowedCpus()
{
    cpu_set_t set;
    ::sched_getaffinity(0, sizeof(set), &set);
    std::vector<int> cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    {
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &set))
        {
            cpus.push_back(cpu);
        }
    }
    return cpus;
}

/// Starts a runtime with two reactors and three descriptors to spare, which is enough for one,
/// prints what it says and ends the process.
[[noreturn]] void startWithFewDescriptors()
{
    const rlimit limit = {.rlim_cur = 64, .rlim_max = 64};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    std::vector<OwnedDescriptor> occupied;
    for (int descriptor = 0; (descriptor = ::dup(STDERR_FILENO)) >= 0;)
    {
        occupied.emplace_back(descriptor);
    }
    occupied.resize(occupied.size() - 3);
    try
    {
        const Runtime runtime(smallRuntime(2));
        std::exit(0);
    }
    catch (const std::system_error& error)
    {
        std::fprintf(stderr, "%s\n", error.what());
        std::exit(1);
    }
}

} // namespace

TEST(Runtime, isTheCurrentOneWhileItLives)
{
    Runtime runtime(smallRuntime());
    EXPECT_EQ(Runtime::current(), &runtime);
}

TEST(Runtime, isForgottenWhenItEnds)
{
    {
        const Runtime runtime(smallRuntime());
    }
    EXPECT_EQ(Runtime::current(), nullptr);
}

TEST(Runtime, secondOneIsALogicError)
{
    const Runtime runtime(smallRuntime());
    EXPECT_THROW(Runtime{smallRuntime()}, std::logic_error);
}

TEST(Runtime, secondOneDoesNotDisturbTheFirst)
{
    Runtime runtime(smallRuntime());
    EXPECT_THROW(Runtime{smallRuntime()}, std::logic_error);
    EXPECT_EQ(onFiber(runtime,
                      []
                      {
                          return 42;
                      }),
              42);
}

TEST(Runtime, nextOneMayFollow)
{
    int answers = 0;
    for (int round = 0; round < 20; ++round)
    {
        Runtime runtime(smallRuntime(2));
        answers += onFiber(runtime,
                           []
                           {
                               return 1;
                           });
    }
    EXPECT_EQ(answers, 20);
}

TEST(Runtime, badOptionIsRefusedAndTheNextRuntimeStarts)
{
    auto options = smallRuntime();
    options.offloadThreads = 0;
    EXPECT_THROW(Runtime{options}, InvalidOption);
    EXPECT_NO_THROW(Runtime{smallRuntime()});
}

TEST(Runtime, byDefaultHasAReactorForEachUsableCpu)
{
    auto options = onTestEngine({});
    options.buffersPerReactor = 64;
    const Runtime runtime(options);
    EXPECT_EQ(runtime.reactorCount(), findUsableCpus().reactorCount());
}

TEST(Runtime, pinsEachReactorToOneCpu)
{
    Runtime runtime(smallRuntime());
    const auto cpus = onFiber(runtime, allowedCpus);
    EXPECT_EQ(cpus, std::vector{findUsableCpus().cpus.front()});
}

TEST(Runtime, pinsToTheCpusThatAreNamed)
{
    const int last = findUsableCpus().cpus.back();
    auto options = smallRuntime();
    options.cpus = {last};
    Runtime runtime(options);
    EXPECT_EQ(onFiber(runtime,
                      []
                      {
                          return ::sched_getcpu();
                      }),
              last);
}

TEST(Runtime, unpinnedReactorMayRunAnywhere)
{
    auto options = smallRuntime();
    options.pin = false;
    Runtime runtime(options);
    EXPECT_EQ(onFiber(runtime, allowedCpus), findUsableCpus().cpus);
}

TEST(Runtime, countsItsThreads)
{
    const Runtime runtime(smallRuntime(2));
    EXPECT_EQ(runtime.threadCount(), 2U);
}

TEST(Runtime, statisticsTellOfEachReactor)
{
    Runtime runtime(smallRuntime(2));
    onFiber(
        runtime, [] {}, testFiber("test", 1));
    EXPECT_EQ(runtime.statistics().at(1).stacks[2].highWater, 1U);
}

TEST(Runtime, leavesNoDescriptorBehind)
{
    const auto before = openDescriptorCount();
    {
        Runtime runtime(smallRuntime(2));
        onFiber(runtime,
                []
                {
                    (void)io::sleepFor(std::chrono::microseconds(1));
                });
    }
    EXPECT_EQ(openDescriptorCount(), before);
}

TEST(RuntimeDeathTest, withoutDescriptorsSaysWhatToDo)
{
#if defined(WEFT_ADDRESS_SANITIZER)
    GTEST_SKIP() << "UndefinedBehaviorSanitizer needs descriptors to look at an object's type";
#endif
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(startWithFewDescriptors(), testing::ExitedWithCode(1), "raise 'ulimit -n'");
}

} // namespace weft
