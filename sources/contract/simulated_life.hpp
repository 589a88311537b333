#pragma once

#include <weft/sources/contract/stage.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::contract
{

/// What became of one source on a simulated machine.
struct SimulatedOutcome
{
    /// What is against the contract; nothing, one hopes.
    std::vector<std::string> problems;
    /// Of the reactor, until the source was over.
    std::uint64_t steps = 0;
};

/// Runs a source of the subject against a peer that the seed decides on: what it sends and when,
/// whether it refuses, ends, resets or falls silent, what the machine does wrong, how slow the
/// consumer is. Checks each byte, and that what any read has brought was emitted. With `stopAtStep`
/// the source is stopped then. Throws NotApplicable when the simulator has no such peer.
SimulatedOutcome simulateLife(const Subject& subject, std::uint64_t seed,
                              std::optional<std::uint64_t> stopAtStep = std::nullopt);

} // namespace weft::contract
