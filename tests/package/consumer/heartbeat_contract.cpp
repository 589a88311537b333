#include <weft/sources/contract/source_contract.hpp>

namespace
{

struct Beats final : weft::contract::ProducingPeer
{
    weft::ParameterTexts configuration() override
    {
        return {{"interval", "500us"}, {"beats", "40"}};
    }

    std::string content() override
    {
        std::string all;
        for (int beat = 0; beat < 40; ++beat)
        {
            all += "beat\n";
        }
        return all;
    }
};

} // namespace

WEFT_SOURCE_CONTRACT(heartbeat, Beats)
