#pragma once

#include <weft/sources/source_descriptor.hpp>

#include <cstdint>
#include <vector>

namespace weft::tools
{

class ConfigNode;

/// The sources of a configuration's list, each as often as its `count` says, and no more than
/// `sourcesMost`. Throws UsageError.
std::vector<SourceDescriptor> readSources(const ConfigNode& list, std::int64_t sourcesMost);

} // namespace weft::tools
