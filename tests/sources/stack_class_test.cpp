#include <weft/reactor/reactor.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/async_source_runner.hpp>
#include <weft/sources/source.hpp>

#include "tests/sources/event_log.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>

using namespace weft;
using namespace weft::test;

namespace
{

/// Ends at once; tells how many medium stacks are in use while it is open.
class MediumSource final : public Source
{
public:
    explicit MediumSource(std::size_t& stacksSeen) noexcept : seen(stacksSeen)
    {
    }

    void open() override
    {
        seen = Reactor::current()->scheduler().stacks().statistics(StackClass::Medium).inUse;
    }

    FillStatus fillBuffer(Fill&) override
    {
        return FillStatus::EndOfStream;
    }

    void close() override
    {
    }

    StackClass stackClass() const noexcept override
    {
        return StackClass::Medium;
    }

private:
    std::size_t& seen;
};

} // namespace

TEST(StackClassTest, aSourceRunsOnTheStackThatItAsksFor)
{
    Runtime runtime({.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8});
    EventLog log;
    std::size_t seen = 0;
    AsyncSourceRunner runner(runtime, 1, {.name = "medium"}, std::make_unique<MediumSource>(seen));
    ASSERT_TRUE(runner.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(seen, 1);
}
