#pragma once

#include "soak.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace weft::soak
{

/// For people.
std::string summarize(const Soak& soak, const SoakOptions& options, SoakEnd end);

/// The same for machines.
nlohmann::json toJson(const Soak& soak, const SoakOptions& options, SoakEnd end);

} // namespace weft::soak
