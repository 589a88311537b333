#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace weft::tools
{

/// The line, counted from one, in which what follows the first document of a YAML text begins;
/// empty when nothing does. Throws YAML::Exception. Not by YAML::LoadAll(), which never ends when a
/// mark that cannot be there follows, such as a comma: it takes it for one document after the
/// other.
std::optional<std::size_t> findSecondDocument(const std::string& text);

} // namespace weft::tools
