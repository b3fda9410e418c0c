// SPDX-License-Identifier: Apache-2.0 OR MIT
// Families of metrics as they are built up for one scrape. Private to the room.
#pragma once

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <sstream>

#include "node/mesh/mesh_status.h"
#include "node/metrics.h"

namespace ghmesh::node {

class Families {
 public:
  using Labels = std::vector<prometheus::ClientMetric::Label>;

  // Begins a family; the values that follow belong to it.
  void begin(prometheus::MetricType type, std::string_view name, std::string_view help) {
    families_.push_back({"ghmesh_" + std::string(name), std::string(help), type, {}});
  }
  void begin_process(prometheus::MetricType type, std::string_view name, std::string_view help) {
    families_.push_back({"process_" + std::string(name), std::string(help), type, {}});
  }
  void value(double number, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    if (families_.back().type == prometheus::MetricType::Counter) metric.counter.value = number;
    else metric.gauge.value = number;
    families_.back().metric.push_back(std::move(metric));
  }
  void value(std::uint64_t number, Labels labels = {}) {
    value(static_cast<double>(number), std::move(labels));
  }
  void histogram(const std::array<std::uint64_t, kBucketsCount>& buckets,
                 std::uint64_t nanoseconds_sum, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < kBucketsCount; ++i) {
      cumulative += buckets[i];
      const double bound = i < kDurationBounds.size()
                               ? std::chrono::duration<double>(kDurationBounds[i]).count()
                               : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({cumulative, bound});
    }
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum = static_cast<double>(nanoseconds_sum) * 1e-9;
    families_.back().metric.push_back(std::move(metric));
  }
  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return std::move(out).str();
  }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

void write_mesh(Families& families, const MeshStatus& status);  // metrics_mesh.cc

}  // namespace ghmesh::node
