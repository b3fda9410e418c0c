// SPDX-License-Identifier: Apache-2.0 OR MIT
// `ghmesh purge` and `ghmesh invalidate`: what is held is forgotten, or asked for again.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json.hpp>

#include "admin_client.h"
#include "base/text.h"
#include "command.h"
#include "node/flags.h"
#include "token.h"

namespace ghmesh::app {
namespace {

namespace json = boost::json;

enum class Purpose { purge, invalidate };

struct Wish {
  std::string what, route;
  bool is_all = false, is_mine = false, is_dry = false, as_json = false;
  std::vector<node::FlagValue> flags;
};

// One answer of the caller's own is meant by its URL; a pattern means those of everybody.
bool is_one_url(const std::string& what) {
  return (what.starts_with('/') || what.find("://") != std::string::npos) &&
         what.find('*') == std::string::npos;
}

std::string path_of(std::string url) {
  for (std::string_view origin : {"https://api.github.com/", "http://api.github.com/"})
    if (starts_with_ignoring_case(url, origin)) url.erase(0, origin.size() - 1);
  if (!url.starts_with('/')) url.insert(0, "/");
  return url;
}

void add_token(ClientRequest& request, const node::Environment& environment) {
  const Token token = find_token(environment);
  if (!token.empty()) request.fields.push_back({"Authorization", "token " + token.reveal()});
}

std::string forget_one_or_all(const Wish& wish, const std::string& admin,
                              const node::Environment& environment) {
  ClientRequest request{.method = "POST", .target = "/api/v1/purge"};
  request.fields = {{"Content-Type", "application/json"}};
  if (wish.is_all) {
    request.body = R"({"all":true})";
  } else {
    request.body = json::serialize(json::object{{"url", path_of(wish.what)}});
    add_token(request, environment);
  }
  const std::string body = ask_admin(admin, std::move(request));
  return wish.as_json ? body : "purged " + (wish.is_all ? "everything" : path_of(wish.what)) + "\n";
}

std::string text_of_selected(const std::string& body, const Wish& wish, Purpose purpose) {
  const json::value selected = json::parse(body);
  std::string text;
  for (const json::value& target : selected.at("targets").as_array())
    (text += std::string_view(target.as_string())) += '\n';
  const auto known = selected.at("known").to_number<std::uint64_t>();
  const std::uint64_t named = selected.at("targets").as_array().size();
  if (known > named) text += "and " + std::to_string(known - named) + " more\n";
  text +=
      std::to_string(known) + (known == 1 ? " answer" : " answers") + " of this run of the daemon";
  if (wish.is_dry)
    return text + " would be " + (purpose == Purpose::purge ? "forgotten" : "asked for again") +
           "; older ones on disk would be asked for again\n";
  return text + (purpose == Purpose::purge ? " forgotten" : " to be asked for again") +
         "; older ones on disk are asked for again\n";
}

std::string select(const Wish& wish, Purpose purpose, const std::string& admin,
                   const node::Environment& environment) {
  json::object object;
  if (!wish.what.empty()) object["pattern"] = wish.what;
  if (!wish.route.empty()) object["route"] = wish.route;
  if (wish.is_mine) object["mine"] = true;
  if (wish.is_dry) object["dry_run"] = true;
  if (purpose == Purpose::invalidate) object["again"] = true;
  ClientRequest request{.method = "POST", .target = "/api/v1/select"};
  request.fields = {{"Content-Type", "application/json"}};
  request.body = json::serialize(object);
  if (wish.is_mine) add_token(request, environment);
  const std::string body = ask_admin(admin, std::move(request));
  if (wish.as_json) return body;
  try {
    return text_of_selected(body, wish, purpose);
  } catch (const std::exception& error) {  // Boost.JSON reports a missing key or a wrong kind so
    throw CommandError(std::string("the daemon's answer is not understood: ") + error.what());
  }
}

int run(const Arguments& arguments, Purpose purpose) {
  const bool is_purge = purpose == Purpose::purge;
  CLI::App app(is_purge
                   ? "Forget what is cached: one answer of your own, all that match, or everything."
                   : "Have what is cached asked for again; what has not changed costs nothing.",
               is_purge ? "ghmesh purge" : "ghmesh invalidate");
  Wish wish;
  app.add_option("WHAT", wish.what,
                 is_purge
                     ? "A URL as it was asked for (your own answer), or a pattern (everybody's): "
                       "OWNER/REPO, OWNER/*, /repos/OWNER/*/pulls/**"
                     : "A pattern: OWNER/REPO, OWNER/*, /repos/OWNER/*/pulls/**");
  app.add_option("--route", wish.route, "Only this route: /repos/{owner}/{repo}/pulls");
  app.add_flag("--mine", wish.is_mine, "Only what your own credential has been told");
  app.add_flag("--dry-run", wish.is_dry, "Only say what it would be");
  if (is_purge) app.add_flag("--all", wish.is_all, "Everything, of everybody");
  app.add_flag("--json", wish.as_json, "Print JSON");
  node::add_setting_flags(app, wish.flags, {"socket", "admin"});
  if (const auto code = parse_arguments(app, arguments)) return *code;
  const bool is_selection = wish.is_mine || wish.is_dry || !wish.route.empty();
  if (wish.is_all && (is_selection || !wish.what.empty()))
    throw CommandError("--all is everything: it goes with nothing else");
  if (!wish.is_all && wish.what.empty() && wish.route.empty() && !wish.is_mine)
    throw CommandError(is_purge ? "say what: a URL, a pattern, --route, --mine or --all"
                                : "say what: a pattern, --route or --mine");
  const node::Environment environment = node::Environment::of_process();
  const auto config = node::load_config(wish.flags, environment).config;
  if (wish.is_all || (is_purge && !is_selection && is_one_url(wish.what)))
    print(forget_one_or_all(wish, config.admin, environment));
  else print(select(wish, purpose, config.admin, environment));
  return kExitOk;
}

}  // namespace

int run_purge(const Arguments& arguments) { return run(arguments, Purpose::purge); }
int run_invalidate(const Arguments& arguments) { return run(arguments, Purpose::invalidate); }

}  // namespace ghmesh::app
