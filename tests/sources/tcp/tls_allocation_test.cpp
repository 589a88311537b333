#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/allocation_meter.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/sources/scripted_server.hpp"
#include "tests/sources/stream/tls_peer.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include <openssl/crypto.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

std::atomic<std::size_t> librarysAllocations = 0;

// Before OpenSSL has allocated anything, or it refuses.
const int replaced = CRYPTO_set_mem_functions(
    [](std::size_t sizeBytes, const char*, int)
    {
        ++librarysAllocations;
        return std::malloc(sizeBytes);
    },
    [](void* old, std::size_t sizeBytes, const char*, int)
    {
        ++librarysAllocations;
        return std::realloc(old, sizeBytes);
    },
    [](void* old, const char*, int)
    {
        std::free(old);
    });

std::size_t librarysAllocationCount()
{
    return librarysAllocations;
}

constexpr std::size_t BufferBytes = 1024;
constexpr std::size_t RecordBytes = 16 << 10;

class TlsAllocationTest : public testing::TestWithParam<RunnerKind>
{
protected:
    /// As `count` has it.
    std::size_t allocations(std::size_t (*count)())
    {
        const TemporaryDirectory directory;
        const TestAuthority authority;
        const auto identity = authority.issue();
        Runtime runtime(onTestEngine({.reactors = 1, .bufferSizeBytes = BufferBytes}));
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                TlsPeer peer(stream, identity);
                ASSERT_TRUE(peer.handshake());
                // All of it is sealed before anything is sent.
                peer.send(std::string((AllocationMeter::LastBuffer + 100) * BufferBytes, 'x'));
                awaitPeerClose(stream);
            });
        AllocationMeter meter(count);
        auto source = SourceProvider(runtime).provide(
            1, SourceDescriptor("feed", "tcp",
                                {{"host", "localhost"},
                                 {"port", std::to_string(server.port())},
                                 {"tls", "true"},
                                 {"tls_ca", directory.write("ca.pem", authority.certificatePem())},
                                 {"execution", executionText(GetParam())}}));
        EXPECT_TRUE(source.start(meter.emit()));
        const auto counted = meter.allocations();
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        return counted;
    }
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(TlsAllocationTest);

TEST_P(TlsAllocationTest, nothingIsAllocatedFromTheFirstToTheTenThousandthBuffer)
{
    EXPECT_EQ(allocations(heapAllocationCount), 0U);
}

TEST_P(TlsAllocationTest, opensslAllocatesOnceForEachRecordAtMost)
{
    ASSERT_EQ(replaced, 1);
    EXPECT_LE(allocations(librarysAllocationCount),
              AllocationMeter::LastBuffer * BufferBytes / RecordBytes);
}
