#pragma once

namespace CLI
{
class App;
}

namespace weft::tools
{

/// Adds `weft sources`, which shows the source types and their parameters. When the
/// command has run, its exit code is in `exitCode`, which must outlive the application.
void addSourcesCommand(CLI::App& application, int& exitCode);

} // namespace weft::tools
