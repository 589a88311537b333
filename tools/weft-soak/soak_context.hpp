#pragma once

#include "plant.hpp"

#include <cstdint>
#include <filesystem>

namespace weft::soak
{

class BufferHolder;
class ConsumerGroups;
class Findings;
class Peer;
class Prompter;
class Roster;
class Watchdog;
struct Tally;

/// What all lives share. Outlives them.
struct SoakContext
{
    std::uint64_t seed = 0;
    std::filesystem::path directory; // for files and pipes
    std::uint32_t bufferSizeBytes = 0;
    Peer& peer;
    BufferHolder& holder;
    Prompter& prompter;
    Roster& roster;
    Findings& findings;
    Tally& tally;
    Watchdog& watchdog;
    Plant plant = Plant::Nothing;           // in the life that is made next
    const ConsumerGroups* groups = nullptr; // of the round
};

} // namespace weft::soak
