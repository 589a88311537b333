#include <weft/reactor/socket_address.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include <netdb.h>

namespace weft
{

namespace
{

std::string printed(std::string_view host)
{
    const auto address = SocketAddress::parse(host, 9000);
    return address ? address->toString() : "none";
}

} // namespace

TEST(SocketAddressTest, numericAddressesAreParsed)
{
    EXPECT_EQ(printed("127.0.0.1"), "127.0.0.1:9000");
    EXPECT_EQ(printed("0:0::1"), "[::1]:9000");
    EXPECT_EQ(printed("localhost"), "none");
    EXPECT_EQ(printed("127.0.0.1.5"), "none");
}

/// Without it the address would be another one, or none.
TEST(SocketAddressTest, scopeIsPrintedToo)
{
    EXPECT_EQ(printed("fe80::1%lo"), "[fe80::1%lo]:9000");
    EXPECT_EQ(printed("fe80::1%none"), "none");
}

TEST(SocketAddressTest, namesOfUnixSocketsArePathsOrAbstract)
{
    const auto printedUnix = [](std::string_view name)
    {
        const auto address = SocketAddress::parseUnix(name);
        return address ? address->toString() : "none";
    };
    EXPECT_EQ(printedUnix("/run/feed"), "unix:/run/feed");
    EXPECT_EQ(printedUnix("@feed"), "unix:@feed");
    EXPECT_EQ(printedUnix("./@feed"), "unix:./@feed");
    EXPECT_EQ(printedUnix(""), "none");
    EXPECT_EQ(printedUnix("@"), "none");
    EXPECT_EQ(printedUnix(std::string_view("a\0b", 3)), "none");
    const std::string longest(SocketAddress::UnixNameBytesMax, 'x');
    EXPECT_EQ(printedUnix(longest), "unix:" + longest);
    EXPECT_EQ(printedUnix(longest + "x"), "none");
}

/// inet_pton() and getaddrinfo() see only what is before it.
TEST(SocketAddressTest, hostWithANulIsNeitherAddressNorName)
{
    const std::string host("127.0.0.1\0.example.org", 22);
    EXPECT_EQ(printed(host), "none");
    const auto resolved = resolve(host, 9000);
    ASSERT_FALSE(resolved);
    EXPECT_EQ(resolved.error(), std::error_code(EAI_NONAME, resolverCategory()));
}

} // namespace weft
