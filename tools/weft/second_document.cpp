#include "second_document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>

namespace weft::tools
{

namespace
{

/// Where the latest document begins; all else is passed over.
class DocumentStart final : public YAML::EventHandler
{
public:
    std::size_t line() const noexcept
    {
        return startLine;
    }

    void OnDocumentStart(const YAML::Mark& mark) override
    {
        startLine = static_cast<std::size_t>(std::max(mark.line, 0)) + 1;
    }

    void OnDocumentEnd() override
    {
    }

    void OnNull(const YAML::Mark&, YAML::anchor_t) override
    {
    }

    void OnAlias(const YAML::Mark&, YAML::anchor_t) override
    {
    }

    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  const std::string&) override
    {
    }

    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override
    {
    }

    void OnSequenceEnd() override
    {
    }

    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override
    {
    }

    void OnMapEnd() override
    {
    }

private:
    std::size_t startLine = 1;
};

} // namespace

std::optional<std::size_t> findSecondDocument(const std::string& text)
{
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DocumentStart start;
    const bool more = parser.HandleNextDocument(start) && parser.HandleNextDocument(start);
    return more ? std::optional(start.line()) : std::nullopt;
}

} // namespace weft::tools
