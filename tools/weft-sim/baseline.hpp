#pragma once

#include <weft/reactor/simulation/simulation.hpp>

#include <string>

namespace weft
{

class Runtime;

} // namespace weft

namespace weft::sim
{

/// What a runtime without sources should not have, in words; empty when there is nothing. On the
/// reactor's thread.
std::string whatIsLeft(const simulation::Simulation& simulation, Runtime& runtime);

} // namespace weft::sim
