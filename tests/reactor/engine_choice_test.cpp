#include <weft/reactor/io.hpp>

#include "tests/support/own_process.hpp"
#include "tests/support/refused_system_calls.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <sys/syscall.h>

/// \file
/// Which engine a runtime takes on a machine that refuses io_uring, as containers do.

namespace weft
{

namespace
{

RuntimeOptions wanting(EngineKind kind)
{
    auto options = smallRuntime(2);
    options.engine = kind;
    return options;
}

/// Both reactors pass bytes on.
void expectItWorks(Runtime& runtime)
{
    for (const std::size_t reactor : {0, 1})
    {
        const auto pair = tcpPair();
        const auto received = onFiber(
            runtime,
            [&]
            {
                std::array<std::byte, 8> buffer;
                (void)io::send(pair.first.get(), bytesOf("bytes"));
                return io::recv(pair.second.get(), buffer).value();
            },
            testFiber("transfer", reactor));
        EXPECT_EQ(received, 5U);
    }
}

/// What the runtime says when it starts, and that it is on epoll for a reason.
std::string startOnEpoll()
{
    testing::internal::CaptureStderr();
    {
        Runtime runtime(wanting(EngineKind::Auto));
        expectItWorks(runtime);
        for (const auto& reactor : runtime.statistics())
        {
            EXPECT_EQ(reactor.engineName, "epoll");
            EXPECT_NE(reactor.engineFallbackReason, "");
        }
    }
    return testing::internal::GetCapturedStderr();
}

std::string whyItDoesNotStart(EngineKind kind, std::errc code)
{
    try
    {
        const Runtime runtime(wanting(kind));
        ADD_FAILURE() << "it has started";
        return {};
    }
    catch (const std::system_error& error)
    {
        EXPECT_EQ(error.code(), code) << error.what();
        return error.what();
    }
}

class RefusedUring : public testing::TestWithParam<int>
{
};

class ShortUring : public testing::TestWithParam<int>
{
};

std::string nameOf(const testing::TestParamInfo<int>& error)
{
    return ::strerrorname_np(error.param);
}

} // namespace

TEST_P(RefusedUring, fallsBackOnEpollAndSaysSoOnce)
{
    if (!inOwnProcess())
    {
        return;
    }
    refuseSystemCall(SYS_io_uring_setup, GetParam());
    const auto said = startOnEpoll();
    EXPECT_TRUE(said.starts_with("weft: using epoll, as io_uring cannot be used: ")) << said;
    EXPECT_NE(said.find("seccomp filter"), std::string::npos) << said;
    EXPECT_EQ(said.find('\n'), said.size() - 1) << said;
    EXPECT_EQ(startOnEpoll(), "");
}

TEST_P(RefusedUring, mustNotBeReplacedWhenItWasAskedFor)
{
    if (!inOwnProcess())
    {
        return;
    }
    refuseSystemCall(SYS_io_uring_setup, GetParam());
    const auto why = whyItDoesNotStart(EngineKind::IoUring, static_cast<std::errc>(GetParam()));
    EXPECT_NE(why.find("let the engine be auto or epoll"), std::string::npos) << why;
}

INSTANTIATE_TEST_SUITE_P(Errors, RefusedUring, testing::Values(EPERM, ENOSYS, EINVAL), nameOf);

TEST_P(ShortUring, mustNotBeHiddenByAFallback)
{
    if (!inOwnProcess())
    {
        return;
    }
    refuseSystemCall(SYS_io_uring_setup, GetParam());
    const auto why = whyItDoesNotStart(EngineKind::Auto, static_cast<std::errc>(GetParam()));
    EXPECT_NE(why.find("raise"), std::string::npos) << why;
}

TEST_P(ShortUring, isNoneOfEpollsConcern)
{
    if (!inOwnProcess())
    {
        return;
    }
    refuseSystemCall(SYS_io_uring_setup, GetParam());
    testing::internal::CaptureStderr();
    {
        Runtime runtime(wanting(EngineKind::Epoll));
        expectItWorks(runtime);
        EXPECT_EQ(runtime.statistics().front().engineFallbackReason, "");
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

INSTANTIATE_TEST_SUITE_P(Errors, ShortUring, testing::Values(ENOMEM, EMFILE), nameOf);

TEST(EngineChoice, aRingThatMayBeMadeButNotEnteredIsARefusal)
{
    if (!inOwnProcess())
    {
        return;
    }
    refuseSystemCall(SYS_io_uring_enter, EPERM);
    EXPECT_NE(startOnEpoll(), "");
}

TEST(EngineChoice, isIoUringWhereTheMachineHasIt)
{
    Runtime runtime(wanting(EngineKind::Auto));
    const auto reactor = runtime.statistics().front();
    if (reactor.engineName == "epoll")
    {
        GTEST_SKIP() << reactor.engineFallbackReason;
    }
    EXPECT_EQ(reactor.engineName, "io_uring");
    EXPECT_EQ(reactor.engineFallbackReason, "");
}

TEST(EngineChoice, namesAreReadBack)
{
    for (const auto kind : {EngineKind::Auto, EngineKind::IoUring, EngineKind::Epoll})
    {
        EXPECT_EQ(parseEngineKind(toString(kind)), kind);
    }
    EXPECT_EQ(parseEngineKind("kqueue"), std::nullopt);
}

} // namespace weft
