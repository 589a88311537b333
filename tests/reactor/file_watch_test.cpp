#include <weft/reactor/file_watch.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/stoppable_thread.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <thread>

#include <sys/inotify.h>

namespace weft
{

namespace
{

class FileWatchTest : public testing::TestWithParam<bool>
{
protected:
    /// Runs the test's body on a reactor if the parameter says so, else on a plain thread.
    void run(const std::function<void()>& body)
    {
        if (!GetParam())
        {
            body();
            return;
        }
        Runtime runtime(smallRuntime());
        onFiber(runtime, std::ref(body));
    }

    const TemporaryDirectory directory;
    FileWatch watch = FileWatch::create().value();
};

} // namespace

INSTANTIATE_TEST_SUITE_P(On, FileWatchTest, testing::Bool(),
                         [](const auto& instance)
                         {
                             return instance.param ? "reactor" : "plainThread";
                         });

TEST_P(FileWatchTest, newFileInADirectoryIsToldByItsName)
{
    const int watched = watch.add(directory.path(), IN_CREATE).value();
    const std::jthread writer(
        [this]
        {
            directory.write("new.log", "text");
        });
    run(
        [&]
        {
            ASSERT_TRUE(watch.wait().has_value());
            const auto event = watch.next();
            ASSERT_TRUE(event.has_value());
            EXPECT_EQ(event->watch, watched);
            EXPECT_EQ(event->mask, static_cast<std::uint32_t>(IN_CREATE));
            EXPECT_EQ(event->name, "new.log");
            EXPECT_FALSE(watch.next().has_value());
        });
}

TEST_P(FileWatchTest, openFileIsWatchedUnderAnyName)
{
    const auto path = directory.write("log", "one");
    const auto file = io::open(path, O_RDONLY).value();
    std::filesystem::rename(path, directory.path() / "log.1");
    const int watched = watch.add(file.get(), IN_MODIFY).value();
    std::ofstream(directory.path() / "log.1", std::ios::app) << "two";
    run(
        [&]
        {
            ASSERT_TRUE(watch.wait().has_value());
            const auto event = watch.next();
            ASSERT_TRUE(event.has_value());
            EXPECT_EQ(event->watch, watched);
            EXPECT_EQ(event->name, "");
        });
}

TEST_P(FileWatchTest, manyEventsAreToldInTheirOrder)
{
    watch.add(directory.path(), IN_CREATE).value();
    constexpr int FileCount = 500; // more than one fetch
    for (int index = 0; index < FileCount; ++index)
    {
        directory.write(std::to_string(index), "");
    }
    int told = 0;
    while (watch.fetch().value())
    {
        while (const auto event = watch.next())
        {
            EXPECT_EQ(event->name, std::to_string(told));
            ++told;
        }
    }
    EXPECT_EQ(told, FileCount);
}

TEST_P(FileWatchTest, deadlineEndsTheWait)
{
    watch.add(directory.path(), IN_CREATE).value();
    run(
        [this]
        {
            EXPECT_EQ(errorOf(watch.wait(Deadline{})), IoError::DeadlineExpired);
        });
}

TEST_P(FileWatchTest, whatIsNotThereCannotBeWatched)
{
    EXPECT_EQ(errorOf(watch.add(directory.path() / "no", IN_CREATE)), systemError(ENOENT));
}

TEST_P(FileWatchTest, whatHasBeenRemovedTellsNothing)
{
    const int watched = watch.add(directory.path(), IN_CREATE).value();
    watch.remove(watched);
    watch.remove(watched);
    directory.write("new.log", "text");
    while (watch.fetch().value())
    {
        while (const auto event = watch.next())
        {
            EXPECT_EQ(event->mask & IN_CREATE, 0U);
        }
    }
}

TEST(FileWatch, stopEndsTheWaitOfAFiber)
{
    const TemporaryDirectory directory;
    auto watch = FileWatch::create().value();
    watch.add(directory.path(), IN_CREATE).value();
    Runtime runtime(smallRuntime());
    auto fiber = runtime.spawn(testFiber(),
                               [&]
                               {
                                   EXPECT_EQ(errorOf(watch.wait()), IoError::Stopped);
                               });
    awaitState(runtime, "test", FiberState::Suspended);
    fiber.requestStop();
    fiber.join();
}

TEST(FileWatch, stopEndsTheWaitOfAThread)
{
    const TemporaryDirectory directory;
    auto watch = FileWatch::create().value();
    watch.add(directory.path(), IN_CREATE).value();
    StoppableThread thread(
        [&]
        {
            EXPECT_EQ(errorOf(watch.wait()), IoError::Stopped);
        });
    thread.awaitAsleep();
    thread.requestStop();
    thread.join();
}

} // namespace weft
