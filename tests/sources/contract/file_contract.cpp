#include <weft/sources/contract/file_peer.hpp>
#include <weft/sources/contract/source_contract.hpp>

namespace
{

struct RegularFile final : weft::contract::FilePeer
{
    weft::ParameterTexts parameters(const std::string& path) override
    {
        return {{"path", path}};
    }
};

struct Fifo final : weft::contract::PipePeer
{
    weft::ParameterTexts parameters(const std::string& path) override
    {
        return {{"path", path}};
    }
};

} // namespace

WEFT_SOURCE_CONTRACT(file, RegularFile)
WEFT_SOURCE_CONTRACT(file, Fifo)
