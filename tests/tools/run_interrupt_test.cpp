#include "frozen_thread.hpp"
#include "session_files.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <poll.h>

/// The end of `weft run` that does not come from its sources: Ctrl-C, SIGTERM, --duration.

namespace weft::test
{

namespace
{

/// A source over TCP that is recorded: the test sees what has been delivered, and can hold the
/// worker that takes it.
class RecordedRun
{
public:
    explicit RecordedRun(std::vector<std::string> extraArguments = {})
        : directory(fmt::format("runtime: {{reactors: 1, buffers_per_reactor: 64}}\n"
                                "sink: {{type: files, directory: out}}\n"
                                "sources: [{{name: feed, type: tcp, host: 127.0.0.1, port: {}, "
                                "flush_interval: 1ms, buffers_in_flight_max: 64}}]\n",
                                listener.address.port()))
    {
        auto arguments = directory.arguments();
        arguments.insert(arguments.end(), extraArguments.begin(), extraArguments.end());
        program.emplace(arguments, directory.options());
        connection = listener.acceptClient();
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

    std::string delivered() const
    {
        return readText(directory.path() / "out/feed");
    }

    /// Waits until these bytes have gone through weft.
    void awaitDelivery(std::string_view text) const
    {
        while (delivered() != text)
        {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    /// Sends until weft holds all of its buffers, because nobody takes its output.
    void fillUp()
    {
        worker.emplace(program->processId(), "weft-worker-0");
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
    std::optional<ChildProgram> program;
    std::optional<FrozenThread> worker; // before the program, which cannot end with it
    OwnedDescriptor connection;
};

void expectDrained(RecordedRun& run, const std::string& end, const std::string& line)
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
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    {
        RecordedRun run;
        run.send("some bytes");
        run.awaitDelivery("some bytes");
        run.program->signal(signal);
        expectDrained(run, "interrupted", Interrupted);
    }
}

/// With the worker held, every buffer is full when the signal comes. All of them must come out,
/// and the account must be what came out.
TEST(RunInterruptTest, whatHadBeenReadIsDelivered)
{
    RecordedRun run;
    run.fillUp();
    run.program->signal(SIGINT);
    run.program->awaitError("draining");
    run.worker->thaw();
    const auto account = run.directory.account(run.program->wait());
    const auto delivered = run.delivered();
    EXPECT_EQ(account.program.exitCode, 0) << account.program.errors;
    EXPECT_EQ(account.source("feed")["state"], "stopped");
    EXPECT_EQ(account.source("feed")["bytes"], delivered.size());
    constexpr std::size_t AllBuffers = 64 * 4096;
    EXPECT_GT(delivered.size(), AllBuffers / 2);
    EXPECT_NE(account.program.output.find(Interrupted), std::string::npos);
}

TEST(RunInterruptTest, secondCtrlCGivesUp)
{
    RecordedRun run;
    run.fillUp();
    run.program->signal(SIGINT);
    run.program->awaitError("draining");
    run.program->signal(SIGINT);
    run.program->awaitError("gave up: ");
    run.worker->thaw();
    const auto result = run.program->wait();
    EXPECT_EQ(result.exitCode, 130);
    EXPECT_FALSE(std::filesystem::exists(run.directory.path() / "account.json"));
}

TEST(RunInterruptTest, durationStopsAndDrains)
{
    RecordedRun run({"--duration", "200ms"});
    run.send("some bytes");
    run.awaitDelivery("some bytes");
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
