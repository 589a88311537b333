#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include <gtest/gtest.h>

using namespace weft;

TEST(NoTlsTest, buildWithoutTlsSaysHowToGetIt)
{
    Runtime runtime({.reactors = 1});
    try
    {
        SourceProvider(runtime).provide(
            1, SourceDescriptor("feed", "tcp",
                                {{"host", "localhost"}, {"port", "1"}, {"tls", "true"}}));
        FAIL() << "not refused";
    }
    catch (const InvalidParameter& refused)
    {
        EXPECT_STREQ(refused.what(),
                     "parameter 'tls' is 'true', but this build of weft has no TLS; build it with "
                     "-DWEFT_TLS=ON, which takes OpenSSL (Debian: libssl-dev)");
    }
}
