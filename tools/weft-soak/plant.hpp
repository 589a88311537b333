#pragma once

#include <cstdint>

namespace weft::soak
{

/// A mistake made on purpose, to show that it is found.
enum class Plant : std::uint8_t
{
    Nothing,
    LoseByte,     // between source and checker
    ChangeByte,   // the same
    KeepBuffer,   // for ever
    BlockForEver, // a consumer that never returns
};

} // namespace weft::soak
