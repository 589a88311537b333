#pragma once

namespace CLI
{
class App;
}

namespace weft::tools
{

/// Adds `weft serve`, which replays a file to each TCP connection. When the command has run, its
/// exit code is in `exitCode`, which must outlive the application.
void addServeCommand(CLI::App& application, int& exitCode);

} // namespace weft::tools
