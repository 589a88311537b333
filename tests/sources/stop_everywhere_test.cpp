#include <weft/memory/io_buffer.hpp>
#include <weft/reactor/file.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/reactor/tcp.hpp>
#include <weft/sources/emit_when_ready.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_handle.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/scripted_source.hpp"
#include "tests/sources/slow_resolver.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <semaphore>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

/// \file
/// A stop finds a source wherever it is, and whoever asks for it: each place that a source can be
/// in, with each way to stop it, on both runners.

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

enum class Place : std::uint8_t
{
    Connecting,
    Resolving,
    OpeningAPipe,
    WaitingForABuffer,
    Filling,
    Emitting,
    BackingOff,
};

void PrintTo(Place place, std::ostream* out)
{
    constexpr std::array Names{"connecting", "resolving", "openingAPipe", "waitingForABuffer",
                               "filling",    "emitting",  "backingOff"};
    *out << Names.at(static_cast<std::size_t>(place));
}

enum class Way : std::uint8_t
{
    Handle,
    Group,
    ManyThreads,
    RuntimeShutdown,
    Destructor,
};

void PrintTo(Way way, std::ostream* out)
{
    constexpr std::array Names{"byHandle", "byGroup", "fromManyThreads", "byRuntimeShutdown",
                               "byDestructor"};
    *out << Names.at(static_cast<std::size_t>(way));
}

template <typename T>
T orThrow(io::Result<T> result, const char* what)
{
    if (!result)
    {
        throw SourceError(result.error(), what);
    }
    return std::move(*result);
}

/// A source that is in one place and stays there until it is stopped.
class StuckSource
{
public:
    StuckSource(Place place, RunnerKind kind, Runtime& runtime)
        : pipePath(directory.path() / "pipe")
    {
        prepare(place);
        SourceRunnerOptions options{.name = "stuck", .flushInterval = 1h};
        options.reconnect = {.attemptsMax = 1000, .pauseLeast = 1h, .pauseMost = 1h};
        auto runner = makeRunner(kind, runtime, script, std::move(options));
        handles.emplace_back(1, "stuck", std::move(runner));
        const bool started = handles.front().start(
            place == Place::Emitting ? emitWhenReady(refuse(), readiness) : hoard());
        if (!started)
        {
            throw std::logic_error("the source does not start");
        }
        // It may be a step before its place or in it: a stop must be right in both.
        arrived.acquire();
    }

    ~StuckSource()
    {
        resolver.answer();
    }

    std::vector<SourceHandle> handles;
    SourceScript script;
    EventLog log;
    std::atomic<int> opened = 0;

private:
    void prepare(Place place)
    {
        script.fillBuffer = [](Fill& fill)
        {
            put(fill, "x");
            return FillStatus::More;
        };
        script.open = [this, place]
        {
            open(place);
            ++opened;
        };
        if (place == Place::Filling)
        {
            script.fillBuffer = [this](Fill& fill)
            {
                arrived.release();
                const auto slept = io::sleepUntil(fill.deadline());
                return slept || gaveUp(slept.error()) ? FillStatus::More : FillStatus::EndOfStream;
            };
        }
    }

    void open(Place place)
    {
        switch (place)
        {
        case Place::Connecting:
            arrived.release();
            connection = orThrow(TcpStream::connect(listener.localAddress()), "connect");
            break;
        case Place::Resolving:
            arrived.release();
            connection = orThrow(TcpStream::connect(SlowResolver::Host, 9), "connect");
            break;
        case Place::OpeningAPipe:
            arrived.release();
            pipe = orThrow(File::open(pipePath, O_RDONLY), "open");
            break;
        case Place::BackingOff:
            arrived.release();
            throw SourceError(errnoError(ECONNREFUSED), "connect");
        default:
            break;
        }
    }

    /// Never takes anything.
    OfferFunction refuse()
    {
        return [this, life = log.emit()](OriginId, SourceEvent&) mutable
        {
            arrived.release();
            return false;
        };
    }

    /// Keeps every buffer, so that the source runs out of them.
    EmitFunction hoard()
    {
        return [this, inner = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            if (auto* const data = std::get_if<SourceData>(&event))
            {
                hoarded.push_back(std::move(data->buffer));
                arrived.release();
                return;
            }
            inner(origin, std::move(event));
        };
    }

    TemporaryDirectory directory;
    std::filesystem::path pipePath;
    [[maybe_unused]] int made = ::mkfifo(pipePath.c_str(), 0600);
    /// Nobody accepts, and the queue is full: the kernel answers no further attempt to connect.
    TcpListener listener = TcpListener::listen(*SocketAddress::parse("127.0.0.1", 0), 0).value();
    TcpStream filler = TcpStream::connect(listener.localAddress()).value();
    SlowResolver resolver;
    TcpStream connection;
    File pipe;
    std::shared_ptr<EmitReadiness> readiness = std::make_shared<EmitReadiness>();
    std::counting_semaphore<> arrived{0};
    std::vector<IoBuffer> hoarded;
};

using Case = std::tuple<RunnerKind, Place, Way>;

class StopEverywhereTest : public testing::TestWithParam<Case>
{
};

void stopFromManyThreads(SourceHandle& handle)
{
    std::vector<std::jthread> stoppers;
    for (int index = 0; index < 8; ++index)
    {
        stoppers.emplace_back(
            [&]
            {
                EXPECT_EQ(handle.tryStop(10s), TryStopResult::Success);
            });
    }
}

std::string caseName(const testing::TestParamInfo<Case>& info)
{
    std::ostringstream name;
    PrintTo(std::get<0>(info.param), &name);
    name << "_";
    PrintTo(std::get<1>(info.param), &name);
    name << "_";
    PrintTo(std::get<2>(info.param), &name);
    return name.str();
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Stop, StopEverywhereTest,
                         testing::Combine(testing::Values(RunnerKind::Fiber, RunnerKind::Thread),
                                          testing::Values(Place::Connecting, Place::Resolving,
                                                          Place::OpeningAPipe,
                                                          Place::WaitingForABuffer, Place::Filling,
                                                          Place::Emitting, Place::BackingOff),
                                          testing::Values(Way::Handle, Way::Group, Way::ManyThreads,
                                                          Way::RuntimeShutdown, Way::Destructor)),
                         caseName);

TEST_P(StopEverywhereTest, endsTheSourceAndEmitsNothing)
{
    const auto [kind, place, way] = GetParam();
    auto runtime = std::make_unique<Runtime>(onTestEngine(
        {.reactors = 1, .buffersPerReactor = 2, .threadBuffers = 2, .bufferSizeBytes = 64}));
    StuckSource stuck(place, kind, *runtime);
    auto& handle = stuck.handles.front();
    switch (way)
    {
    case Way::Handle:
        EXPECT_EQ(handle.tryStop(10s), TryStopResult::Success);
        break;
    case Way::Group:
        EXPECT_EQ(tryStopAll(stuck.handles, 10s), TryStopResult::Success);
        break;
    case Way::ManyThreads:
        stopFromManyThreads(handle);
        break;
    case Way::RuntimeShutdown:
        runtime->shutdown();
        EXPECT_EQ(handle.tryStop(0s), TryStopResult::Success);
        break;
    case Way::Destructor:
        stuck.handles.clear();
        break;
    }
    EXPECT_EQ(stuck.log.lastEventCount(), 0);
    EXPECT_EQ(stuck.log.emitFunctionCount(), 0);
    EXPECT_EQ(stuck.script.closes, stuck.opened);
    EXPECT_EQ(stuck.script.destructions, 1);
    if (way != Way::Destructor)
    {
        EXPECT_EQ(handle.statistics().state, SourceState::Stopped);
    }
}

class StopFromEmitTest : public testing::TestWithParam<RunnerKind>
{
};

WEFT_INSTANTIATE_OVER_RUNNERS(StopFromEmitTest);

TEST_P(StopFromEmitTest, sourceEndsAfterTheEventThatStoppedIt)
{
    Runtime runtime(onTestEngine({.reactors = 1, .buffersPerReactor = 8, .bufferSizeBytes = 64}));
    SourceScript script;
    script.fillBuffer = [](Fill& fill)
    {
        put(fill, "x");
        return FillStatus::More;
    };
    EventLog log;
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(
        [&, inner = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            inner(origin, std::move(event));
            if (log.received().size() == 3)
            {
                runner->stop();
                EXPECT_EQ(runner->tryStop(1ms), TryStopResult::Timeout)
                    << "it cannot wait for itself";
            }
        }));
    log.waitForBytes(3);
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.received(), "xxx");
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_EQ(script.closes, 1);
}

TEST_P(StopFromEmitTest, groupStopsThoughOneOfItCannotCloseYet)
{
    Runtime runtime(onTestEngine({.reactors = 1, .buffersPerReactor = 8, .bufferSizeBytes = 64}));
    std::array<SourceScript, 3> scripts;
    std::array<EventLog, 3> logs;
    std::vector<SourceHandle> handles;
    for (std::size_t index = 0; index < scripts.size(); ++index)
    {
        scripts[index].fillBuffer = [](Fill& fill)
        {
            const auto slept = io::sleepUntil(fill.deadline());
            return slept || gaveUp(slept.error()) ? FillStatus::More : FillStatus::EndOfStream;
        };
        handles.emplace_back(index, "member", makeRunner(GetParam(), runtime, scripts[index]));
    }
    std::atomic<bool> mayClose = false;
    scripts[0].close = [&]
    {
        while (!mayClose)
        {
            [[maybe_unused]] const auto slept = io::sleepFor(1ms);
        }
    };
    for (std::size_t index = 0; index < handles.size(); ++index)
    {
        ASSERT_TRUE(handles[index].start(logs[index].emit()));
        while (handles[index].statistics().state != SourceState::Running)
        {
            std::this_thread::yield();
        }
    }
    EXPECT_EQ(tryStopAll(handles, 50ms), TryStopResult::Timeout);
    EXPECT_EQ(handles[1].statistics().state, SourceState::Stopped);
    EXPECT_EQ(handles[2].statistics().state, SourceState::Stopped);
    mayClose = true;
    EXPECT_EQ(tryStopAll(handles, 10s), TryStopResult::Success);
}

class StopBesideStartTest : public testing::TestWithParam<RunnerKind>
{
};

WEFT_INSTANTIATE_OVER_RUNNERS(StopBesideStartTest);

/// A start that fails took back that it had begun and told nobody: who was waiting for the end of
/// the source by then slept out its whole time.
TEST_P(StopBesideStartTest, stopMustNotWaitForAStartThatHasFailed)
{
    Runtime runtime(onTestEngine({.reactors = 1, .buffersPerReactor = 8, .bufferSizeBytes = 64}));
    runtime.shutdown();
    SourceScript script;
    for (int round = 0; round < 200; ++round)
    {
        auto runner = makeRunner(GetParam(), runtime, script);
        std::jthread starter(
            [&]
            {
                EXPECT_THROW(runner->start([](OriginId, const SourceEvent&) {}), std::system_error);
            });
        EXPECT_EQ(runner->tryStop(1h), TryStopResult::Success);
    }
    EXPECT_EQ(script.opens, 0);
}
