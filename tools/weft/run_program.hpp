#pragma once

#include <functional>

namespace CLI
{
class App;
}

namespace weft::tools
{

/// All that main() does in a program of one command: parses the command line, then does the work.
/// What goes wrong is told on standard error, behind the program's name. The exit code is that of
/// the work; ExitUsage for a wrong command line, and when the work throws UsageError or
/// InvalidOption; ExitFailed for whatever else it throws. A reader of standard output that has gone
/// ends nothing: SIGPIPE is ignored from here on.
int runProgram(CLI::App& application, int argumentCount, char** words,
               const std::function<int()>& work);

} // namespace weft::tools
