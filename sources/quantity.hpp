#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

/// \file
/// Numbers with units, as people write them in configurations. A failure is a text that says what
/// is allowed.

namespace weft
{

template <typename T>
using Parsed = std::expected<T, std::string>;

/// "250ms", "1.5s", "10us", "2m", "1h", "100ns". A number without unit is refused, except 0.
Parsed<std::chrono::nanoseconds> parseDuration(std::string_view text);

/// "4096", "4096B", "4KiB", "1.5MiB", "2GiB", "1TiB", and decimal "4kB", "1MB", "1GB", "1TB".
/// In bytes.
Parsed<std::uint64_t> parseSize(std::string_view text);

/// A whole number in decimal, with a sign if negative.
Parsed<std::int64_t> parseInteger(std::string_view text);

/// "true", "false", "yes", "no", "on", "off".
Parsed<bool> parseBoolean(std::string_view text);

/// The largest unit that leaves a short number: "1.50s", "10ms".
std::string formatDuration(std::chrono::nanoseconds duration);

/// "4.0 KiB", "1.2 GiB".
std::string formatSize(std::uint64_t bytes);

} // namespace weft
