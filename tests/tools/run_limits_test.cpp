#include <weft/sources/source_registry.hpp>

#include "ingest_plan.hpp"
#include "session_files.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

/// Configurations that need more than there is.

namespace weft::test
{

TEST(RunLimitsTest, moreSourcesThanThePoolCanReserveFor)
{
    const LoopbackListener listener;
    const RunDirectory directory(
        fmt::format("runtime: {{reactors: 1, buffers_per_reactor: 4}}\nsources: [{{name: feed, "
                    "type: tcp, count: 6, host: 127.0.0.1, port: {}}}]\n",
                    listener.address.port()));
    ChildProgram program(directory.arguments(), directory.options());
    // All six have been judged before the first one ends: four are connected and stay so.
    std::vector<OwnedDescriptor> connections;
    for (int count = 0; count < 4; ++count)
    {
        connections.push_back(listener.acceptClient());
    }
    program.awaitError("2 errors");
    connections.clear();
    const auto account = directory.account(program.wait());
    EXPECT_EQ(account.program.exitCode, 1);
    EXPECT_EQ(account.json["totals"]["ended"], 4);
    EXPECT_EQ(account.json["totals"]["failed"], 2);
    const std::string error = account.source("feed-4")["error"];
    EXPECT_TRUE(error.starts_with(
        "source 'feed-4' cannot be given its buffer: pool 'io-0' has 4 buffers of 4096 bytes and 4 "
        "are reserved; raise runtime.buffers_per_reactor to at least 5 or use fewer sources"))
        << error;
}

TEST(RunLimitsTest, automaticBuffersAreEnoughForEverySource)
{
    const RunDirectory directory(
        "runtime: {reactors: 1, buffer_size: 64}\nsources: [{name: a, type: "
        "file, count: 3000, path: data}]\n");
    directory.write("data", "bytes");
    const auto account = directory.run();
    EXPECT_EQ(account.program.exitCode, 0) << account.program.output;
    EXPECT_EQ(account.json["totals"]["bytes"], 15'000);
    EXPECT_EQ(account.json["reactors"][0]["buffers"]["total"], 2 * 3000 + 256);
}

TEST(RunLimitsTest, eachTypeCountsTheDescriptorsOfItsSources)
{
    const auto needed = [](const char* type, const ParameterTexts& texts)
    {
        tools::IngestPlan plan;
        const auto before = tools::descriptorsNeeded(plan);
        for (int number = 0; number < 10; ++number)
        {
            plan.sources.emplace_back("source", type, texts);
        }
        return tools::descriptorsNeeded(plan) - before;
    };
    EXPECT_EQ(needed("tcp", {{"host", "localhost"}, {"port", "1"}}), 10U);
    EXPECT_EQ(needed("tcp", {{"host", "localhost"}, {"port", "1"}, {"execution", "thread"}}), 20U);
    EXPECT_EQ(needed("file", {{"path", "data"}}), 10U);
    EXPECT_EQ(needed("file", {{"path", "data"}, {"follow", "true"}}), 30U);
    EXPECT_EQ(needed("generator", {{"schema", "id:sequence"}}), 0U);
    if (SourceRegistry::instance().find("mqtt") != nullptr)
    {
        EXPECT_EQ(needed("mqtt", {{"uri", "mqtt://localhost"}, {"topics", "t"}}), 30U);
    }
}

TEST(RunLimitsTest, tooFewDescriptorsAreRefusedBeforeAnythingIsOpened)
{
    const LoopbackListener listener;
    const RunDirectory directory(
        fmt::format("runtime: {{reactors: 1}}\nsink: {{type: files, directory: out}}\nsources: "
                    "[{{name: feed, type: tcp, count: 100, host: 127.0.0.1, port: {}}}]\n",
                    listener.address.port()));
    auto options = directory.options();
    options.descriptorLimit = 200;
    const auto result = runProgram(directory.arguments(), options);
    EXPECT_EQ(result.exitCode, 2);
    // 100 sources and their files, 4 for the reactor, 1 for the worker, 64 for the rest.
    EXPECT_EQ(result.errors, "weft: the configuration needs 269 file descriptors and this process "
                             "may have 200 (hard limit 200); raise the limit, which 'ulimit -Hn' "
                             "shows, or use fewer sources\n");
    EXPECT_FALSE(std::filesystem::exists(directory.path() / "out"));
}

} // namespace weft::test
