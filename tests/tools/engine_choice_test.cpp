#include "session_files.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include <sys/syscall.h>
#include <unistd.h>

/// The program on a machine that refuses io_uring by a seccomp filter, as containers do: it runs on
/// epoll and says so, or does not where io_uring was asked for.

namespace weft::test
{

namespace
{

std::size_t countOf(const std::string& text, std::string_view part)
{
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    {
        ++count;
    }
    return count;
}

bool has(const std::string& text, std::string_view part)
{
    return countOf(text, part) > 0;
}

constexpr auto Said = "weft: using epoll, as io_uring cannot be used: ";

/// A feed and a file on two reactors.
class RefusedUringTest : public testing::TestWithParam<int>
{
protected:
    std::string configFor(const std::string& engine) const
    {
        return fmt::format("runtime: {{reactors: 2, engine: {}}}\nsources:\n"
                           "- {{name: feed, type: tcp, host: 127.0.0.1, port: {}}}\n"
                           "- {{name: log, type: file, path: data}}\n",
                           engine, listener.address.port());
    }

    ProgramOptions refusing(ProgramOptions options, int error) const
    {
        options.refusedCalls = {{SYS_io_uring_setup, error}};
        return options;
    }

    /// Serves the feed once and returns what `weft run` leaves.
    Account ingest(const std::string& engine, int error) const
    {
        const RunDirectory directory(configFor(engine));
        directory.write("data", bytes);
        ChildProgram program(directory.arguments(), refusing(directory.options(), error));
        auto client = listener.acceptClient();
        std::string_view rest = bytes;
        while (!rest.empty())
        {
            const auto sent = ::write(client.get(), rest.data(), rest.size());
            rest.remove_prefix(
                static_cast<std::size_t>(checkedCall(static_cast<int>(sent), "write")));
        }
        client.reset();
        return directory.account(program.wait());
    }

    void expectEveryByte(const Account& account) const
    {
        EXPECT_EQ(account.program.exitCode, 0) << account.program.errors;
        for (const auto* const name : {"feed", "log"})
        {
            EXPECT_EQ(account.source(name)["bytes"], bytes.size());
        }
        EXPECT_EQ(account.source("feed")["checksum"], account.source("log")["checksum"]);
        for (const auto& reactor : account.json["reactors"])
        {
            EXPECT_EQ(reactor["engine"]["name"], "epoll");
        }
    }

    const std::string bytes = randomBytes(1 << 20);
    LoopbackListener listener;
};

} // namespace

TEST_P(RefusedUringTest, ingestsOnEpollAndSaysSoOnce)
{
    const auto account = ingest("auto", GetParam());
    expectEveryByte(account);
    EXPECT_EQ(countOf(account.program.errors, Said), 1U) << account.program.errors;
    EXPECT_TRUE(has(account.program.output, "engine   epoll: io_uring cannot be used"))
        << account.program.output;
    EXPECT_NE(account.json["reactors"][0]["engine"]["fallback_reason"], "");
}

TEST_P(RefusedUringTest, isAnErrorWithAdviceWhereIoUringWasAskedFor)
{
    const RunDirectory directory(configFor("io_uring"));
    directory.write("data", bytes);
    const auto result =
        runProgram(directory.arguments(), refusing(directory.options(), GetParam()));
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_TRUE(has(result.errors, "weft: cannot use io_uring: ")) << result.errors;
    EXPECT_TRUE(has(result.errors, "let the engine be auto or epoll")) << result.errors;
}

TEST_P(RefusedUringTest, isAWarningOfTheDoctor)
{
    const auto text = runProgram({"doctor"}, refusing({}, GetParam()));
    EXPECT_EQ(text.exitCode, 0) << text.output;
    EXPECT_TRUE(has(text.output, fmt::format("warn    io_uring: refused ({}): weft runs on "
                                             "epoll",
                                             std::strerror(GetParam()))))
        << text.output;
    EXPECT_TRUE(has(text.output, "engine: auto is epoll here")) << text.output;
    EXPECT_TRUE(has(text.output, "seccomp filter")) << text.output;
    EXPECT_TRUE(has(text.output, "weft can run here")) << text.output;

    const auto json = runProgram({"doctor", "--json"}, refusing({}, GetParam()));
    const auto report = nlohmann::json::parse(json.output);
    EXPECT_EQ(report["usable"], true);
    EXPECT_EQ(report["checks"][1]["name"], "io_uring");
    EXPECT_EQ(report["checks"][1]["level"], "warn");
    EXPECT_NE(report["checks"][1]["advice"], "");
}

INSTANTIATE_TEST_SUITE_P(Errors, RefusedUringTest, testing::Values(EPERM, ENOSYS, EINVAL),
                         [](const testing::TestParamInfo<int>& error)
                         {
                             return std::string(::strerrorname_np(error.param));
                         });

TEST(DoctorTest, refusedRegistrationMustNotPassForARefusedEngine)
{
    ProgramOptions options;
    options.refusedCalls = {{SYS_io_uring_register, EPERM}};
    const auto result = runProgram({"doctor"}, options);
    EXPECT_EQ(result.exitCode, 0) << result.output;
    EXPECT_TRUE(has(result.output, "warn    io_uring: list of operations: ")) << result.output;
    EXPECT_TRUE(has(result.output, "engine: auto is io_uring here")) << result.output;
}

TEST_F(RefusedUringTest, isNoConcernOfWhoAskedForEpoll)
{
    // Not even a shortage is met: io_uring is not tried.
    const auto account = ingest("epoll", ENOMEM);
    expectEveryByte(account);
    EXPECT_FALSE(has(account.program.errors, "io_uring")) << account.program.errors;
}

TEST(EngineOptionTest, demoRunsOnTheEngineThatItIsGiven)
{
    const auto result = runProgram({"demo", "--sources", "20", "--files", "2", "--repeat", "1",
                                    "--engine", "epoll", "--json", "-"});
    EXPECT_EQ(result.exitCode, 0) << result.errors;
    EXPECT_TRUE(has(result.output, "\"name\": \"epoll\"")) << result.output;
}

TEST(EngineOptionTest, anUnknownOneIsRefusedWithThoseThatThereAre)
{
    const auto result = runProgram({"demo", "--engine", "kqueue"});
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_TRUE(has(result.errors, "--engine is kqueue; allowed: auto, io_uring, epoll"))
        << result.errors;
}

} // namespace weft::test
