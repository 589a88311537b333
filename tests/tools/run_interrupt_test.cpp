#include "session_files.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

/// The end of `weft run` that does not come from its sources: Ctrl-C, SIGTERM, --duration.

namespace weft::test
{

namespace
{

/// A source over TCP whose sink is a named pipe: the test is at both ends, sees what has been
/// delivered, and can stop taking it.
class PipedRun
{
public:
    explicit PipedRun(std::vector<std::string> extraArguments = {})
        : directory(fmt::format("runtime: {{reactors: 1, buffers_per_reactor: 64}}\n"
                                "sink: {{type: files, directory: out, overwrite: true}}\n"
                                "sources: [{{name: feed, type: tcp, host: 127.0.0.1, port: {}, "
                                "flush_interval: 1ms}}]\n",
                                listener.address.port()))
    {
        std::filesystem::create_directory(directory.path() / "out");
        const auto path = directory.path() / "out/feed";
        checkedCall(::mkfifo(path.c_str(), 0600), "mkfifo");
        // Not blocking, so that opening does not wait for weft to open its end.
        pipe = OwnedDescriptor(
            checkedCall(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC), "open"));
        auto arguments = directory.arguments();
        arguments.insert(arguments.end(), extraArguments.begin(), extraArguments.end());
        program.emplace(arguments, directory.options());
        connection = listener.acceptClient(); // by now weft has opened its sink
        ::fcntl(pipe.get(), F_SETFL, 0);
    }

    void send(std::string_view text) const
    {
        while (!text.empty())
        {
            const auto sent = ::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL);
            checkedCall(static_cast<int>(sent), "send");
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    /// Waits until so many bytes have gone through weft.
    std::string take(std::size_t sizeBytes) const
    {
        std::string text(sizeBytes, '\0');
        for (std::size_t filled = 0; filled < sizeBytes;)
        {
            const auto size = ::read(pipe.get(), text.data() + filled, sizeBytes - filled);
            filled += static_cast<std::size_t>(checkedCall(static_cast<int>(size), "read"));
        }
        return text;
    }

    /// Everything until weft closes its end.
    std::string takeAll() const
    {
        std::string text;
        std::array<char, 1 << 16> chunk{};
        while (const auto size = checkedCall(
                   static_cast<int>(::read(pipe.get(), chunk.data(), chunk.size())), "read"))
        {
            text.append(chunk.data(), static_cast<std::size_t>(size));
        }
        return text;
    }

    /// Sends until weft holds all of its buffers, because nobody takes its output.
    void fillUp()
    {
        const auto flood = randomBytes(1 << 20);
        ::fcntl(connection.get(), F_SETFL, O_NONBLOCK);
        pollfd writable{.fd = connection.get(), .events = POLLOUT, .revents = 0};
        constexpr int QuietMs = 300;
        while (::poll(&writable, 1, QuietMs) > 0)
        {
            ::send(connection.get(), flood.data(), flood.size(), MSG_NOSIGNAL);
        }
        program->awaitError("; buffers 0 of 64 free; ");
    }

    LoopbackListener listener;
    RunDirectory directory;
    OwnedDescriptor pipe;
    std::optional<ChildProgram> program;
    OwnedDescriptor connection;
};

void expectDrained(PipedRun& run, const std::string& end, const std::string& line)
{
    const auto account = run.directory.account(run.program->wait());
    EXPECT_EQ(account.program.exitCode, 0) << account.program.errors;
    EXPECT_EQ(account.json["end"], end);
    EXPECT_EQ(account.source("feed")["state"], "stopped");
    EXPECT_EQ(account.source("feed")["error"], nullptr);
    EXPECT_NE(account.program.output.find(line), std::string::npos) << account.program.output;
}

constexpr auto Interrupted = "interrupted: 1 sources stopped, all buffers delivered\n";

} // namespace

TEST(RunInterruptTest, firstCtrlCDrainsAndSaysSo)
{
    for (const int signal : {SIGINT, SIGTERM})
    {
        PipedRun run;
        run.send("some bytes");
        EXPECT_EQ(run.take(10), "some bytes");
        run.program->signal(signal);
        expectDrained(run, "interrupted", Interrupted);
    }
}

/// With the output blocked, every buffer is full when the signal comes. All of them must come out,
/// and the account must be what came out.
TEST(RunInterruptTest, whatHadBeenReadIsDelivered)
{
    PipedRun run;
    run.fillUp();
    run.program->signal(SIGINT);
    run.program->awaitError("draining");
    const auto delivered = run.takeAll();
    const auto account = run.directory.account(run.program->wait());
    EXPECT_EQ(account.program.exitCode, 0) << account.program.errors;
    EXPECT_EQ(account.source("feed")["state"], "stopped");
    EXPECT_EQ(account.source("feed")["bytes"], delivered.size());
    constexpr std::size_t PipeBytes = 64 << 10;
    constexpr std::size_t AllBuffers = 64 * 4096;
    EXPECT_GT(delivered.size(), PipeBytes + AllBuffers / 2);
    EXPECT_NE(account.program.output.find(Interrupted), std::string::npos);
}

TEST(RunInterruptTest, secondCtrlCGivesUp)
{
    PipedRun run;
    run.fillUp();
    run.program->signal(SIGINT);
    run.program->awaitError("draining");
    run.program->signal(SIGINT);
    const auto result = run.program->wait();
    EXPECT_EQ(result.exitCode, 130);
    EXPECT_NE(result.errors.find("gave up: "), std::string::npos) << result.errors;
    EXPECT_FALSE(std::filesystem::exists(run.directory.path() / "account.json"));
}

TEST(RunInterruptTest, durationStopsAndDrains)
{
    PipedRun run({"--duration", "200ms"});
    run.send("some bytes");
    EXPECT_EQ(run.take(10), "some bytes");
    expectDrained(run, "duration over",
                  "duration over: 1 sources stopped, all buffers delivered\n");
}

TEST(RunInterruptTest, aSourceThatWaitsToReconnectStopsToo)
{
    const RunDirectory directory(fmt::format(
        "sources: [{{name: feed, type: tcp, host: 127.0.0.1, port: {}, "
        "reconnect_attempts: 1000, reconnect_pause_min: 1h, reconnect_pause_max: 1h}}]\n",
        refusedAddress().port()));
    ChildProgram program(directory.arguments(), directory.options());
    program.awaitError("1 opening");
    program.signal(SIGINT);
    const auto account = directory.account(program.wait());
    EXPECT_EQ(account.program.exitCode, 0);
    EXPECT_EQ(account.source("feed")["state"], "stopped");
}

} // namespace weft::test
