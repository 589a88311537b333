#include <weft/sources/source_registry.hpp>

#include <gtest/gtest.h>

#include <ostream>
#include <string>

using namespace weft;

namespace
{

struct WrongParameter
{
    std::string name;
    ParameterTexts texts;
    std::string message;
};

void PrintTo(const WrongParameter& wrong, std::ostream* stream)
{
    *stream << wrong.name;
}

class UdpParametersTest : public testing::TestWithParam<WrongParameter>
{
};

} // namespace

TEST_P(UdpParametersTest, areRefusedByNameValueAndWhatIsAllowed)
{
    auto texts = GetParam().texts;
    texts.try_emplace("port", "9000");
    try
    {
        const SourceDescriptor descriptor("feed", "udp", texts);
        SourceRegistry::instance().find("udp")->make(descriptor);
        FAIL() << "they are accepted";
    }
    catch (const InvalidParameter& error)
    {
        EXPECT_STREQ(error.what(), GetParam().message.c_str());
    }
}

INSTANTIATE_TEST_SUITE_P(
    Parameters, UdpParametersTest,
    testing::Values(
        WrongParameter{
            "port", {{"port", "65536"}}, "parameter 'port' is '65536'; allowed: 0 to 65535"},
        WrongParameter{"framing",
                       {{"framing", "lines"}},
                       "parameter 'framing' is 'lines'; allowed: one of none, newline, length"},
        WrongParameter{"receiveBuffer",
                       {{"receive_buffer", "2GiB"}},
                       "parameter 'receive_buffer' is '2GiB'; allowed: a size from 0 B to 1.0 GiB, "
                       "such as 4KiB"},
        WrongParameter{"address",
                       {{"address", "localhost"}},
                       "parameter 'address' is 'localhost'; allowed: a numeric IPv4 or IPv6 "
                       "address"},
        WrongParameter{"group",
                       {{"group", "10.0.0.1"}},
                       "parameter 'group' is '10.0.0.1'; allowed: 224.0.0.0 to 239.255.255.255, or "
                       "one that begins with ff"},
        WrongParameter{"interfaceAlone",
                       {{"interface", "lo"}},
                       "parameter 'interface' is 'lo', but no group is joined; give group too"},
        WrongParameter{"senderAlone",
                       {{"sender", "10.0.0.1"}},
                       "parameter 'sender' is '10.0.0.1', but no group is joined; give group too"},
        WrongParameter{"families",
                       {{"group", "ff15::1"}, {"address", "0.0.0.0"}},
                       "parameter 'address' is '0.0.0.0'; allowed: an IPv6 address, as the group "
                       "is one"},
        WrongParameter{"senderOfTheOtherFamily",
                       {{"group", "232.0.0.1"}, {"sender", "::1"}},
                       "parameter 'sender' is '::1'; allowed: an IPv4 address, as the group is "
                       "one"}),
    [](const testing::TestParamInfo<WrongParameter>& tested)
    {
        return tested.param.name;
    });
