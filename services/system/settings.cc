#include <fmt/format.h>

#include "services/guarded_write.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/store/settings_store.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct UiSettings {
  std::string theme = "system", density = "comfortable", timezone = "UTC";
  static std::vector<FieldRule> Rules() {
    return {{"theme", "", false, {}, {}, {"system", "dark", "light"}},
            {"density", "", false, {}, {}, {"comfortable", "compact"}},
            {"timezone", "", false, {}, {}, {}, {}, 64}};
  }
};
BOOST_DESCRIBE_STRUCT(UiSettings, (), (theme, density, timezone))

struct Settings {
  UiSettings ui;
};
BOOST_DESCRIBE_STRUCT(Settings, (), (ui))

struct SettingsAnswer {
  Settings settings;
  int64_t version = 1;
};
BOOST_DESCRIBE_STRUCT(SettingsAnswer, (), (settings, version))

Result<Outcome<SettingsAnswer>> Answer(const SettingsStore::Row& row) {
  Outcome<SettingsAnswer> outcome;
  Json document = Json::parse(row.document_json, nullptr, false);
  VELO_RETURN_IF_ERROR(FromJson(document, {}, &outcome.answer.settings));
  outcome.answer.version = row.version;
  outcome.version = row.version;
  return outcome;
}

Result<Outcome<SettingsAnswer>> GetSettings(const NoParams&, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(SettingsStore::Row row, context.workspace->settings().Get());
  return Answer(row);
}

struct UiPatch {
  std::optional<std::string> theme, density, timezone;
  static std::vector<FieldRule> Rules() { return UiSettings::Rules(); }
};
BOOST_DESCRIBE_STRUCT(UiPatch, (), (theme, density, timezone))

struct PatchParams {
  UiPatch ui;
  std::optional<int64_t> expected_version;
};
BOOST_DESCRIBE_STRUCT(PatchParams, (), (ui, expected_version))

Result<Outcome<SettingsAnswer>> PatchSettings(const PatchParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(SettingsStore::Row row, context.workspace->settings().Get());
  VELO_RETURN_IF_ERROR(CheckVersion(context, params.expected_version, row.version));
  VELO_ASSIGN_OR_RETURN(Outcome<SettingsAnswer> before, Answer(row));
  Settings settings = before.answer.settings;
  if (params.ui.theme) settings.ui.theme = *params.ui.theme;
  if (params.ui.density) settings.ui.density = *params.ui.density;
  if (params.ui.timezone) settings.ui.timezone = *params.ui.timezone;
  VELO_ASSIGN_OR_RETURN(row, context.workspace->settings().Put(ToJson(settings).dump()));
  return Answer(row);
}

}  // namespace

void RegisterSettings(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "get_settings",
                .title = "Settings",
                .description = "Settings of the Studio.",
                .method = "GET",
                .path = "/api/settings"},
               GetSettings);
  AddOperation(registry,
               {.name = "update_settings",
                .title = "Change settings",
                .description = "Changes settings.",
                .effect = Effect::kSession,
                .method = "PATCH",
                .path = "/api/settings",
                .scope = "admin"},
               PatchSettings);
}

}  // namespace velo::services
