#include <weft/sources/http/redirect.hpp>

#include <gtest/gtest.h>

using namespace weft;

namespace
{

std::string resolve(std::string_view location)
{
    return resolveLocation(parseUrl("http://a/b/c/d;p?q", HttpSchemes), location);
}

} // namespace

// Those of RFC 3986, 5.4, without their fragments, which are for nobody to send.
TEST(RedirectTest, referencesAreResolvedAsTheStandardSays)
{
    EXPECT_EQ(resolve("g:h"), "g:h");
    EXPECT_EQ(resolve("g"), "http://a/b/c/g");
    EXPECT_EQ(resolve("./g"), "http://a/b/c/g");
    EXPECT_EQ(resolve("g/"), "http://a/b/c/g/");
    EXPECT_EQ(resolve("/g"), "http://a/g");
    EXPECT_EQ(resolve("//g"), "http://g");
    EXPECT_EQ(resolve("?y"), "http://a/b/c/d;p?y");
    EXPECT_EQ(resolve("g?y"), "http://a/b/c/g?y");
    EXPECT_EQ(resolve("#s"), "http://a/b/c/d;p?q");
    EXPECT_EQ(resolve("g?y#s"), "http://a/b/c/g?y");
    EXPECT_EQ(resolve(";x"), "http://a/b/c/;x");
    EXPECT_EQ(resolve(""), "http://a/b/c/d;p?q");
    EXPECT_EQ(resolve("."), "http://a/b/c/");
    EXPECT_EQ(resolve("./"), "http://a/b/c/");
    EXPECT_EQ(resolve(".."), "http://a/b/");
    EXPECT_EQ(resolve("../"), "http://a/b/");
    EXPECT_EQ(resolve("../g"), "http://a/b/g");
    EXPECT_EQ(resolve("../.."), "http://a/");
    EXPECT_EQ(resolve("../../g"), "http://a/g");
    EXPECT_EQ(resolve("../../../g"), "http://a/g");
    EXPECT_EQ(resolve("/./g"), "http://a/g");
    EXPECT_EQ(resolve("/../g"), "http://a/g");
    EXPECT_EQ(resolve("g."), "http://a/b/c/g.");
    EXPECT_EQ(resolve("..g"), "http://a/b/c/..g");
    EXPECT_EQ(resolve("./../g"), "http://a/b/g");
    EXPECT_EQ(resolve("./g/."), "http://a/b/c/g/");
    EXPECT_EQ(resolve("g/../h"), "http://a/b/c/h");
    EXPECT_EQ(resolve("g;x=1/../y"), "http://a/b/c/y");
    EXPECT_EQ(resolve("g?y/../x"), "http://a/b/c/g?y/../x");
}

TEST(RedirectTest, urlInAQueryIsNoScheme)
{
    EXPECT_EQ(resolve("?q=http://foo/"), "http://a/b/c/d;p?q=http://foo/");
    EXPECT_EQ(resolve("/login?next=http://foo/"), "http://a/login?next=http://foo/");
}

TEST(RedirectTest, schemePortAndAddressOfTheFirstRequestStay)
{
    const auto base = parseUrl("https://[::1]:8443/a", HttpSchemes);
    EXPECT_EQ(resolveLocation(base, "b"), "https://[::1]:8443/b");
    EXPECT_EQ(resolveLocation(base, "//other/b"), "https://other/b");
    EXPECT_EQ(resolveLocation(base, "HTTP://Other/b"), "http://Other/b");
}
