#include "tests/fuzz/fuzz_target.hpp"

#include <cstdint>

/// What libFuzzer calls with each input. An exception ends the program, which libFuzzer takes for a
/// fault; its message is on standard error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t sizeBytes)
{
    const std::string_view input(reinterpret_cast<const char*>(data), sizeBytes);
    for (const auto& target : weft::fuzz::targets())
    {
        target.check(input);
    }
    return 0;
}
