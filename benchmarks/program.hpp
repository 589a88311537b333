#pragma once

#include <CLI/App.hpp>
#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <interrupt_signals.hpp>
#include <output_file.hpp>

namespace weft::bench
{

/// The exit code of a benchmark that was ended by a signal, as shells count it.
inline constexpr int InterruptedStatus = 130;

/// The file that `--json` names; made before the measuring, so that a place which cannot be written
/// is found out early.
class ResultFile
{
public:
    /// An empty path stands for none. Throws tools::UsageError.
    explicit ResultFile(const std::string& path);

    /// Throws std::system_error.
    void write(const nlohmann::ordered_json& json);

private:
    std::optional<tools::OutputFile> file;
};

/// Throws tools::Interrupted as soon as a signal has come.
void sleepOrThrow(tools::InterruptSignals& signals, std::chrono::duration<double> duration);

/// Parses the command line, then does the work, with what goes wrong told on standard error: all
/// that main() does. The exit code is that of the work; 1 when it throws; 2 for usage, also when it
/// throws CLI::ParseError or tools::UsageError; InterruptedStatus when it throws
/// tools::Interrupted.
int runProgram(CLI::App& application, int argumentCount, char** arguments,
               const std::function<int()>& work);

/// As runProgram(), without the command line.
int tellWhatFails(CLI::App& application, const std::function<int()>& work);

} // namespace weft::bench
