#include <weft/sources/contract/source_contract.hpp>

namespace
{

struct SequenceGenerator final : weft::contract::ProducingPeer
{
    static constexpr int Records = 20000;

    weft::ParameterTexts configuration() override
    {
        return {{"schema", "id:sequence"}, {"records", std::to_string(Records)}};
    }

    std::string whyNot(weft::contract::Ability) const override
    {
        return "a generator has nobody at its other end";
    }

    std::string content() override
    {
        std::string lines;
        for (int record = 0; record < Records; ++record)
        {
            lines += std::to_string(record) + '\n';
        }
        return lines;
    }
};

} // namespace

WEFT_SOURCE_CONTRACT(generator, SequenceGenerator)
