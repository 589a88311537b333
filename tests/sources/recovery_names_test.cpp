/// \file
/// docs/recovery.md, "Names": a tcp source whose host is looked up in vain.

#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/reactor/socket_address.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/retried_feed.hpp"
#include "tests/sources/slow_resolver.hpp"
#include "tests/support/own_process.hpp"
#include "tests/support/refused_system_calls.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include <netdb.h>
#include <sys/syscall.h>

using namespace weft;
using namespace weft::test;

namespace
{

class RecoveryNamesTest : public testing::TestWithParam<RunnerKind>
{
protected:
    /// Looks up a name that the resolver fails for with that code, once more if that may help.
    void expectOutcome(int code, int errnoValue, std::error_code expected, bool retried)
    {
        SCOPED_TRACE(expected.message());
        const AnsweringResolver resolver(code, errnoValue);
        Runtime runtime(onTestEngine({.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8}));
        EventLog log;
        auto source =
            retriedFeed(runtime, GetParam(), 9000, 1, {{"host", AnsweringResolver::Host}});
        ASSERT_TRUE(source.start(log.emit()));
        log.waitForLast();
        EXPECT_EQ(log.failure()->code, expected) << log.failure()->message;
        EXPECT_NE(log.failure()->message.find("connect to answered.invalid:9000: "),
                  std::string::npos);
        EXPECT_EQ(source.statistics().retries, retried ? 1U : 0U);
        EXPECT_EQ(log.lastEventCount(), 1);
    }

    void expectResolverOutcome(int code, bool retried)
    {
        expectOutcome(code, 0, {code, resolverCategory()}, retried);
    }
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(RecoveryNamesTest);

TEST_P(RecoveryNamesTest, whatMayPassIsTriedAgain)
{
    expectResolverOutcome(EAI_AGAIN, true);
    expectResolverOutcome(EAI_MEMORY, true);
}

TEST_P(RecoveryNamesTest, nameThatDoesNotExistIsAFailure)
{
    for (const int code : {EAI_NONAME, EAI_NODATA, EAI_ADDRFAMILY})
    {
        expectResolverOutcome(code, false);
    }
}

TEST_P(RecoveryNamesTest, refusalOfTheNameServiceIsAFailure)
{
    for (const int code : {EAI_FAIL, EAI_SERVICE, EAI_FAMILY, EAI_SOCKTYPE, EAI_BADFLAGS})
    {
        expectResolverOutcome(code, false);
    }
}

TEST_P(RecoveryNamesTest, systemCallsOfTheResolverCountAsTheirErrnoSays)
{
    expectOutcome(EAI_SYSTEM, EMFILE, errnoError(EMFILE), true);
    expectOutcome(EAI_SYSTEM, EIO, errnoError(EIO), false);
}

/// Out of descriptors, glibc could not read /etc/hosts and answered that there is no such name; the
/// source believed it and was not tried again.
TEST_P(RecoveryNamesTest, lackOfDescriptorsMustNotPassForAMissingName)
{
    expectOutcome(EAI_NONAME, EMFILE, errnoError(EMFILE), true);
    expectOutcome(EAI_AGAIN, ENFILE, errnoError(ENFILE), true);
    expectOutcome(EAI_NONAME, ENOENT, {EAI_NONAME, resolverCategory()}, false);
}

TEST_P(RecoveryNamesTest, addressFamilyThatTheMachineLacksIsAFailure)
{
    if (!inOwnProcess())
    {
        return;
    }
    refuseSystemCall(SYS_socket, EAFNOSUPPORT, AF_INET6);
    Runtime runtime(onTestEngine({.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8}));
    EventLog log;
    auto source = retriedFeed(runtime, GetParam(), 9000, 1, {{"host", "::1"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.failure()->code, errnoError(EAFNOSUPPORT)) << log.failure()->message;
    EXPECT_EQ(source.statistics().retries, 0U);
}

/// A name had an IPv4 address and, after it, an IPv6 address. On a machine without IPv6 the error
/// of the second hid that the first was merely refused, and the source was not tried again.
TEST_P(RecoveryNamesTest, addressFamilyThatTheMachineLacksMustNotHideARefusedConnection)
{
    if (!inOwnProcess())
    {
        return;
    }
    refuseSystemCall(SYS_socket, EAFNOSUPPORT, AF_INET6);
    const AnsweringResolver resolver(0);
    Runtime runtime(onTestEngine({.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8}));
    EventLog log;
    auto source = retriedFeed(runtime, GetParam(), refusedAddress().port(), 2,
                              {{"host", AnsweringResolver::Host}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.failure()->code, errnoError(ECONNREFUSED)) << log.failure()->message;
    EXPECT_EQ(source.statistics().retries, 2U);
}
