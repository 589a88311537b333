#pragma once

namespace CLI
{
class App;
}

namespace weft::tools
{

/// Adds `weft run`, which ingests what a configuration says. When the
/// command has run, its exit code is in `exitCode`, which must outlive the application.
void addRunCommand(CLI::App& application, int& exitCode);

} // namespace weft::tools
