#pragma once

namespace CLI
{
class App;
}

namespace weft::tools
{

/// Adds `weft demo`, which ingests from a thousand connections and accounts for every byte. When
/// the command has run, its exit code is in `exitCode`, which must outlive the application.
void addDemoCommand(CLI::App& application, int& exitCode);

} // namespace weft::tools
