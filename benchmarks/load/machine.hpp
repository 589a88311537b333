#pragma once

#include <string>
#include <utility>
#include <vector>

namespace weft::bench
{

/// What figures depend on, as name and value: processor, memory, kernel, compiler, libraries.
std::vector<std::pair<std::string, std::string>> describeMachine();

/// The CPUs that this process may use.
std::vector<int> allowedCpus();

} // namespace weft::bench
