#include "scaling_law.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <utility>
#include <vector>

namespace weft::bench
{

namespace
{

/// n / throughput = a + b (n-1) + c n (n-1), where a = 1 / lambda, b = sigma a, c = kappa a.
constexpr std::size_t TermCount = 3;

using Terms = std::array<double, TermCount>;

Terms termsOf(const ScalingPoint& point)
{
    const auto reactors = static_cast<double>(point.reactors);
    return {1, reactors - 1, reactors * (reactors - 1)};
}

/// Each equation is divided by its left side, so that the small n count as much as the large ones.
Terms weighted(const ScalingPoint& point)
{
    auto terms = termsOf(point);
    for (auto& term : terms)
    {
        term *= point.throughput / static_cast<double>(point.reactors);
    }
    return terms;
}

using Chosen = std::vector<std::size_t>; // terms; the factors of the others are 0

/// Rows of the normal equations, the right side last.
std::vector<std::vector<double>> normalEquations(std::span<const ScalingPoint> points,
                                                 const Chosen& chosen)
{
    const auto size = chosen.size();
    std::vector<std::vector<double>> rows(size, std::vector<double>(size + 1));
    for (const auto& point : points)
    {
        const auto terms = weighted(point);
        for (std::size_t row = 0; row < size; ++row)
        {
            for (std::size_t column = 0; column < size; ++column)
            {
                rows[row][column] += terms[chosen[row]] * terms[chosen[column]];
            }
            rows[row][size] += terms[chosen[row]];
        }
    }
    return rows;
}

/// By Gauss and Jordan. The matrix is positive definite, so its diagonal will do for pivots.
Terms solve(std::vector<std::vector<double>> rows, const Chosen& chosen)
{
    const auto size = rows.size();
    for (std::size_t pivot = 0; pivot < size; ++pivot)
    {
        for (std::size_t row = 0; row < size; ++row)
        {
            const double factor = row == pivot ? 0 : rows[row][pivot] / rows[pivot][pivot];
            for (std::size_t column = pivot; column <= size; ++column)
            {
                rows[row][column] -= factor * rows[pivot][column];
            }
        }
    }
    Terms factors{};
    for (std::size_t row = 0; row < size; ++row)
    {
        factors[chosen[row]] = rows[row][size] / rows[row][row];
    }
    return factors;
}

double squaredError(std::span<const ScalingPoint> points, const Terms& factors)
{
    double sum = 0;
    for (const auto& point : points)
    {
        const auto terms = weighted(point);
        double error = -1;
        for (std::size_t term = 0; term < TermCount; ++term)
        {
            error += terms[term] * factors[term];
        }
        sum += error * error;
    }
    return sum;
}

bool isUsable(std::span<const ScalingPoint> points)
{
    std::set<std::size_t> different;
    for (const auto& point : points)
    {
        if (point.reactors == 0 || !(point.throughput > 0) || !std::isfinite(point.throughput))
        {
            return false;
        }
        different.insert(point.reactors);
    }
    return different.size() >= ScalingLaw::PointsLeast;
}

} // namespace

double ScalingLaw::throughput(double reactors) const noexcept
{
    return lambda * reactors / (1 + sigma * (reactors - 1) + kappa * reactors * (reactors - 1));
}

std::optional<double> ScalingLaw::peakReactors() const noexcept
{
    if (kappa <= 0)
    {
        return std::nullopt;
    }
    return sigma < 1 ? std::max(1.0, std::sqrt((1 - sigma) / kappa)) : 1.0;
}

std::optional<ScalingLaw> fitScalingLaw(std::span<const ScalingPoint> points)
{
    if (!isUsable(points))
    {
        return std::nullopt;
    }
    // With two factors that must not be negative, the best lies inside or on a border: try all
    // four.
    std::optional<Terms> best;
    double leastError = std::numeric_limits<double>::infinity();
    for (const auto& chosen : {Chosen{0, 1, 2}, Chosen{0, 1}, Chosen{0, 2}, Chosen{0}})
    {
        const auto factors = solve(normalEquations(points, chosen), chosen);
        const auto error = squaredError(points, factors);
        if (factors[0] > 0 && factors[1] >= 0 && factors[2] >= 0 && error < leastError)
        {
            best = factors;
            leastError = error;
        }
    }
    if (!best)
    {
        return std::nullopt;
    }
    const auto [a, b, c] = *best;
    return ScalingLaw{.lambda = 1 / a, .sigma = b / a, .kappa = c / a};
}

} // namespace weft::bench
