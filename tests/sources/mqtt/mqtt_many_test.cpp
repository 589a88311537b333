#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>
#include <weft/sources/source_registry.hpp>

#include "broker.hpp"
#include "mqtt_peer.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/test_engine.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include <sys/resource.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

/// False when the machine does not allow so many.
bool allowDescriptors(rlim_t count)
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < count)
    {
        return false;
    }
    limit.rlim_cur = std::max(limit.rlim_cur, count);
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

} // namespace

TEST(MqttManyTest, thousandSourcesOfOneBrokerOnOneReactor)
{
    constexpr std::size_t Sources = 1000;
    if (!allowDescriptors(4 * Sources))
    {
        GTEST_SKIP() << "needs " << 4 * Sources << " descriptors";
    }
    const Broker broker;
    MqttPeer peer(broker.port());
    const auto descriptorsBefore = openDescriptorCount();
    std::atomic<std::size_t> bytes = 0;
    std::atomic<std::size_t> failures = 0;
    {
        Runtime runtime(onTestEngine(
            {.reactors = 1, .buffersPerReactor = Sources + 100, .bufferSizeBytes = 4096}));
        std::vector<SourceHandle> sources;
        for (std::size_t number = 0; number < Sources; ++number)
        {
            const SourceDescriptor descriptor(fmt::format("feed {}", number), "mqtt",
                                              {{"uri", broker.uri()},
                                               {"topics", "t"},
                                               {"framing", "newline"},
                                               {"connect_timeout", "60s"}});
            sources.push_back(SourceProvider(runtime).provide(number, descriptor));
            ASSERT_TRUE(sources.back().start(
                [&](OriginId, SourceEvent event)
                {
                    const auto* const data = std::get_if<SourceData>(&event);
                    (data != nullptr ? bytes : failures) += data ? data->buffer.sizeBytes() : 1;
                }));
        }
        broker.awaitLog("Sending SUBACK to", Sources);
        // As many as weft says beforehand that they need, and some of the runtime's own.
        const SourceDescriptor one("one", "mqtt", {{"uri", broker.uri()}, {"topics", "t"}});
        const auto needed = Sources * SourceRegistry::instance().find("mqtt")->fileDescriptors(one);
        const auto opened = static_cast<std::size_t>(openDescriptorCount() - descriptorsBefore);
        EXPECT_GE(opened, needed);
        EXPECT_LT(opened, needed + 20);
        // The reactor, and the threads that resolve names.
        EXPECT_LE(runtime.threadCount(), 5U);
        peer.publish("t", {"for all", "and more"});
        while (bytes < Sources * 17)
        {
            std::this_thread::sleep_for(1ms);
        }
        for (auto& source : sources)
        {
            source.stop();
        }
        for (auto& source : sources)
        {
            EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        }
    }
    EXPECT_EQ(bytes, Sources * 17);
    EXPECT_EQ(failures, 0U);
    EXPECT_EQ(openDescriptorCount(), descriptorsBefore);
}
