#include "sonobuoy/cli/generation.h"

#include "base/file.h"
#include "base/go-regex.h"
#include "base/text.h"
#include "kube/discovery.h"
#include "sonobuoy/archive.h"
#include "sonobuoy/cli/generation-network.h"
#include "sonobuoy/modes.h"
#include "sonobuoy/plugin-sources.h"
#include "sonobuoy/rights.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX_BYTES = 4 << 20 };

/* --- small things ------------------------------------------------------------------------------------- */

static void change_free(EnvironmentChange *change) {
    g_free(change->plugin);
    g_free(change->name);
    g_free(change->value);
    g_free(change);
}

void generated_clear(Generated *generated) {
    g_clear_pointer(&generated->config, run_config_free);
    g_clear_pointer(&generated->plugins, g_ptr_array_unref);
    g_clear_pointer(&generated->environment, g_ptr_array_unref);
    g_clear_pointer(&generated->kubernetes_version, g_free);
    g_clear_pointer(&generated->ssh_key, g_free);
    g_clear_pointer(&generated->docker_config, g_free);
    g_clear_pointer(&generated->api_groups, g_strfreev);
}

void generated_set_variable(Generated *out, const char *plugin, const char *name, const char *value) {
    EnvironmentChange *change = g_new(EnvironmentChange, 1);
    *change = (EnvironmentChange){g_strdup(plugin), g_strdup(name), g_strdup(value)};
    g_ptr_array_add(out->environment, change);
}

/* --- tests that failed before ------------------------------------------------------------------------------------ */

static void collect_failed(yyjson_mut_val *item, GString *focus) {
    yyjson_mut_val *items = yyjson_mut_obj_get(item, "items"), *below;
    const char *status = json_mut_get_string(item, "status"), *name = json_mut_get_string(item, "name");
    size_t index, count;
    yyjson_mut_arr_foreach(items, index, count, below) {
        collect_failed(below, focus);
    }
    if (yyjson_mut_arr_size(items) || !name || g_strcmp0(status, "failed") != 0)
        return;
    if (g_str_has_prefix(name, "[It] "))
        name += strlen("[It] ");
    g_autofree char *quoted = g_regex_escape_string(name, -1);
    g_string_append_printf(focus, "%s%s", focus->len ? "|" : "", quoted);
}

/* What the end-to-end tests are that failed in an archive, as E2E_FOCUS. NULL with an error where there are none. */
static char *failed_tests(const char *path, GError **error) {
    g_autoptr(RunArchive) archive = run_archive_open(path, NULL, error);
    g_autoptr(yyjson_mut_doc) doc = archive ? run_archive_results(archive, BUILTIN_E2E, error) : NULL;
    if (!doc)
        return NULL;
    g_autoptr(GString) focus = g_string_new(NULL);
    collect_failed(yyjson_mut_doc_get_root(doc), focus);
    if (focus->len)
        return g_string_free(g_steal_pointer(&focus), false);
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                "no tests failed for plugin \"" BUILTIN_E2E "\" in tarball \"%s\"", path);
    return NULL;
}

/* --- environment ------------------------------------------------------------------------------------------ */

static bool add_variable(Generated *out, const char *text, GError **error) {
    const char *equals = strchr(text, '='), *end = equals ? equals : text + strlen(text);
    const char *dot = memchr(text, '.', (size_t)(end - text));
    /* A plugin's name may have dots, a variable's none. */
    for (const char *next = dot; next; next = memchr(next + 1, '.', (size_t)(end - next - 1)))
        dot = next;
    if (!dot || dot == text || dot + 1 == end) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "--plugin-env: \"%s\" is not PLUGIN.NAME=VALUE", text);
        return false;
    }
    g_autofree char *plugin = g_strndup(text, (gsize)(dot - text)), *name = g_strndup(dot + 1, (gsize)(end - dot - 1));
    generated_set_variable(out, plugin, name, equals ? equals + 1 : "");
    return true;
}

/* What ginkgo in the plugin's pod would not take is told of here, before there is anything. What is too long to be
 * looked at, as the names of many failed tests, passes. */
static bool check_expressions(const Generated *out, GError **error) {
    for (guint i = 0; i < out->environment->len; i++) {
        const EnvironmentChange *change = out->environment->pdata[i];
        bool focus = g_str_equal(change->name, "E2E_FOCUS");
        if (!g_str_equal(change->plugin, BUILTIN_E2E) || (!focus && !g_str_equal(change->name, "E2E_SKIP")))
            continue;
        g_autoptr(GError) reason = NULL;
        g_autoptr(GRegex) regex = go_regex_new(change->value, &reason);
        if (!regex && !g_error_matches(reason, BASE_ERROR, BASE_ERROR_LIMIT)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s (%s) of the plugin " BUILTIN_E2E ": %s", change->name,
                        focus ? "--e2e-focus" : "--e2e-skip", reason->message);
            return false;
        }
    }
    return true;
}

static bool read_environment(const Generation *options, Generated *out, GError **error) {
    const Mode *mode = mode_find(options->mode ? options->mode : MODE_DEFAULT);
    g_autofree char *skip = mode_skip(mode);
    g_autofree char *failed = options->rerun_failed ? failed_tests(options->rerun_failed, error) : NULL;
    if (options->rerun_failed && !failed)
        return false;
    generated_set_variable(out, BUILTIN_E2E, "E2E_FOCUS",
                           failed           ? failed
                           : options->focus ? options->focus
                                            : mode->focus);
    generated_set_variable(out, BUILTIN_E2E, "E2E_SKIP", failed ? "" : options->skip ? options->skip : skip);
    generated_set_variable(out, BUILTIN_E2E, "E2E_PARALLEL",
                           options->parallel ? options->parallel
                           : mode->parallel  ? "true"
                                             : "false");
    if (options->e2e_repo)
        generated_set_variable(out, BUILTIN_E2E, "KUBE_TEST_REPO", options->e2e_repo);
    if (options->ssh_user)
        generated_set_variable(out, BUILTIN_E2E, "KUBE_SSH_USER", options->ssh_user);
    for (char **text = options->plugin_env; text && *text; text++)
        if (!add_variable(out, *text, error))
            return false;
    return check_expressions(out, error);
}

/* --- plugins ------------------------------------------------------------------------------------------------ */

Plugin *generated_find_plugin(const Generated *out, const char *name) {
    for (guint i = 0; i < out->plugins->len; i++)
        if (g_str_equal(((Plugin *)out->plugins->pdata[i])->name, name))
            return out->plugins->pdata[i];
    return NULL;
}

static bool set_image(const Generated *out, const char *name, const char *image, GError **error) {
    Plugin *plugin = generated_find_plugin(out, name);
    if (plugin) {
        json_mut_set_string(plugin->doc, plugin->spec, "image", image);
        return true;
    }
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "an image is given for the plugin %s, which does not run", name);
    return false;
}

static bool set_images(const Generation *options, const Generated *out, GError **error) {
    const char *const builtin[][2] = {{BUILTIN_E2E, options->conformance_image},
                                      {BUILTIN_SYSTEMD_LOGS, options->systemd_logs_image}};
    for (size_t i = 0; i < G_N_ELEMENTS(builtin); i++)
        if (builtin[i][1] && !set_image(out, builtin[i][0], builtin[i][1], error))
            return false;
    for (char **text = options->plugin_image; text && *text; text++) {
        const char *colon = strchr(*text, ':');
        g_autofree char *name = colon ? g_strndup(*text, (gsize)(colon - *text)) : NULL;
        if (!colon || !colon[1]) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "--plugin-image: \"%s\" is not PLUGIN:IMAGE", *text);
            return false;
        }
        if (!set_image(out, name, colon + 1, error))
            return false;
    }
    return true;
}

static bool add_plugin(const Generation *options, Generated *out, const char *name, GPtrArray *unknown,
                       GError **error) {
    Plugin *builtin = options->builtin ? builtin_plugin(name, out->config) : NULL;
    if (!builtin)
        return plugin_source_add(out->plugins, name, out->config, unknown, program_cancel(), error);
    g_ptr_array_add(out->plugins, builtin);
    return true;
}

static bool read_plugins(const Generation *options, Generated *out, GError **error) {
    static char *both[] = {(char *)BUILTIN_E2E, (char *)BUILTIN_SYSTEMD_LOGS, NULL};
    g_autoptr(GPtrArray) unknown = g_ptr_array_new_with_free_func(g_free);
    out->plugins = g_ptr_array_new_with_free_func((GDestroyNotify)plugin_free);
    for (char **name = options->plugins ? options->plugins : both; !out->config->skip_plugins && *name; name++)
        if (!add_plugin(options, out, *name, unknown, error))
            return false;
    for (guint i = 0; i < unknown->len; i++)
        text_print(stderr, "sonobuoy: %s means nothing here\n", (const char *)unknown->pdata[i]);
    for (guint i = 0; options->show_default_pod_spec && i < out->plugins->len; i++) {
        Plugin *plugin = out->plugins->pdata[i];
        if (!plugin->pod_spec)
            plugin->pod_spec = builtin_pod_spec(plugin->doc, plugin->driver, out->config->service_account);
    }
    return set_images(options, out, error);
}

/* What is known to need none but its own rights gets no others, unless they are asked for. Anything else may count on
 * stock's account. */
static void choose_permissions(const Generation *options, const Generated *out) {
    static const char *const content[] = {BUILTIN_SYSTEMD_LOGS, BUILTIN_NETWORK, NULL};
    for (guint i = 0; i < out->plugins->len; i++)
        if (!g_strv_contains(content, ((const Plugin *)out->plugins->pdata[i])->name))
            return;
    if (options->permissions || options->config)
        return;
    g_free(out->config->aggregator_permissions);
    out->config->aggregator_permissions = g_strdup(PERMISSIONS_LEAST);
}

/* Files that the e2e plugin is given. */
static bool add_e2e_files(const Generation *options, Generated *out, GError **error) {
    Plugin *e2e = generated_find_plugin(out, BUILTIN_E2E);
    const char *const files[] = {options->e2e_repo_config, options->docker_config};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *text = files[i] ? file_read(files[i], FILE_MAX_BYTES, NULL, error) : NULL;
        if (files[i] && !text)
            return false;
        g_autofree char *name = files[i] ? g_path_get_basename(files[i]) : NULL;
        if (text && e2e)
            builtin_e2e_add_file(e2e, name, text);
    }
    if (options->e2e_repo_config) {
        g_autofree char *name = g_path_get_basename(options->e2e_repo_config);
        g_autofree char *path = g_build_filename(MANIFEST_CONFIG_DIR, name, NULL);
        generated_set_variable(out, BUILTIN_E2E, "KUBE_TEST_REPO_LIST", path);
    }
    if (options->ssh_key && e2e)
        builtin_e2e_add_ssh_key(e2e);
    return true;
}

/* --- what the cluster says ------------------------------------------------------------------------------------- */

/* "v1.29.3-gke.100+x" is v1.29.3; alpha, beta and rc stay. */
static char *image_version(const char *text) {
    g_autofree char *version = g_strndup(text, strcspn(text, "+"));
    char *dash = strchr(version, '-');
    if (dash && !g_str_has_prefix(dash, "-alpha") && !g_str_has_prefix(dash, "-beta") && !g_str_has_prefix(dash, "-rc"))
        *dash = 0;
    return g_steal_pointer(&version);
}

static bool is_version(const char *text) {
    return g_regex_match_simple("^v[0-9]+\\.[0-9]+\\.[0-9]+", text, 0, 0);
}

static bool ask_version(KubeClient *client, char **out, GError **error) {
    KubeVersion version = {0};
    bool asked = kube_version_get(client, &version, error);
    if (asked)
        *out = image_version(version.git_version ? version.git_version : "");
    kube_version_clear(&version);
    return asked;
}

static bool ask_groups(KubeClient *client, GStrv *out, GError **error) {
    g_autoptr(yyjson_doc) doc = kube_client_get(client, "/apis", error);
    g_autoptr(GStrvBuilder) groups = g_strv_builder_new();
    size_t index, count;
    yyjson_val *group;
    if (!doc)
        return false;
    yyjson_arr_foreach(json_get(yyjson_doc_get_root(doc), "groups"), index, count, group) {
        const char *name = json_get_string(group, "name");
        if (name)
            g_strv_builder_add(groups, name);
    }
    *out = g_strv_builder_end(groups);
    return true;
}

/* `least`: the groups are wanted for the rights that are given. */
static bool ask_rbac(KubeClient *client, Generated *out, bool detect, bool least, GError **error) {
    g_auto(GStrv) groups = NULL;
    if (!ask_groups(client, &groups, error))
        return false;
    if (detect)
        out->rbac = g_strv_contains((const char *const *)groups, "rbac.authorization.k8s.io");
    if (least)
        out->api_groups = g_steal_pointer(&groups);
    return true;
}

bool generation_read_cluster(const Generation *options, Generated *out, GError **error) {
    const char *version = options->kubernetes_version ? options->kubernetes_version : "auto";
    bool detect = options->rbac && g_ascii_strcasecmp(options->rbac, "Detect") == 0;
    bool automatic = g_str_equal(version, "auto");
    bool least = g_str_equal(out->config->aggregator_permissions, PERMISSIONS_LEAST);
    out->rbac = !options->rbac || g_ascii_strcasecmp(options->rbac, "Disable") != 0;
    if (!automatic && !g_str_equal(version, "ignore") && !is_version(version)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "--kubernetes-version: \"%s\" is neither auto, ignore nor vX.Y.Z", version);
        return false;
    }
    if (!automatic)
        out->kubernetes_version = g_strdup(version);
    if (!automatic && !detect)
        return true;
    g_autoptr(KubeClient) client = cli_client(&options->common, 1, 0, error);
    /* Whoever names a context wants the cluster: what is wrong with it is all that there is to say. */
    if (!client && options->common.kube.context)
        return false;
    if (client && (!automatic || ask_version(client, &out->kubernetes_version, error)) &&
        ((!detect && !least) || ask_rbac(client, out, detect, least, error)))
        return true;
    g_prefix_error(error, "the cluster's version cannot be asked for (--kubernetes-version ignore does without): ");
    return false;
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

static bool read_secrets(const Generation *options, Generated *out, GError **error) {
    if (options->ssh_key && !(out->ssh_key = file_read(options->ssh_key, FILE_MAX_BYTES, NULL, error)))
        return false;
    return !options->docker_config ||
           (out->docker_config = file_read(options->docker_config, FILE_MAX_BYTES, NULL, error));
}

bool generation_read_local(const CommandCall *call, const Generation *options, Generated *out, GError **error) {
    out->environment = g_ptr_array_new_with_free_func((GDestroyNotify)change_free);
    if (!generation_read_config(call, options, out, error) || !read_environment(options, out, error) ||
        !read_plugins(options, out, error) || !generation_read_network(options, out, error) ||
        !read_secrets(options, out, error) || !add_e2e_files(options, out, error))
        return false;
    choose_permissions(options, out);
    return true;
}

bool generation_read(const CommandCall *call, const Generation *options, Generated *out, GError **error) {
    return generation_read_local(call, options, out, error) && generation_read_cluster(options, out, error);
}

static ManifestOptions manifest_options(const Generation *options, const Generated *generated) {
    return (ManifestOptions){
        .config = generated->config,
        .plugins = generated->plugins,
        .kubernetes_version = generated->kubernetes_version,
        .rbac = generated->rbac,
        .image_pull_policy = generated->config->image_pull_policy,
        .log_level = options->common.level,
        .node_selector = options->node_selector,
        .api_groups = generated->api_groups,
        .environment = generated->environment,
        .ssh_key = generated->ssh_key,
        .docker_config = generated->docker_config,
    };
}

GPtrArray *generation_objects(const Generation *options, const Generated *generated, GError **error) {
    ManifestOptions manifest = manifest_options(options, generated);
    return manifest_objects(&manifest, error);
}

GPtrArray *generation_plugins(const Generation *options, const Generated *generated, GError **error) {
    ManifestOptions manifest = manifest_options(options, generated);
    return manifest_plugins(&manifest, error);
}
