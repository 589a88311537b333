#pragma once

#include <weft/sources/source_descriptor.hpp>

namespace weft::fuzz
{

/// The parameters of the source as exact texts: nanoseconds, bytes, whole numbers.
ParameterTexts textsOf(const SourceDescriptor& descriptor);

/// Whether name, type and every value are the same.
bool isSame(const SourceDescriptor& descriptor, const SourceDescriptor& other);

/// Every value is one that the type's definitions allow. Throws Violation.
void requireWithinDefinitions(const SourceDescriptor& descriptor);

} // namespace weft::fuzz
