#pragma once

#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace weft::test
{

/// A directory, and file sources that read what is in it, on the runner of the parameter.
class FileTest : public testing::TestWithParam<RunnerKind>
{
protected:
    /// `path` is relative to the directory, unless it is absolute.
    SourceHandle open(const std::filesystem::path& path, ParameterTexts texts = {})
    {
        texts.emplace("execution", executionText(GetParam()));
        texts.emplace("path", (directory.path() / path).string());
        return SourceProvider(runtime()).provide(1, SourceDescriptor("log", "file", texts));
    }

    /// Returns when the source has been opened.
    SourceHandle start(const std::filesystem::path& path, ParameterTexts texts = {})
    {
        auto source = open(path, std::move(texts));
        EXPECT_TRUE(source.start(log.emit()));
        while (source.statistics().opens == 0 && log.lastEventCount() == 0)
        {
            std::this_thread::yield();
        }
        return source;
    }

    SourceHandle follow(const std::filesystem::path& path, ParameterTexts texts = {})
    {
        texts.emplace("follow", "true");
        return start(path, std::move(texts));
    }

    std::filesystem::path write(std::string_view name, std::string_view content) const
    {
        return directory.write(name, content);
    }

    void append(std::string_view name, std::string_view content) const
    {
        std::ofstream(directory.path() / name, std::ios::binary | std::ios::app) << content;
    }

    void rename(std::string_view from, std::string_view to) const
    {
        std::filesystem::rename(directory.path() / from, directory.path() / to);
    }

    /// Returns what has come when it is this many bytes.
    std::string received(std::size_t sizeBytes)
    {
        log.waitForBytes(sizeBytes);
        return log.received();
    }

    /// The message of the failure with which the source ends.
    std::string failureMessage()
    {
        log.waitForLast();
        return log.failure() ? log.failure()->message : "no failure";
    }

    /// Made with `options` when it is first asked for.
    Runtime& runtime()
    {
        if (!ownRuntime)
        {
            ownRuntime.emplace(onTestEngine(options));
        }
        return *ownRuntime;
    }

    const TemporaryDirectory directory;
    RuntimeOptions options{.reactors = 1, .bufferSizeBytes = 4096};
    EventLog log;

private:
    std::optional<Runtime> ownRuntime;
};

} // namespace weft::test
