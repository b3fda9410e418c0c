// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/node.h"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/log.h"
#include "base/text.h"
#include "cache/secret_file.h"
#include "net/http_server.h"
#include "net/listener.h"
#include "net/upstream.h"
#include "node/admin.h"
#include "node/mesh_wiring.h"
#include "node/metrics.h"
#include "proxy/proxy.h"

namespace ghmesh::node {
namespace {

namespace asio = net::asio;

// How often a draining node looks whether the last exchange is done.
constexpr Duration kDrainStep = 20ms;

template <class T>
T or_fail(Result<T> result, const std::string& what) {
  if (!result) throw StartError(what + ": " + result.error().message());
  return *std::move(result);
}

// The file of an installation's own secret, made on first use.
crypto::Secret state_secret(const Config& config, const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(config.state_dir) / name;
  return or_fail(cache::load_or_create_secret(path), "cannot use " + path.string());
}

std::vector<std::string> labels_of_token_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw StartError("cannot read the token file " + path);
  std::vector<std::string> labels;
  for (std::string line; std::getline(file, line);
       crypto::wipe(std::as_writable_bytes(std::span(line)))) {
    const std::string_view token = trim(line);
    if (token.empty() || token.starts_with('#')) continue;
    auto credential = github::parse_credential("token " + std::string(token));
    if (!credential) throw StartError("a line of the token file " + path + " is not a token");
    labels.push_back(github::audit_label(*credential));
  }
  return labels;
}

std::vector<proxy::PrincipalGroup> make_groups(const Config& config) {
  std::vector<proxy::PrincipalGroup> groups;
  for (const Group& group : config.groups) {
    proxy::PrincipalGroup made{.name = group.name,
                               .audit_labels = group.audit_labels,
                               .secret = state_secret(config, "group-" + group.name + ".key")};
    for (const std::string& path : group.token_files)
      for (std::string& label : labels_of_token_file(path))
        made.audit_labels.push_back(std::move(label));
    groups.push_back(std::move(made));
  }
  return groups;
}

// What a Host on TCP may say: the address itself, the names of loopback with its port, and the operator's names.
void add_own_names(std::string_view address, const Config& config,
                   std::vector<std::string>& names) {
  const std::string port(address.substr(address.rfind(':')));
  names.emplace_back(address);
  for (std::string_view host : {"localhost", "127.0.0.1", "[::1]"})
    names.push_back(std::string(host) + port);
  for (const std::string& name : config.host_names) {
    names.push_back(name);
    names.push_back(name + port);
  }
}

net::Listener listen_tcp(const std::string& address) {
  return or_fail(net::Listener::tcp(address), "cannot listen on " + address);
}

net::Listener listen_unix(const std::string& path) {
  return or_fail(net::Listener::unix_socket(path), "cannot listen on " + path);
}

// The front doors are ours already, so whoever still holds the admin address is a predecessor that finishes its last
// exchanges: it is waited for.
net::Listener listen_admin(const std::string& address) {
  const auto listen = [&] {
    return address.starts_with('/') ? net::Listener::unix_socket(address)
                                    : net::Listener::tcp(address);
  };
  const Instant deadline = read_clocks().instant + kDrainDeadline;
  auto listener = listen();
  while (!listener && listener.error() == boost::system::errc::address_in_use &&
         read_clocks().instant < deadline) {
    std::this_thread::sleep_for(kDrainStep);
    listener = listen();
  }
  return or_fail(std::move(listener), "cannot listen on " + address);
}

cache::Options cache_options(const Config& config) {
  cache::Options options{.directory = config.cache_dir,
                         .durability = config.durability,
                         .disk_bytes_max = config.disk_size,
                         .memory_bytes_max = config.memory_size};
  options.candidates = config.candidates;
  if (config.candidates == Candidates::disk)
    options.local_secret = state_secret(config, "candidates.key");
  return options;
}

// Callers on TCP can be anybody on this machine. They get at most half of the descriptors that this process may open,
// so that the socket of its owner, the upstream and the store always find one.
std::size_t tcp_connections_max(const Config& config) {
  constexpr std::size_t kReserved = 64;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return config.connections;
  const std::size_t share = limit.rlim_cur > 2 * kReserved ? (limit.rlim_cur - kReserved) / 2 : 8;
  return std::min<std::size_t>(config.connections, share);
}

net::UpstreamOptions upstream_options(const Config& config) {
  if (!config.ca_file.empty() && access(config.ca_file.c_str(), R_OK) != 0)
    throw StartError("cannot read the CA file " + config.ca_file);
  return {.proxy = config.upstream_proxy,
          .ca_file = config.ca_file,
          .http1_only = config.http1_only,
          .concurrent_count_max = config.upstream_concurrent};
}

std::string printed_address(const net::Listener& listener) {
  return (listener.is_tcp() ? "http://" : "") + listener.address();
}

}  // namespace

struct Node::State {
  explicit State(const Config& config);

  Snapshot snapshot() const;
  AdminSources admin_sources();
  proxy::ProxyOptions proxy_options(const Config& config) const;
  void open_doors(const Config& config);
  void join_swarm(const Config& config);
  Result<void> reload_swarm();
  net::awaitable<void> drain();

  // What coroutines use stands above the runtime: when a node is dropped with requests under way, their coroutines are
  // destroyed with the runtime, while everything they refer to is still there.
  std::unique_ptr<cache::Cache> cache;
  proxy::Callers callers;
  Metrics metrics;
  std::optional<SwarmMembership> membership;  // read before there is any other thread
  SwarmSources swarm_sources;
  std::unique_ptr<MeshNode> mesh;  // null: in no swarm
  std::vector<net::Listener> front_listeners, admin_listeners;
  std::vector<std::string> own_names, admin_names;
  std::vector<std::string> addresses;
  std::atomic<bool> is_stopping{false};
  std::unique_ptr<proxy::Proxy> proxy;
  std::unique_ptr<Admin> admin;
  net::Runtime runtime;
  net::Upstream upstream;  // goes before the runtime on which its callers wait
  std::vector<std::unique_ptr<net::HttpServer>> front_servers, admin_servers;
};

Node::State::State(const Config& config)
    : cache(or_fail(cache::Cache::open(cache_options(config)),
                    "cannot use the cache directory " + config.cache_dir)),
      callers(state_secret(config, "installation.key"), make_groups(config)),
      swarm_sources(SwarmSources::take_from_process(config)),
      runtime(static_cast<int>(config.threads)),
      upstream(upstream_options(config)) {
  open_doors(config);
  join_swarm(config);
  proxy = std::make_unique<proxy::Proxy>(*cache, upstream, callers, metrics, proxy_options(config),
                                         mesh.get());
  admin = std::make_unique<Admin>(metrics, admin_sources(), admin_names, read_clocks().instant);
  const net::HttpServerLimits limits{.connections_count_max = config.connections};
  const net::HttpServerLimits tcp_limits{.connections_count_max = tcp_connections_max(config)};
  for (net::Listener& listener : front_listeners) {
    const auto& fitting = listener.is_tcp() ? tcp_limits : limits;
    front_servers.push_back(
        std::make_unique<net::HttpServer>(runtime, std::move(listener), *proxy, fitting));
  }
  for (net::Listener& listener : admin_listeners)
    admin_servers.push_back(
        std::make_unique<net::HttpServer>(runtime, std::move(listener), *admin, limits));
}

void Node::State::join_swarm(const Config& config) {
  try {
    membership = load_swarm_secret(swarm_sources, read_clocks().wall);
    if (!membership) return;
    if (!membership->warning.empty()) log::warn("swarm_secret", {{"warning", membership->warning}});
    mesh = std::make_unique<MeshNode>(mesh_options(config, *membership),
                                      [this] { return node_figures(metrics.totals()); });
  } catch (const std::runtime_error& error) {
    throw StartError(error.what());
  }
  // Before the admin side, whose line says that all is open.
  auto place = addresses.begin() + static_cast<std::ptrdiff_t>(front_listeners.size());
  for (const std::string& address : mesh->addresses())
    place = std::next(addresses.insert(place, "p2p " + address));
}

// After `ghmesh swarm rotate`: the mesh keeps what it had before for a day.
Result<void> Node::State::reload_swarm() {
  try {
    const auto loaded = load_swarm_secret(swarm_sources, read_clocks().wall);
    if (!loaded) return Errc::swarm_secret_unknown;
    mesh->rotate(loaded->newest);
    return {};
  } catch (const std::runtime_error& error) {
    log::warn("swarm_secret", {{"error", error.what()}});
    return Errc::swarm_secret_unknown;
  }
}

void Node::State::open_doors(const Config& config) {
  front_listeners = net::Listener::from_systemd();
  if (front_listeners.empty()) front_listeners.push_back(listen_unix(config.socket));
  for (const std::string& address : config.listen) front_listeners.push_back(listen_tcp(address));
  admin_listeners.push_back(listen_admin(config.admin));

  for (const net::Listener& listener : front_listeners) {
    if (listener.is_tcp()) add_own_names(listener.address(), config, own_names);
    addresses.push_back("listening " + printed_address(listener));
  }
  for (const net::Listener& listener : admin_listeners) {
    if (listener.is_tcp()) add_own_names(listener.address(), config, admin_names);
    addresses.push_back("admin " + printed_address(listener));
  }
}

proxy::ProxyOptions Node::State::proxy_options(const Config& config) const {
  return {.upstream_origin = config.upstream,
          .allowed_hosts = config.allow_hosts,
          .own_names = own_names,
          .share_public = config.share_public,
          .use_candidates = config.candidates != Candidates::off,
          .stale_if_error = config.stale_if_error};
}

Snapshot Node::State::snapshot() const {
  Snapshot snapshot;
  snapshot.cache = cache->stats();
  for (const auto& server : front_servers) snapshot.add(server->stats());
  snapshot.coroutine_escaped = net::coroutine_escaped_total();
  snapshot.principals_count = callers.size();
  if (mesh) snapshot.mesh = mesh->status();
  return snapshot;
}

AdminSources Node::State::admin_sources() {
  AdminSources sources{
      .troubles =
          [this] {
            std::vector<std::string> troubles;
            if (is_stopping) troubles.emplace_back("the daemon is stopping");
            return troubles;
          },
      .snapshot = [this] { return snapshot(); },
      .purge_all = [this] { cache->erase_all(); },
      .purge = [this](std::string_view authorization,
                      std::string_view target) { return proxy->purge(authorization, target); },
      .addresses = [this] { return addresses; }};
  if (!mesh) return sources;
  sources.peers = [this] {
    return peers_report(mesh->status(), membership->newest.fingerprint(), mesh->trust());
  };
  sources.swarm_stats = [this] { return swarm_stats(mesh->status()); };
  sources.ping_peer = [this](std::string peer) { return mesh->ping(std::move(peer)); };
  sources.reload_swarm = [this] { return reload_swarm(); };
  return sources;
}

net::awaitable<void> Node::State::drain() {
  // The admin side goes on: /readyz says that the daemon is stopping.
  for (const auto& server : front_servers) server->stop_accepting();
  asio::steady_timer timer(runtime.context(0));
  const Instant deadline = read_clocks().instant + kDrainDeadline;
  const auto is_drained = [this] {
    for (const auto& server : front_servers)
      if (!server->is_drained()) return false;
    return true;
  };
  while (!is_drained() && read_clocks().instant < deadline) {
    timer.expires_after(kDrainStep);
    co_await timer.async_wait(asio::use_awaitable);
  }
  if (mesh) mesh->stop();
  if (!is_drained()) log::warn("exchanges cut off", {{"reason", "the drain deadline has passed"}});
  runtime.stop();
}

Node::Node(const Config& config) : state_(std::make_unique<State>(config)) {}

Node::~Node() = default;

std::vector<std::string> Node::addresses() const { return state_->addresses; }

void Node::run() {
  state_->upstream.warm_up();
  if (state_->mesh) state_->mesh->start();
  for (auto& server : state_->front_servers) server->start();
  for (auto& server : state_->admin_servers) server->start();
  state_->runtime.run();
}

void Node::request_stop() {
  if (state_->is_stopping.exchange(true)) return;
  auto executor = state_->runtime.context(0).get_executor();
  net::spawn(executor, "drain", state_->drain());
}

void Node::stop_now() { state_->runtime.stop(); }

}  // namespace ghmesh::node
