#pragma once

namespace CLI
{
class App;
}

namespace weft::tools
{

/// Adds `weft doctor`, which tells whether and how well weft can run here. When the
/// command has run, its exit code is in `exitCode`, which must outlive the application.
void addDoctorCommand(CLI::App& application, int& exitCode);

} // namespace weft::tools
