#pragma once

#include <weft/sources/async_source_runner.hpp>
#include <weft/sources/blocking_source_runner.hpp>
#include <weft/sources/source.hpp>

#include "tests/sources/runner_kind.hpp"

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weft::test
{

/// What a ScriptedSource does, and how often it was asked to.
struct SourceScript
{
    std::function<void()> open = [] {};
    std::function<FillStatus(Fill&)> fillBuffer = [](Fill&)
    {
        return FillStatus::EndOfStream;
    };
    std::function<void()> close = [] {};
    std::function<std::string()> describe = []
    {
        return std::string();
    };

    std::atomic<int> opens = 0;
    std::atomic<int> closes = 0;
    std::atomic<int> destructions = 0;
};

/// A source whose parts the test writes. The script must outlive it.
class ScriptedSource final : public Source
{
public:
    explicit ScriptedSource(SourceScript& sourceScript) : script(sourceScript)
    {
    }

    ~ScriptedSource() override
    {
        ++script.destructions;
    }

    void open() override
    {
        ++script.opens;
        script.open();
    }

    FillStatus fillBuffer(Fill& fill) override
    {
        return script.fillBuffer(fill);
    }

    void close() override
    {
        ++script.closes;
        script.close();
    }

    std::string describe() const override
    {
        return script.describe();
    }

private:
    SourceScript& script;
};

inline void put(Fill& fill, std::string_view text)
{
    std::memcpy(fill.rest().data(), text.data(), text.size());
    fill.advance(text.size());
}

inline std::unique_ptr<SourceRunner> makeRunner(RunnerKind kind, Runtime& runtime,
                                                SourceScript& script,
                                                SourceRunnerOptions options = {.name = "scripted"})
{
    auto source = std::make_unique<ScriptedSource>(script);
    constexpr OriginId Origin = 3;
    if (kind == RunnerKind::Thread)
    {
        return std::make_unique<BlockingSourceRunner>(runtime, Origin, std::move(options),
                                                      std::move(source));
    }
    return std::make_unique<AsyncSourceRunner>(runtime, Origin, std::move(options),
                                               std::move(source));
}

} // namespace weft::test
