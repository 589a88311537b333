#pragma once

#include <string>
#include <utility>
#include <vector>

namespace weft::bench
{

/// What figures depend on, as name and value: processor, memory, kernel, compiler, libraries.
std::vector<std::pair<std::string, std::string>> describeMachine();

} // namespace weft::bench
