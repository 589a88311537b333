#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weft
{
class Runtime;
}

namespace weft::soak
{

/// What the process and its runtime hold at one moment, by name. Two moments without any source
/// must be equal.
using Baseline = std::map<std::string, std::int64_t>;

/// `runtime`: null when there is none.
Baseline takeBaseline(Runtime* runtime);

/// Leaves what belongs to the runtime alone.
void eraseProcess(Baseline& baseline);

/// "expected: 0; found: 3", by name, for those that differ.
std::map<std::string, std::string> differences(const Baseline& expected, const Baseline& found);

/// Bytes of this process that are resident, after the heap has given back what it can.
std::int64_t residentBytes();

} // namespace weft::soak
