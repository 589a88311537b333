#pragma once

#include <weft/sources/async_source_runner.hpp>
#include <weft/sources/source.hpp>

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string_view>

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

private:
    SourceScript& script;
};

inline void put(Fill& fill, std::string_view text)
{
    std::memcpy(fill.rest().data(), text.data(), text.size());
    fill.advance(text.size());
}

inline AsyncSourceRunner makeRunner(Runtime& runtime, SourceScript& script,
                                    SourceRunnerOptions options = {.name = "scripted"})
{
    return {runtime, 3, std::move(options), std::make_unique<ScriptedSource>(script)};
}

} // namespace weft::test
