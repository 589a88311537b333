#include "session_files.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

#include <sys/syscall.h>
#include <unistd.h>

/// What the machine refuses is told with the limit and what to do about it, and ends in an exit
/// code: no hang, and no other source goes with it.

namespace weft::test
{

namespace
{

constexpr RefusedCall NoThread{SYS_clone3, EAGAIN};
constexpr RefusedCall NoRing{SYS_io_uring_setup, ENOMEM};

constexpr auto MoreThreads = "the machine refuses another thread; raise the limit, which 'ulimit "
                             "-u' and pids.max of the cgroup show, or use fewer threads";

/// Two sources that need no other thread to be opened, and one that needs a resolver's.
class ShortageTest : public testing::Test
{
protected:
    ShortageTest()
        : directory(fmt::format("runtime: {{reactors: 1}}\nworkers: 2\nsources:\n"
                                "- {{name: feed, type: tcp, host: 127.0.0.1, port: {0}}}\n"
                                "- {{name: log, type: file, path: data}}\n"
                                "- {{name: named, type: tcp, host: localhost, port: {0}}}\n",
                                listener.address.port()))
    {
        directory.write("data", "bytes");
    }

    ProgramResult runRefused(const std::vector<std::string>& arguments, RefusedCall call) const
    {
        auto options = directory.options();
        options.refusedCalls = {call};
        return runProgram(arguments, options);
    }

    /// As a user of its own, who may write here.
    ProgramOptions withThreads(unsigned threadsMax) const
    {
        constexpr uid_t FirstUser = 60'000;
        constexpr uid_t Users = 5'000;
        auto options = directory.options();
        options.threadLimit = threadsMax;
        options.user = FirstUser + static_cast<uid_t>(::getpid()) % Users;
        [[maybe_unused]] const int changed =
            ::chown(directory.path().c_str(), options.user, options.user);
        return options;
    }

    LoopbackListener listener;
    RunDirectory directory;
};

} // namespace

/// Others' descriptors, which the program has inherited, leave too few for all of its sources.
TEST_F(ShortageTest, sourcesThatFindNoDescriptorFailAndTheOthersGoOn)
{
    const RunDirectory many(fmt::format(
        "runtime: {{reactors: 1}}\nsources: [{{name: feed, type: tcp, count: 100, host: "
        "127.0.0.1, port: {}}}]\n",
        listener.address.port()));
    auto options = many.options();
    options.descriptorLimit = 200;
    options.descriptorsInherited = 120;
    ChildProgram program(many.arguments(), options);
    program.awaitError(" failed; "); // of the status: all have been tried by then
    program.signal(SIGINT);
    const auto account = many.account(program.wait());
    EXPECT_EQ(account.program.exitCode, 1);
    const std::size_t failed = account.json["totals"]["failed"];
    EXPECT_GT(failed, 20U);
    EXPECT_EQ(account.json["totals"]["stopped"], 100 - failed);
    EXPECT_GT(100 - failed, 20U);
    EXPECT_EQ(account.source("feed-99")["error"],
              fmt::format("connect to 127.0.0.1:{}: Too many open files; this process may have 200 "
                          "file descriptors (hard limit 200); raise the limit, which 'ulimit -Hn' "
                          "shows, or use fewer sources",
                          listener.address.port()));
}

TEST_F(ShortageTest, aRingForWhichThereIsNoMemoryIsAnErrorOfEveryCommandThatNeedsOne)
{
    constexpr auto Reason = "there is not enough memory for the ring";
    const std::vector<std::vector<std::string>> commands{directory.arguments(),
                                                         {"serve", "data", "--port", "0"}};
    for (const auto& arguments : commands)
    {
        const auto result = runRefused(arguments, NoRing);
        EXPECT_EQ(result.exitCode, 1) << arguments.front();
        EXPECT_TRUE(result.errors.contains("weft: cannot create an io_uring of ")) << result.errors;
        EXPECT_TRUE(result.errors.contains(Reason)) << result.errors;
    }
    const auto demo =
        runRefused({"demo", "--sources", "1", "--files", "0", "--repeat", "1"}, NoRing);
    EXPECT_EQ(demo.exitCode, 1);
    EXPECT_TRUE(demo.errors.contains(Reason)) << demo.errors;
    EXPECT_TRUE(demo.errors.contains("weft serve ended with exit code 1 before it listened"))
        << demo.errors;
    const auto doctor = runRefused({"doctor"}, NoRing);
    EXPECT_EQ(doctor.exitCode, 1);
    EXPECT_TRUE(doctor.output.contains("missing io_uring: Cannot allocate memory\n"))
        << doctor.output;
    EXPECT_TRUE(doctor.output.contains(Reason)) << doctor.output;
}

TEST_F(ShortageTest, aReactorsThreadThatIsRefusedEndsTheCommand)
{
#ifdef WEFT_THREAD_SANITIZER
    GTEST_SKIP() << "ThreadSanitizer has a thread of its own";
#endif
    const std::string expected =
        "weft: cannot start reactor thread 1 of 1; ask for fewer reactors, or raise 'ulimit -u' or "
        "the cgroup's pids.max: Resource temporarily unavailable\n";
    const std::vector<std::vector<std::string>> commands{directory.arguments(),
                                                         {"serve", "data", "--port", "0"}};
    for (const auto& arguments : commands)
    {
        const auto result = runRefused(arguments, NoThread);
        EXPECT_EQ(result.exitCode, 1) << arguments.front();
        EXPECT_EQ(result.errors, expected);
    }
}

TEST_F(ShortageTest, aWorkersThreadThatIsRefusedEndsTheCommand)
{
#ifdef WEFT_THREAD_SANITIZER
    GTEST_SKIP() << "ThreadSanitizer has a thread of its own";
#endif
    constexpr unsigned MainAndReactor = 2;
    for (unsigned worker = 1; worker <= 2; ++worker)
    {
        const auto result =
            runProgram(directory.arguments(), withThreads(MainAndReactor + worker - 1));
        if (result.exitCode == ExitNotPermitted)
        {
            GTEST_SKIP() << "only root may become a user without other threads";
        }
        EXPECT_EQ(result.exitCode, 1);
        EXPECT_EQ(result.errors, fmt::format("weft: cannot start worker thread {} of 2: Resource "
                                             "temporarily unavailable; {}\n",
                                             worker, MoreThreads));
    }
}

/// Neither a thread of ours, to resolve a name, nor one of the kernel's, to look at a file.
TEST_F(ShortageTest, aSourceThatNeedsAThreadThatIsRefusedFailsAlone)
{
#ifdef WEFT_THREAD_SANITIZER
    GTEST_SKIP() << "ThreadSanitizer has a thread of its own";
#endif
    constexpr unsigned MainReactorAndWorkers = 4;
    auto arguments = directory.arguments();
    arguments.insert(arguments.end(), {"--duration", "300ms"});
    auto result = runProgram(arguments, withThreads(MainReactorAndWorkers));
    if (result.exitCode == ExitNotPermitted)
    {
        GTEST_SKIP() << "only root may become a user without other threads";
    }
    const auto account = directory.account(std::move(result));
    EXPECT_EQ(account.program.exitCode, 1);
    EXPECT_EQ(account.source("feed")["state"], "stopped");
    EXPECT_EQ(account.source("named")["error"],
              fmt::format("connect to localhost:{}: Resource temporarily unavailable; {}",
                          listener.address.port(), MoreThreads));
}

TEST_F(ShortageTest, anAccountForWhichTheDiskHasNoRoomIsAFailure)
{
    const RunDirectory copy("sources: [{name: log, type: file, path: data}]\n");
    copy.write("data", "bytes");
    const auto result = runProgram({"run", "config.yaml", "--json", "/dev/full"}, copy.options());
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_TRUE(result.errors.contains("weft: write '/dev/full': No space left on device"))
        << result.errors;
}

} // namespace weft::test
