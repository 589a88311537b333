#pragma once

#include "demo_options.hpp"

namespace weft::tools
{

/// Runs the demo and prints its account. Answers the exit code. Throws InvalidOption and UsageError
/// before anything has been started, std::exception when the machine or the server fails. On the
/// main thread, before any other one.
int runDemo(const DemoOptions& options);

} // namespace weft::tools
