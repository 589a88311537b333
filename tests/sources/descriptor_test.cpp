#include <weft/sources/source_descriptor.hpp>
#include <weft/sources/source_registry.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>

using namespace std::chrono_literals;
using namespace weft;

namespace
{

std::string refusal(std::string_view type, const ParameterTexts& texts)
{
    try
    {
        const SourceDescriptor descriptor("x", type, texts);
    }
    catch (const InvalidParameter& error)
    {
        return error.what();
    }
    return "accepted";
}

} // namespace

TEST(SourceDescriptor, builtInSourcesAreRegisteredInAProgramThatNamesThemNowhere)
{
    const auto names = SourceRegistry::instance().names();
    // These two at least: which others there are depends on what is built.
    EXPECT_TRUE(std::ranges::count(names, "file") == 1 && std::ranges::count(names, "tcp") == 1);
}

TEST(SourceDescriptor, everyParameterSaysWhatItIs)
{
    for (const auto& name : SourceRegistry::instance().names())
    {
        const auto* const type = SourceRegistry::instance().find(name);
        EXPECT_FALSE(type->help.empty());
        for (const auto& definition : type->parameters)
        {
            EXPECT_FALSE(definition.help.empty()) << name << "." << definition.name;
            if (definition.defaultValue)
            {
                EXPECT_NO_THROW(parseParameter(definition, *definition.defaultValue))
                    << name << "." << definition.name;
            }
        }
    }
}

TEST(SourceDescriptor, valuesAreTypedAndDefaultsFilledIn)
{
    const SourceDescriptor descriptor("feed", "tcp",
                                      {{"host", "::1"}, {"port", "9000"}, {"flush_interval", "0"}});
    EXPECT_EQ(descriptor.name(), "feed");
    EXPECT_EQ(descriptor.text("host"), "::1");
    EXPECT_EQ(descriptor.integer("port"), 9000);
    EXPECT_EQ(descriptor.duration("flush_interval"), 0ns);
    EXPECT_EQ(descriptor.duration("connect_timeout"), 10s);
}

TEST(SourceDescriptor, wrongParametersAreRefusedWithWhatIsAllowed)
{
    EXPECT_EQ(refusal("tcp", {{"host", "h"}, {"port", "70000"}}),
              "parameter 'port' is '70000'; allowed: 1 to 65535");
    EXPECT_EQ(refusal("tcp", {{"host", "h"}, {"port", "http"}}),
              "parameter 'port' is 'http'; allowed: 1 to 65535");
    EXPECT_EQ(
        refusal("tcp", {{"port", "9000"}}),
        "parameter 'host' is missing; a tcp source needs it: name, IPv4 or IPv6 address of the "
        "server");
    EXPECT_EQ(refusal("tcp", {{"host", ""}, {"port", "9000"}}),
              "parameter 'host' is ''; allowed: a text that is not empty");
    EXPECT_EQ(refusal("tcp", {{"host", "h"}, {"port", "1"}, {"flush_interval", "10"}}),
              "parameter 'flush_interval' is '10'; allowed: a duration of at least 0ns, such as "
              "250ms");
    EXPECT_EQ(
        refusal("file", {{"path", "p"}, {"offset", "1"}}),
        "parameter 'offset' is not known to sources of type file; known: path, "
        "start, follow, compression, read_ahead, flush_interval, execution, buffers_in_flight_max");
    EXPECT_EQ(refusal("file", {{"path", "p"}, {"execution", "process"}}),
              "parameter 'execution' is 'process'; allowed: one of fiber, thread");
    EXPECT_EQ(refusal("carrier-pigeon", {}),
              fmt::format("parameter 'type' is 'carrier-pigeon'; allowed: {}",
                          fmt::join(SourceRegistry::instance().names(), ", ")));
}

/// The system's calls end a text at a NUL: another file would be opened than the one named.
TEST(SourceDescriptor, textWithANulIsRefused)
{
    EXPECT_EQ(refusal("file", {{"path", std::string("da\0ta", 5)}}),
              "parameter 'path' has a NUL byte in its value; allowed: a text that is not empty");
}

TEST(SourceDescriptor, refusalIsOneLineWhateverTheValue)
{
    EXPECT_EQ(refusal("file", {{"path", "p"}, {"execution", "fiber\n\x1b[2J"}}),
              "parameter 'execution' is 'fiber\\n\\x1b[2J'; allowed: one of fiber, thread");
}

TEST(SourceDescriptor, reconnectParametersThatContradictEachOtherAreRefused)
{
    const ParameterTexts base{{"host", "h"}, {"port", "1"}};
    const auto with = [&](ParameterTexts texts)
    {
        texts.insert(base.begin(), base.end());
        return refusal("tcp", texts);
    };
    EXPECT_EQ(with({{"reconnect_pause_min", "20s"}}),
              "parameter 'reconnect_pause_min' is '20s'; allowed: at most reconnect_pause_max, "
              "which is 10s");
    EXPECT_EQ(with({{"reconnect_pause_max", "50ms"}}),
              "parameter 'reconnect_pause_max' is '50ms'; allowed: at least reconnect_pause_min, "
              "which is 100ms");
    EXPECT_EQ(with({{"reconnect_time", "1m"}}),
              "parameter 'reconnect_time' is '60s', but reconnect_attempts is 0, so nothing is "
              "tried again; give reconnect_attempts too");
}

TEST(SourceRegistry, aNameCannotBeTakenTwice)
{
    EXPECT_THROW(SourceRegistry::instance().add(
                     {.name = "tcp", .help = {}, .parameters = {}, .make = nullptr}),
                 std::logic_error);
}
