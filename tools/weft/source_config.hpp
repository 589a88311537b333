#pragma once

#include <weft/sources/source_descriptor.hpp>

#include <vector>

namespace weft::tools
{

class ConfigNode;

/// The sources of a configuration's list, each as often as its `count` says. Throws UsageError.
std::vector<SourceDescriptor> readSources(const ConfigNode& list);

} // namespace weft::tools
