#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/acquire_buffer.hpp>
#include <weft/reactor/offload.hpp>

#include "tests/support/runtime.hpp"
#include "tests/support/silent_calls.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include <pthread.h>
#include <sys/resource.h>

/// \file
/// Threads of sources: how they begin, are stopped, and end with the runtime.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

/// There is no event for the end of a thread that nobody may join.
void awaitNoThread(Runtime& runtime)
{
    while (runtime.blockingThreads().count() != 0)
    {
        std::this_thread::yield();
    }
}

/// The message of the refusal; none when the thread was started.
std::optional<std::system_error> refusal(Runtime& runtime)
{
    try
    {
        runtime.blockingThreads().start("refused", {}, [] {});
        return std::nullopt;
    }
    catch (const std::system_error& error)
    {
        return error;
    }
}

/// While it lives, the process may open no more descriptors.
class NoMoreDescriptors
{
public:
    NoMoreDescriptors()
    {
        checkedCall(::getrlimit(RLIMIT_NOFILE, &before), "getrlimit");
        auto now = before;
        now.rlim_cur = 0;
        checkedCall(::setrlimit(RLIMIT_NOFILE, &now), "setrlimit");
    }

    ~NoMoreDescriptors()
    {
        ::setrlimit(RLIMIT_NOFILE, &before);
    }

    NoMoreDescriptors(const NoMoreDescriptors&) = delete;
    NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

private:
    rlimit before{};
};

} // namespace

TEST(BlockingThreads, runTheFunctionOnAnotherThreadWithThreadWaits)
{
    Runtime runtime(smallRuntime());
    std::thread::id id;
    bool hasWaits = false;
    bool knowsItsOwner = false;
    std::latch ran(1);
    runtime.blockingThreads().start("worker", {},
                                    [&]
                                    {
                                        id = std::this_thread::get_id();
                                        hasWaits = ThreadWaits::current() != nullptr;
                                        knowsItsOwner = BlockingThreads::current() ==
                                                        &runtime.blockingThreads();
                                        ran.count_down();
                                    });
    ran.wait();
    EXPECT_NE(id, std::this_thread::get_id());
    EXPECT_TRUE(hasWaits);
    EXPECT_TRUE(knowsItsOwner);
}

TEST(BlockingThreads, bearTheFirstFifteenBytesOfTheName)
{
    Runtime runtime(smallRuntime());
    std::array<char, 16> name{};
    std::latch ran(1);
    runtime.blockingThreads().start("temperature-of-hall-7", {},
                                    [&]
                                    {
                                        ::pthread_getname_np(::pthread_self(), name.data(),
                                                             name.size());
                                        ran.count_down();
                                    });
    ran.wait();
    EXPECT_STREQ(name.data(), "temperature-of-");
}

TEST(BlockingThreads, startedOnAPinnedReactorAreNotPinnedWithIt)
{
    Runtime runtime(smallRuntime());
    const auto cpusOfThisThread = []
    {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        ::pthread_getaffinity_np(::pthread_self(), sizeof(cpus), &cpus);
        return cpus;
    };
    cpu_set_t cpus;
    std::latch ran(1);
    onFiber(runtime,
            [&]
            {
                runtime.blockingThreads().start("unpinned", {},
                                                [&]
                                                {
                                                    cpus = cpusOfThisThread();
                                                    ran.count_down();
                                                });
            });
    ran.wait();
    const auto own = cpusOfThisThread();
    EXPECT_TRUE(CPU_EQUAL(&cpus, &own));
}

TEST(BlockingThreads, areCountedWhileTheyRun)
{
    Runtime runtime(smallRuntime());
    const auto before = runtime.threadCount();
    std::latch release(1);
    runtime.blockingThreads().start("counted", {},
                                    [&]
                                    {
                                        release.wait();
                                    });
    EXPECT_EQ(runtime.threadCount(), before + 1);
    release.count_down();
    awaitNoThread(runtime);
    EXPECT_EQ(runtime.threadCount(), before);
}

TEST(BlockingThreads, destroyTheFunctionBeforeTheyCountAsEnded)
{
    Runtime runtime(smallRuntime());
    const auto captured = std::make_shared<int>(0);
    runtime.blockingThreads().start("capture", {}, [captured] {});
    awaitNoThread(runtime);
    EXPECT_EQ(captured.use_count(), 1);
}

TEST(BlockingThreads, areStoppedByTheirOwnToken)
{
    Runtime runtime(smallRuntime());
    std::stop_source stop;
    std::error_code error;
    std::latch ended(1);
    runtime.blockingThreads().start("stopped", stop.get_token(),
                                    [&]
                                    {
                                        error = receiveFromASilentPeer(NoDeadline);
                                        ended.count_down();
                                    });
    stop.request_stop();
    ended.wait();
    EXPECT_EQ(error, IoError::Stopped);
    EXPECT_FALSE(runtime.isShuttingDown());
}

TEST(BlockingThreads, runWhenStoppedBeforeTheyBegin)
{
    Runtime runtime(smallRuntime());
    std::stop_source stop;
    stop.request_stop();
    bool sawStop = false;
    std::latch ran(1);
    runtime.blockingThreads().start("stopped", stop.get_token(),
                                    [&]
                                    {
                                        sawStop = this_fiber::stopRequested();
                                        ran.count_down();
                                    });
    ran.wait();
    EXPECT_TRUE(sawStop);
}

TEST(BlockingThreads, mayBeStartedByOneAnother)
{
    Runtime runtime(smallRuntime());
    std::latch ran(2);
    runtime.blockingThreads().start("first", {},
                                    [&]
                                    {
                                        runtime.blockingThreads().start("second", {},
                                                                        [&]
                                                                        {
                                                                            ran.count_down();
                                                                        });
                                        ran.count_down();
                                    });
    ran.wait();
}

TEST(BlockingThreads, manyThatWaitEndPromptlyWithTheRuntime)
{
    constexpr int Threads = 50;
    std::atomic<int> stopped = 0;
    Deadline shutdownBegan;
    {
        Runtime runtime(smallRuntime());
        const auto calls = silentCalls();
        for (int index = 0; index < Threads; ++index)
        {
            const auto& call = calls[static_cast<std::size_t>(index) % calls.size()];
            runtime.blockingThreads().start("silent", {},
                                            [&stopped, call]
                                            {
                                                stopped += call.call(NoDeadline) == IoError::Stopped
                                                               ? 1
                                                               : 0;
                                            });
        }
        shutdownBegan = Clock::now();
        runtime.shutdown();
        EXPECT_EQ(runtime.blockingThreads().count(), 0U);
    }
    EXPECT_EQ(stopped, Threads);
    EXPECT_LT(Clock::now() - shutdownBegan, 10s);
}

TEST(BlockingThreads, thatWaitForBuffersEndWithTheRuntime)
{
    constexpr int Threads = 8;
    std::atomic<int> stopped = 0;
    std::latch reserved(Threads);
    std::latch haveTheirOwn(Threads);
    {
        Runtime runtime(smallRuntime());
        for (int index = 0; index < Threads; ++index)
        {
            runtime.blockingThreads().start(
                "hungry", {},
                [&]
                {
                    auto reservation = runtime.buffers().threadPool().reserve("hungry").value();
                    // Nobody takes more than its own before all have reserved.
                    reserved.arrive_and_wait();
                    std::vector<IoBuffer> held;
                    while (auto buffer = acquireBuffer(reservation))
                    {
                        held.push_back(std::move(*buffer));
                        if (held.size() == 1)
                        {
                            haveTheirOwn.count_down();
                        }
                    }
                    ++stopped;
                });
        }
        haveTheirOwn.wait();
    }
    EXPECT_EQ(stopped, Threads);
}

TEST(BlockingThreads, areRefusedOnceTheRuntimeShutsDown)
{
    Runtime runtime(smallRuntime());
    runtime.shutdown();
    const auto error = refusal(runtime);
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code(), std::errc::resource_unavailable_try_again);
    EXPECT_NE(std::string(error->what()).find("'refused'"), std::string::npos);
}

TEST(BlockingThreads, areRefusedWithTheCauseWhenThereIsNoDescriptor)
{
    Runtime runtime(smallRuntime());
    std::optional<std::system_error> error;
    {
        const NoMoreDescriptors none;
        error = refusal(runtime);
    }
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code(), systemError(EMFILE));
    EXPECT_STREQ(error->what(), "cannot start a thread for 'refused' beside 0 that run: there "
                                "is no file descriptor left for its eventfd; raise 'ulimit -n': "
                                "Too many open files");
    EXPECT_EQ(runtime.blockingThreads().count(), 0U);
    EXPECT_FALSE(refusal(runtime).has_value());
}

TEST(BlockingThreads, thatShutTheRuntimeDownDoNotWaitForThemselves)
{
    bool returned = false;
    {
        Runtime runtime(smallRuntime());
        std::latch ran(1);
        runtime.blockingThreads().start("suicidal", {},
                                        [&]
                                        {
                                            runtime.shutdown();
                                            returned = this_fiber::stopRequested();
                                            ran.count_down();
                                        });
        ran.wait();
    }
    EXPECT_TRUE(returned);
}

TEST(BlockingThreads, mayWaitForAFiberWhileTheRuntimeShutsDown)
{
    bool waited = false;
    std::latch fiberEnded(1);
    {
        Runtime runtime(smallRuntime());
        runtime
            .spawn(testFiber("awaited"),
                   [&]
                   {
                       (void)io::sleepUntil(NoDeadline);
                       fiberEnded.count_down();
                   })
            .detach();
        runtime.blockingThreads().start("waiter", {},
                                        [&]
                                        {
                                            fiberEnded.wait();
                                            waited = true;
                                        });
    }
    EXPECT_TRUE(waited);
}

TEST(BlockingThreads, callWhatCannotBeStoppedOnTheOffloadPool)
{
    auto options = smallRuntime();
    options.offloadThreads = 1;
    Runtime runtime(options);
    std::thread::id pooled;
    std::thread::id called;
    onFiber(runtime,
            [&]
            {
                pooled = offload(std::this_thread::get_id).value();
            });
    std::latch ran(1);
    runtime.blockingThreads().start("caller", {},
                                    [&]
                                    {
                                        called =
                                            offloadAbandonable(std::this_thread::get_id).value();
                                        ran.count_down();
                                    });
    ran.wait();
    EXPECT_EQ(called, pooled);
}

TEST(BlockingThreads, startedWhileTheRuntimeShutsDownRunOrAreRefused)
{
    int wrong = 0;
    for (int round = 0; round < 50; ++round)
    {
        std::atomic<int> ran = 0;
        int started = 0;
        {
            Runtime runtime(smallRuntime());
            std::latch begun(1);
            std::jthread starter(
                [&]
                {
                    begun.count_down();
                    try
                    {
                        for (;; ++started)
                        {
                            runtime.blockingThreads().start("short", {},
                                                            [&]
                                                            {
                                                                ++ran;
                                                            });
                        }
                    }
                    catch (const std::system_error&)
                    {
                        return;
                    }
                });
            begun.wait();
            runtime.shutdown();
            starter.join();
        }
        wrong += ran == started ? 0 : 1;
    }
    EXPECT_EQ(wrong, 0);
}

} // namespace weft
