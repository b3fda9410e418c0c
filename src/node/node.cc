// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/node.h"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "base/text.h"
#include "cache/secret_file.h"
#include "net/http_server.h"
#include "net/listener.h"
#include "net/upstream.h"
#include "node/admin.h"
#include "node/lead/leader_service.h"
#include "node/lead/place.h"
#include "node/lead/shared_store.h"
#include "node/mesh_wiring.h"
#include "node/metrics.h"
#include "node/secret_input.h"
#include "node/values.h"
#include "node/webhooks.h"
#include "proxy/proxy.h"

namespace ghmesh::node {
namespace {

namespace asio = net::asio;

// How often a draining node looks whether the last exchange is done.
constexpr Duration kDrainStep = 20ms;
// A library that is asked to yield ends what it does within milliseconds. Without the seat a daemon serves all the
// same.
constexpr Duration kSeatPatience = 2s;
// A process that is attached says nothing for as long as nothing happens.
constexpr Duration kAttachedIdleMax = 24h;
// Upstreams that programs name beside the leader's own: GitHub Enterprise, and a model for tests.
constexpr std::size_t kFurtherUpstreamsMax = 8;
// Values of programs pass through a daemon; it needs none of them itself.
constexpr std::uint64_t kProgramsMemory = 8 << 20;
constexpr std::string_view kCaField = ";ca=";

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

// Made where it is missing, for this user alone.
std::string private_directory(const std::string& path) {
  std::error_code error;
  if (std::filesystem::create_directory(path, error))
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (error) throw StartError("cannot use " + path + ": " + error.message());
  return path;
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

// As GitHub has it: whoever wrote the file may have ended its line.
crypto::Secret webhook_secret(const std::string& path) {
  constexpr std::size_t kBytesMax = 4096;
  try {
    const crypto::Secret read = read_secret_file(path, kBytesMax, Privacy::ours_alone);
    std::string_view text = as_text(read.reveal());
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    if (text.empty()) throw StartError("the webhook secret of " + path + " is empty");
    return crypto::Secret(text);
  } catch (const ConfigError& error) {
    throw StartError(error.what());
  }
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

// Programs of this machine find there what those of others share. In none, where it cannot be opened: then it is passed
// on only.
SharedStore programs_store(const Config& config) {
  auto local = library::LocalCache::open({.directory = config.cache_dir,
                                          .state_directory = config.state_dir,
                                          .disk_bytes_max = config.disk_size,
                                          .memory_bytes_max = kProgramsMemory});
  if (!local) {
    log::warn("shared_values_unkept", {{"error", local.error()}});
    return {};
  }
  return shared_store_of(*std::move(local));
}

net::Listener listen_leader(const LeadPlace& place) {
  auto listener = net::Listener::unix_socket(place.socket);
  if (!listener && listener.error() == boost::system::errc::address_in_use) {
    // Whoever has the seat has its name too: this is what is left of somebody who had both.
    ::unlink(place.socket.c_str());
    listener = net::Listener::unix_socket(place.socket);
  }
  return or_fail(std::move(listener), "cannot listen on " + place.socket);
}

// Of a daemon. None: another daemon leads, or somebody who does not answer.
std::optional<Seat> take_seat(const LeadPlace& place) {
  const Instant deadline = read_clocks().instant + kSeatPatience;
  for (;;) {
    auto seat = Seat::try_take(place);
    if (seat && *seat) return *std::move(seat);
    const auto yields = seat ? ask_leader_to_yield(place, LeadRank::daemon) : Result<bool>(false);
    const bool is_refused = yields && !*yields;
    if (is_refused || read_clocks().instant >= deadline) {
      log::warn("not_leading", {{"reason", !seat        ? seat.error().message()
                                           : is_refused ? "another daemon leads this directory"
                                                        : "the leader does not answer"}});
      return std::nullopt;
    }
    std::this_thread::sleep_for(kDrainStep);
  }
}

std::string printed_address(const net::Listener& listener) {
  return (listener.is_tcp() ? "http://" : "") + listener.address();
}

}  // namespace

struct Node::State {
  State(const Config& config, NodeParts given);
  bool is_daemon() const { return parts.rank == LeadRank::daemon; }

  Snapshot snapshot() const;
  AdminSources admin_sources();
  Result<proxy::Proxy::Selected> select(std::string_view authorization,
                                        const SelectRequest& request);
  proxy::ProxyOptions proxy_options(const Config& config) const;
  void open_doors(const Config& config);
  void join_swarm(const Config& config);
  void lead();
  LeaderSources leader_sources();
  LeaderStatus leader_status() const;
  void share(std::vector<ShareItem> items);
  net::awaitable<bool> recall(std::string name, Duration patience);
  net::Service* proxy_for(std::string_view upstream_name);
  Result<void> reload_swarm();
  net::awaitable<void> drain();

  // What coroutines use stands above the runtime: when a node is dropped with requests under way, their coroutines are
  // destroyed with the runtime, while everything they refer to is still there.
  const Config settings;
  NodeParts parts;
  LeadPlace place;
  std::unique_ptr<cache::Cache> cache;
  proxy::Callers callers;
  Metrics metrics;
  std::optional<SwarmMembership> membership;  // read before there is any other thread
  SwarmSources swarm_sources;
  std::unique_ptr<MeshNode> mesh;  // null: in no swarm
  std::vector<net::Listener> front_listeners, admin_listeners;
  std::vector<std::string> own_names, admin_names;
  std::vector<std::string> addresses;
  bool is_started = false;
  std::atomic<bool> is_stopping{false};
  // Servers that are destroyed let what still waits run to its end: whoever waits for them must not look at them then.
  std::atomic<bool> is_ending{false};
  std::unique_ptr<proxy::Proxy> proxy;
  std::mutex further_mutex;
  std::map<std::string, std::unique_ptr<proxy::Proxy>, std::less<>> further_proxies;
  std::unique_ptr<LeaderService> leader;
  std::unique_ptr<Webhooks> webhooks;  // null: no secret for them
  std::unique_ptr<Admin> admin;
  net::Runtime runtime;
  net::Upstream upstream;  // goes before the runtime on which its callers wait
  std::vector<std::unique_ptr<net::Upstream>> further_upstreams;
  std::vector<std::unique_ptr<net::HttpServer>> front_servers, admin_servers, leader_servers;
};

Node::State::State(const Config& config, NodeParts given)
    : settings(config),
      parts(std::move(given)),
      cache(or_fail(cache::Cache::open(cache_options(config)),
                    "cannot use the cache directory " + config.cache_dir)),
      callers(state_secret(config, "installation.key"), make_groups(config)),
      swarm_sources(is_daemon() ? SwarmSources::take_from_process(config) : SwarmSources()),
      runtime(static_cast<int>(config.threads)),
      upstream(upstream_options(config)) {
  place = lead_place_of(config.state_dir, config.cache_dir);
  open_doors(config);
  if (is_daemon()) parts.seat = take_seat(place);
  join_swarm(config);
  proxy = std::make_unique<proxy::Proxy>(*cache, upstream, callers, metrics, proxy_options(config),
                                         mesh.get());
  if (!config.webhook_secret_file.empty())
    webhooks = std::make_unique<Webhooks>(
        webhook_secret(config.webhook_secret_file),
        [this](std::span<const github::Doubt> doubts) { proxy->note_doubts(doubts); });
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
  if (parts.seat) lead();
}

void Node::State::lead() {
  leader = std::make_unique<LeaderService>(leader_sources());
  const net::HttpServerLimits limits{.connections_count_max = settings.connections,
                                     .idle_deadline = kAttachedIdleMax,
                                     .is_own_user_only = true};
  leader_servers.push_back(
      std::make_unique<net::HttpServer>(runtime, listen_leader(place), *leader, limits));
}

LeaderStatus Node::State::leader_status() const {
  LeaderStatus status{.rank = parts.rank, .process = ::getpid(), .is_swarm_on = mesh != nullptr};
  if (!mesh) return status;
  const MeshStatus now = mesh->status();
  status.swarm = membership->newest.fingerprint();
  status.peer_id = now.self;
  status.addresses = now.addresses;
  status.peers_count = now.members.size();
  return status;
}

void Node::State::share(std::vector<ShareItem> items) {
  if (!mesh) return;
  for (ShareItem& item : items) {
    if (item.is_removal) item.record = http::make_body(item.name);
    mesh->share(std::move(item.name), item.said_at, item.is_removal, std::move(item.record));
  }
}

LeaderSources Node::State::leader_sources() {
  return {.status = [this] { return leader_status(); },
          .yield =
              [this](LeadRank rank) {
                if (rank <= parts.rank || !parts.on_yield) return false;
                parts.on_yield();
                return true;
              },
          .share = [this](std::vector<ShareItem> items) { share(std::move(items)); },
          .recall = [this](std::string name,
                           Duration patience) { return recall(std::move(name), patience); },
          .proxy = [this](std::string_view name) { return proxy_for(name); }};
}

net::awaitable<bool> Node::State::recall(std::string name, Duration patience) {
  if (!mesh) co_return false;
  co_return co_await mesh->recall(std::move(name), patience);
}

// "https://ghe.corp;ca=/etc/corp.pem". Another upstream is another cache: its name is in every key.
net::Service* Node::State::proxy_for(std::string_view name) {
  if (name.empty() || name == settings.upstream) return proxy.get();
  const std::lock_guard lock(further_mutex);
  const auto found = further_proxies.find(name);
  if (found != further_proxies.end()) return found->second.get();
  if (further_proxies.size() >= kFurtherUpstreamsMax) return nullptr;
  const auto ca = std::min(name.find(kCaField), name.size());
  Config named = settings;
  try {
    named.upstream = normalise_upstream(name.substr(0, ca), ValueContext{});
    if (ca < name.size()) named.ca_file = name.substr(ca + kCaField.size());
    further_upstreams.push_back(std::make_unique<net::Upstream>(upstream_options(named)));
  } catch (const std::runtime_error& error) {
    log::warn("upstream_refused", {{"upstream", name}, {"error", error.what()}});
    return nullptr;
  }
  auto made = std::make_unique<proxy::Proxy>(*cache, *further_upstreams.back(), callers, metrics,
                                             proxy_options(named), mesh.get());
  return further_proxies.emplace(std::string(name), std::move(made)).first->second.get();
}

void Node::State::join_swarm(const Config& config) {
  try {
    membership = is_daemon() ? load_swarm_secret(swarm_sources, read_clocks().wall)
                             : std::move(parts.membership);
    if (!membership) return;
    if (!membership->warning.empty()) log::warn("swarm_secret", {{"warning", membership->warning}});
    MeshOptions options = mesh_options(config, *membership);
    options.shared = is_daemon() ? programs_store(config) : parts.shared;
    if (!is_daemon()) options.state_dir = private_directory(place.mesh_state);
    mesh = std::make_unique<MeshNode>(options, [this] { return node_figures(metrics.totals()); });
  } catch (const std::runtime_error& error) {
    throw StartError(error.what());
  }
  // Before the admin side, whose line says that all is open.
  auto line = addresses.begin() + static_cast<std::ptrdiff_t>(front_listeners.size());
  for (const std::string& address : mesh->addresses())
    line = std::next(addresses.insert(line, "p2p " + address));
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
  if (is_daemon()) front_listeners = net::Listener::from_systemd();
  if (front_listeners.empty() && !config.socket.empty())
    front_listeners.push_back(listen_unix(config.socket));
  for (const std::string& address : config.listen) front_listeners.push_back(listen_tcp(address));
  if (!config.admin.empty()) admin_listeners.push_back(listen_admin(config.admin));

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
  return {
      .upstream_origin = config.upstream,
      .allowed_hosts = config.allow_hosts,
      .own_names = own_names,
      .share_public = config.share_public,
      .use_candidates = config.candidates != Candidates::off,
      .stale_if_error = config.stale_if_error,
      .stale_while_revalidate = Seconds(static_cast<std::int64_t>(config.stale_while_revalidate)),
      .is_offline = config.offline};
}

Snapshot Node::State::snapshot() const {
  Snapshot snapshot;
  snapshot.cache = cache->stats();
  for (const auto& server : front_servers) snapshot.add(server->stats());
  snapshot.coroutine_escaped = net::coroutine_escaped_total();
  snapshot.principals_count = callers.size();
  if (webhooks) snapshot.webhooks = webhooks->counts();
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
      .purge_all =
          [this] {
            cache->erase_all();
            proxy->forget_names();
          },
      .purge = [this](std::string_view authorization,
                      std::string_view target) { return proxy->purge(authorization, target); },
      .select = [this](std::string_view authorization,
                       const SelectRequest& request) { return select(authorization, request); },
      .why =
          [this](std::string_view authorization, const WhyRequest& request) {
            return proxy->explain({.authorization = authorization,
                                   .target = request.url,
                                   .accept = request.accept,
                                   .api_version = request.api_version});
          },
      .decisions = [this](std::size_t count) { return proxy->last_decisions(count); },
      .addresses = [this] { return addresses; }};
  if (webhooks)
    sources.webhook = [this](const http::RequestHead& head, std::string_view body) {
      return webhooks->take(head, body);
    };
  if (!mesh) return sources;
  sources.peers = [this] {
    return peers_report(mesh->status(), membership->newest.fingerprint(), mesh->trust());
  };
  sources.swarm_stats = [this] { return swarm_stats(mesh->status()); };
  sources.ping_peer = [this](std::string peer) { return mesh->ping(std::move(peer)); };
  sources.reload_swarm = [this] { return reload_swarm(); };
  return sources;
}

Result<proxy::Proxy::Selected> Node::State::select(std::string_view authorization,
                                                   const SelectRequest& request) {
  proxy::Proxy::Selection selection{.route = request.route};
  if (!request.pattern.empty()) {
    auto pattern = github::Pattern::parse(request.pattern);
    if (!pattern) return pattern.error();
    selection.pattern = *std::move(pattern);
  }
  if (request.is_mine) {
    auto caller = callers.find(authorization);
    if (!caller) return caller.error();
    selection.caller = *std::move(caller);
  }
  return proxy->select(selection, request.effect);
}

net::awaitable<void> Node::State::drain() {
  // The admin side goes on: /readyz says that the daemon is stopping.
  for (const auto& server : front_servers) server->stop_accepting();
  for (const auto& server : leader_servers) server->stop_accepting();
  asio::steady_timer timer(runtime.context(0));
  const Instant deadline = read_clocks().instant + kDrainDeadline;
  const auto is_drained = [this] {
    for (const auto* servers : {&front_servers, &leader_servers})
      for (const auto& server : *servers)
        if (!server->is_drained()) return false;
    return true;
  };
  while (!is_drained() && read_clocks().instant < deadline) {
    timer.expires_after(kDrainStep);
    co_await timer.async_wait(asio::use_awaitable);
    if (is_ending) co_return;
  }
  if (mesh) mesh->stop();
  if (!is_drained()) log::warn("exchanges cut off", {{"reason", "the drain deadline has passed"}});
  runtime.stop();
}

Node::Node(const Config& config, NodeParts parts)
    : state_(std::make_unique<State>(config, std::move(parts))) {}

// Whoever waits for the mesh goes on while the threads that it waits on are still there.
Node::~Node() {
  leave_swarm();
  state_->is_ending = true;
}

void Node::leave_swarm() {
  if (state_->mesh) state_->mesh->stop();
}

std::vector<std::string> Node::addresses() const { return state_->addresses; }

void Node::start() {
  if (std::exchange(state_->is_started, true)) return;
  if (state_->is_daemon() && !state_->settings.offline) state_->upstream.warm_up();
  if (state_->mesh) state_->mesh->start();
  for (auto& server : state_->front_servers) server->start();
  for (auto& server : state_->admin_servers) server->start();
  for (auto& server : state_->leader_servers) server->start();
}

void Node::run() {
  start();
  state_->runtime.run();
}

LeaderStatus Node::leader_status() const { return state_->leader_status(); }
void Node::share(std::vector<ShareItem> items) { state_->share(std::move(items)); }
net::awaitable<bool> Node::recall(std::string name, Duration patience) {
  return state_->recall(std::move(name), patience);
}

void Node::request_stop() {
  if (state_->is_stopping.exchange(true)) return;
  auto executor = state_->runtime.context(0).get_executor();
  net::spawn(executor, "drain", state_->drain());
}

void Node::stop_now() { state_->runtime.stop(); }

}  // namespace ghmesh::node
