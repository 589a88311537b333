#include <weft/reactor/runtime_options.hpp>
#include <weft/reactor/usable_cpus.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>

/// \file
/// Every option that cannot be used is refused with its name, its value and what is allowed.

namespace weft
{

namespace
{

struct BadOption
{
    std::string test;
    std::function<void(RuntimeOptions&)> spoil;
    std::string message;
};

class BadRuntimeOption : public testing::TestWithParam<BadOption>
{
};

} // namespace

TEST_P(BadRuntimeOption, isRefusedWithNameValueAndWhatIsAllowed)
{
    RuntimeOptions options;
    GetParam().spoil(options);
    try
    {
        (void)options.resolved();
        FAIL() << "not refused";
    }
    catch (const InvalidOption& error)
    {
        EXPECT_EQ(error.what(), GetParam().message);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Of, BadRuntimeOption,
    testing::Values(BadOption{"reactors",
                              [](RuntimeOptions& options)
                              {
                                  options.reactors = 5000;
                              },
                              "option reactors is 5000; allowed: 1 to 1024"},
                    BadOption{"buffersPerReactor",
                              [](RuntimeOptions& options)
                              {
                                  options.buffersPerReactor = 0;
                              },
                              "option buffers_per_reactor is 0; allowed: 1 to 16777216"},
                    BadOption{"threadBuffers",
                              [](RuntimeOptions& options)
                              {
                                  options.threadBuffers = 16777217;
                              },
                              "option thread_buffers is 16777217; allowed: 0 to 16777216"},
                    BadOption{"bufferSizeTooSmall",
                              [](RuntimeOptions& options)
                              {
                                  options.bufferSizeBytes = 63;
                              },
                              "option buffer_size is 63; allowed: 64 to 67108864"},
                    BadOption{"bufferSizeTooLarge",
                              [](RuntimeOptions& options)
                              {
                                  options.bufferSizeBytes = 67'108'865;
                              },
                              "option buffer_size is 67108865; allowed: 64 to 67108864"},
                    BadOption{"computeBuffers",
                              [](RuntimeOptions& options)
                              {
                                  options.computeBuffers = 1U << 30;
                              },
                              "option compute_buffers is 1073741824; allowed: 0 to 16777216"},
                    BadOption{"smallStacks",
                              [](RuntimeOptions& options)
                              {
                                  options.stacksPerReactor[0] = 0;
                              },
                              "option stacks.small is 0; allowed: 1 to 4194304"},
                    BadOption{"mediumStacks",
                              [](RuntimeOptions& options)
                              {
                                  options.stacksPerReactor[1] = 0;
                              },
                              "option stacks.medium is 0; allowed: 1 to 4194304"},
                    BadOption{"largeStacks",
                              [](RuntimeOptions& options)
                              {
                                  options.stacksPerReactor[2] = 5'000'000;
                              },
                              "option stacks.large is 5000000; allowed: 1 to 4194304"},
                    BadOption{"spawnQueue",
                              [](RuntimeOptions& options)
                              {
                                  options.spawnQueuePerReactor = 0;
                              },
                              "option spawn_queue is 0; allowed: 1 to 4194304"},
                    BadOption{"submissionEntries",
                              [](RuntimeOptions& options)
                              {
                                  options.submissionEntries = 1;
                              },
                              "option submission_entries is 1; allowed: 2 to 32768"},
                    BadOption{"completionEntries",
                              [](RuntimeOptions& options)
                              {
                                  options.completionEntries = 1023;
                              },
                              "option completion_entries is 1023; allowed: 1024 to 65536"},
                    BadOption{"offloadThreads",
                              [](RuntimeOptions& options)
                              {
                                  options.offloadThreads = 0;
                              },
                              "option offload_threads is 0; allowed: 1 to 1024"},
                    BadOption{"idleMemoryAfter",
                              [](RuntimeOptions& options)
                              {
                                  options.idleMemoryAfter = std::chrono::nanoseconds(-1);
                              },
                              "option idle_memory_after is -1; allowed: 0 to 86400000000000"},
                    BadOption{"timerTick",
                              [](RuntimeOptions& options)
                              {
                                  options.timerTick = std::chrono::nanoseconds(1);
                              },
                              "option timer_tick is 1; allowed: 1000 to 1000000000"}),
    [](const auto& instance)
    {
        return instance.param.test;
    });

TEST(RuntimeOptions, cpuThatIsNotUsableIsRefused)
{
    RuntimeOptions options;
    options.cpus = {1023};
    try
    {
        (void)options.resolved();
        FAIL() << "not refused";
    }
    catch (const InvalidOption& error)
    {
        EXPECT_TRUE(std::string(error.what())
                        .starts_with("option cpus is 1023; allowed: CPUs that this process may "
                                     "use: "))
            << error.what();
    }
}

TEST(RuntimeOptions, defaultIsOneReactorForEachUsableCpu)
{
    EXPECT_EQ(RuntimeOptions().resolved().reactors, findUsableCpus().reactorCount());
}

TEST(RuntimeOptions, namedCpusGiveOneReactorEach)
{
    RuntimeOptions options;
    options.cpus = {findUsableCpus().cpus.front()};
    EXPECT_EQ(options.resolved().reactors, 1U);
}

TEST(RuntimeOptions, resolvedOnesResolveToThemselves)
{
    const auto once = RuntimeOptions().resolved();
    EXPECT_EQ(once.resolved().reactors, once.reactors);
}

} // namespace weft
