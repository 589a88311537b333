#include "tests/support/heap_count.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ingest_session.hpp>
#include <sys/stat.h>

/// The session inside the test's own process.

namespace weft::tools
{

namespace
{

using namespace std::chrono_literals;

IngestPlan smallPlan(std::vector<SourceDescriptor> sources)
{
    IngestPlan plan;
    plan.runtime.reactors = 2;
    plan.runtime.buffersPerReactor = 64;
    plan.runtime.stacksPerReactor = {64, 8, 8};
    plan.workers = 2;
    plan.sources = std::move(sources);
    return plan;
}

SourceDescriptor fileSource(std::string name, const std::filesystem::path& path)
{
    return SourceDescriptor(std::move(name), "file", {{"path", path}});
}

template <typename Condition>
void awaitProgress(IngestSession& session, Condition condition)
{
    while (!condition(session.progress()))
    {
        ASSERT_FALSE(session.wait(1ms));
    }
}

} // namespace

TEST(IngestSessionTest, buffersCostNoAllocationFromSourceToSink)
{
    auto plan = smallPlan({fileSource("first", "/dev/zero"), fileSource("second", "/dev/zero")});
    plan.runtime.reactors = 1; // so that they take turns
    IngestSession session(std::move(plan));
    session.start();
    // What a source allocates once is behind both.
    awaitProgress(session,
                  [](const IngestProgress& progress)
                  {
                      return progress.count(SourceState::Running) == 2;
                  });
    const auto buffersWhenOpen = session.progress().buffers;
    awaitProgress(session,
                  [&](const IngestProgress& progress)
                  {
                      return progress.buffers > buffersWhenOpen + 10'000;
                  });
    const auto buffersBefore = session.progress().buffers;
    const auto allocationsBefore = heapAllocationCount();
    EXPECT_FALSE(session.wait(300ms));
    EXPECT_EQ(heapAllocationCount(), allocationsBefore);
    EXPECT_GT(session.progress().buffers, buffersBefore + 1000);
    session.requestStop();
    ASSERT_TRUE(session.wait(1min));
    const auto result = session.finish();
    EXPECT_EQ(result.count(SourceState::Stopped), 2U);
    EXPECT_EQ(result.buffersDropped(), 0U);
    EXPECT_EQ(result.threads.total(), 1U + 2U + result.threads.offload + 1U);
}

TEST(IngestSessionTest, oneThatIsDestroyedWhileItRunsStopsItsSources)
{
    const LoopbackListener listener;
    const SourceDescriptor silent(
        "silent", "tcp",
        {{"host", "127.0.0.1"}, {"port", fmt::format("{}", listener.address.port())}});
    IngestSession session(smallPlan({silent, fileSource("endless", "/dev/zero")}));
    session.start();
    const auto connection = listener.acceptClient();
    // The end of the scope must not hang.
}

TEST(IngestSessionTest, oneThatIsNeverStartedLeavesNothingBehind)
{
    const auto descriptors = openDescriptorCount();
    {
        const IngestSession session(smallPlan({fileSource("endless", "/dev/zero")}));
    }
    EXPECT_EQ(openDescriptorCount(), descriptors);
}

TEST(IngestSessionTest, withoutSourcesItIsDoneAtOnce)
{
    IngestSession session(smallPlan({}));
    session.start();
    ASSERT_TRUE(session.wait(1min));
    EXPECT_EQ(session.finish().bytes(), 0U);
}

/// Waiting for a stack is no failure. A source that there is no record for cannot even wait, and
/// is told of; the others run.
TEST(IngestSessionTest, aSourceThatCannotBeStartedHasFailed)
{
    const TemporaryDirectory directory;
    const auto pipe = directory.path() / "pipe";
    checkedCall(::mkfifo(pipe.c_str(), 0600), "mkfifo"); // whoever reads from it waits
    std::vector<SourceDescriptor> sources;
    for (int index = 0; index < 40; ++index)
    {
        sources.push_back(fileSource(fmt::format("source-{}", index), pipe));
    }
    auto plan = smallPlan(std::move(sources));
    plan.runtime.stacksPerReactor = {8, 1, 1};
    plan.runtime.spawnQueuePerReactor = 1;
    IngestSession session(std::move(plan));
    session.start();
    EXPECT_FALSE(session.wait(0s));
    EXPECT_EQ(session.progress().count(SourceState::Failed), 40U - 2 * 11);
    session.requestStop();
    ASSERT_TRUE(session.wait(1min));
    const auto result = session.finish();
    EXPECT_EQ(result.count(SourceState::Stopped), 2U * 11);
    for (const auto& source : result.sources)
    {
        EXPECT_EQ(source.error.empty(), source.state == SourceState::Stopped) << source.name;
    }
}

} // namespace weft::tools
