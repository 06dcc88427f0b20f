#include "sonobuoy/cli/generation.h"

#include "base/file.h"
#include "base/go-regex.h"
#include "base/text.h"
#include "kube/discovery.h"
#include "sonobuoy/archive.h"
#include "sonobuoy/cli/generation-network.h"
#include "sonobuoy/modes.h"
#include "sonobuoy/plugin-sources.h"
#include "sonobuoy/pod-options.h"
#include "sonobuoy/rights.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX_BYTES = 4 << 20 };

static const char *const pull_policies[] = {"Always", "IfNotPresent", "Never", NULL};
static const char *const rbac_modes[] = {"Enable", "Disable", "Detect", "enable", "disable", "detect", NULL};

#define TEXT(name_, field_, value_, help_)                                                                 \
    {                                                                                                      \
        .name = (name_), .kind = OPTION_STRING, .offset = offsetof(Generation, field_), .value = (value_), \
        .help = (help_)                                                                                    \
    }
#define FILE_OPTION(name_, field_, help_)                                                                \
    {                                                                                                    \
        .name = (name_), .kind = OPTION_STRING, .offset = offsetof(Generation, field_), .value = "FILE", \
        .complete = "file", .help = (help_)                                                              \
    }
/* For pods of the run: of all of them, or of one target. */
#define POD_OPTION(name_, field_, value_, help_)                                                                      \
    {                                                                                                                 \
        .name = (name_), .kind = OPTION_STRINGS, .offset = offsetof(Generation, field_), .value = "[PLUGIN:]" value_, \
        .rare = true, .help = help_ ": of all, the plugin's, or the aggregator's (sonobuoy:)."                        \
    }
const Option generation_config_options[] = {
    FILE_OPTION("config", config, "Begin with this configuration (JSON): see 'sonobuoy gen config'."),
    {0},
};
const Option generation_image_options[] = {
    {.name = "plugin-env",
     .kind = OPTION_STRINGS,
     .offset = offsetof(Generation, plugin_env),
     .value = "PLUGIN.NAME=VALUE",
     .help = "Set a variable of a plugin; without a value remove it; plugin sonobuoy: the aggregator."},
    {.name = "plugin-image",
     .kind = OPTION_STRINGS,
     .offset = offsetof(Generation, plugin_image),
     .value = "PLUGIN:IMAGE",
     .help = "Another image for a plugin."},
    TEXT("kubernetes-version", kubernetes_version, "VERSION",
         "Of the conformance image: auto (ask the cluster), ignore, or vX.Y.Z."),
    TEXT("sonobuoy-image", image, "IMAGE", "The image of aggregator and workers."),
    {0},
};
const Option generation_options[] = {
    {.name = "plugin",
     .letter = 'p',
     .kind = OPTION_STRINGS,
     .offset = offsetof(Generation, plugins),
     .value = "PLUGIN",
     .complete = "file",
     .help = "e2e, systemd-logs, check, network, an installed one, a file, folder or URL; FILE@NAME renames it; "
             "repeatable."},
    {.name = "mode",
     .letter = 'm',
     .kind = OPTION_STRING,
     .offset = offsetof(Generation, mode),
     .value = "MODE",
     .help = "Which end-to-end tests: see 'sonobuoy modes'."},
    TEXT("e2e-focus", focus, "REGEX", "Which end-to-end tests to take."),
    TEXT("e2e-skip", skip, "REGEX", "Which of them to leave out."),
    {.name = "e2e-parallel",
     .kind = OPTION_STRING,
     .offset = offsetof(Generation, parallel),
     .hidden = true,
     .help = "E2E_PARALLEL of the e2e plugin."},
    FILE_OPTION("rerun-failed", rerun_failed, "Take just the end-to-end tests that failed in this archive."),
    {.name = "peers",
     .kind = OPTION_INT,
     .offset = offsetof(Generation, peers),
     .value = "N",
     .minimum = 1,
     .help = "Of the plugin network: how many other nodes each node probes; 8 unless said otherwise."},
    {.name = "egress",
     .kind = OPTION_LIST,
     .offset = offsetof(Generation, egress),
     .value = "HOST:PORT,...",
     .help = "Of the plugin network: what must be reached outside; 'run' takes what nodes name, 'gen' nothing."},
    {.name = "host-ports",
     .kind = OPTION_FLAG,
     .offset = offsetof(Generation, host_ports),
     .rare = true,
     .help = "Of the plugin network: give its pods a port of their nodes, and probe it."},
    {.name = "image-pull-policy",
     .kind = OPTION_ENUM,
     .offset = offsetof(Generation, pull_policy),
     .value = "POLICY",
     .values = pull_policies,
     .help = "Of aggregator, workers and built-in plugins."},
    {.name = "force-image-pull-policy",
     .kind = OPTION_FLAG,
     .offset = offsetof(Generation, force_pull_policy),
     .rare = true,
     .help = "Of all plugins."},
    {.name = "aggregator-permissions",
     .kind = OPTION_ENUM,
     .offset = offsetof(Generation, permissions),
     .value = "LEVEL",
     .values = aggregator_permissions,
     .help = "What the run may do: least, namespaceAdmin, clusterRead or clusterAdmin."},
    {.name = "plugin-permissions",
     .kind = OPTION_STRINGS,
     .offset = offsetof(Generation, plugin_permissions),
     .value = "PLUGIN:LEVEL",
     .rare = true,
     .help = "Give a plugin an account of its own: none, clusterRead or clusterAdmin; repeatable."},
    POD_OPTION("pod-label", pod_labels, "KEY=VALUE", "A label of pods"),
    POD_OPTION("pod-annotation", pod_annotations, "KEY=VALUE", "An annotation of pods"),
    POD_OPTION("pod-toleration", pod_tolerations, "KEY[=VALUE][:EFFECT]", "A taint that pods tolerate, '*': any"),
    POD_OPTION("pod-requests", pod_requests, "cpu=100m,memory=64Mi", "What containers ask for"),
    POD_OPTION("pod-limits", pod_limits, "cpu=1,memory=1Gi", "What they may take"),
    POD_OPTION("pod-priority-class", pod_priority, "NAME", "The priority class of pods"),
    POD_OPTION("pod-service-account", pod_account, "NAME", "The account of plugins' pods"),
    {.name = "aggregator-node-selector",
     .kind = OPTION_STRINGS,
     .offset = offsetof(Generation, node_selector),
     .value = "KEY:VALUE",
     .rare = true,
     .help = "Nodes that the aggregator may run on."},
    {.name = "rbac",
     .kind = OPTION_ENUM,
     .offset = offsetof(Generation, rbac),
     .value = "MODE",
     .values = rbac_modes,
     .rare = true,
     .help = "Whether rights are made: Enable, Disable, or Detect what the cluster has."},
    TEXT("pvc", claim, "NAME", "Keep the aggregator's folder on this claim: it goes on when its pod or node is gone."),
    {.name = "pvc-size",
     .kind = OPTION_STRING,
     .offset = offsetof(Generation, claim_size),
     .value = "SIZE",
     .rare = true,
     .help = "Make the claim, with so much room (5Gi); it is not deleted with a run in a namespace of others."},
    {.name = "pvc-class",
     .kind = OPTION_STRING,
     .offset = offsetof(Generation, claim_class),
     .value = "CLASS",
     .rare = true,
     .help = "And of this storage class."},
    TEXT("namespace-psa-enforce-level", psa_level, "LEVEL", "Pod security level of the namespace."),
    {.name = "security-context-mode",
     .kind = OPTION_ENUM,
     .offset = offsetof(Generation, security_context),
     .value = "MODE",
     .values = security_context_modes,
     .help = "none or nonroot, of the aggregator's pod; restricted: all pods as that level wants them."},
    TEXT("service-account-name", service_account, "NAME", "The account of aggregator and plugins."),
    {.name = "existing-service-account",
     .kind = OPTION_FLAG,
     .offset = offsetof(Generation, existing_service_account),
     .rare = true,
     .help = "Do not create it."},
    {.name = "show-default-podspec",
     .kind = OPTION_FLAG,
     .offset = offsetof(Generation, show_default_pod_spec),
     .rare = true,
     .help = "Write the default pod spec into plugins that have none."},
    TEXT("timeout", timeout, "SECONDS", "How long the aggregator waits for plugins; 0: for ever."),
    {.name = "kube-conformance-image",
     .kind = OPTION_STRING,
     .offset = offsetof(Generation, conformance_image),
     .value = "IMAGE",
     .rare = true,
     .help = "As --plugin-image e2e:IMAGE."},
    {.name = "systemd-logs-image",
     .kind = OPTION_STRING,
     .offset = offsetof(Generation, systemd_logs_image),
     .value = "IMAGE",
     .rare = true,
     .help = "As --plugin-image systemd-logs:IMAGE."},
    {.name = "e2e-repo",
     .kind = OPTION_STRING,
     .offset = offsetof(Generation, e2e_repo),
     .value = "REGISTRY",
     .rare = true,
     .help = "Where end-to-end tests find their images."},
    {.name = "e2e-repo-config",
     .kind = OPTION_STRING,
     .offset = offsetof(Generation, e2e_repo_config),
     .value = "FILE",
     .complete = "file",
     .rare = true,
     .help = "The same for each registry (YAML)."},
    {.name = "e2e-docker-config-file",
     .kind = OPTION_STRING,
     .offset = offsetof(Generation, docker_config),
     .value = "FILE",
     .complete = "file",
     .rare = true,
     .help = "Credentials for the registry of end-to-end tests' images."},
    {.name = "ssh-key",
     .kind = OPTION_STRING,
     .offset = offsetof(Generation, ssh_key),
     .value = "FILE",
     .complete = "file",
     .rare = true,
     .help = "A key to nodes, for tests that need one."},
    {.name = "ssh-user",
     .kind = OPTION_STRING,
     .offset = offsetof(Generation, ssh_user),
     .value = "USER",
     .rare = true,
     .help = "And its user."},
    {0},
};

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

static void replace(char **field, const char *text) {
    if (!text)
        return;
    g_free(*field);
    *field = g_strdup(text);
}

static bool wrong_use(GError **error, const char *message) {
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_USAGE, message);
    return false;
}

/* --- configuration -------------------------------------------------------------------------------------- */

static bool read_config_file(const Generation *options, RunConfig *config, GError **error) {
    g_auto(GStrv) unknown = NULL;
    size_t length;
    g_autofree char *text = file_read(options->config, FILE_MAX_BYTES, &length, error);
    if (!text || !run_config_read(config, text, length, options->config, &unknown, error))
        return false;
    for (char **name = unknown; *name; name++)
        text_print(stderr, "sonobuoy: %s: %s means nothing here\n", options->config, *name);
    return true;
}

/* Sets members of the configuration's "Pods" out of options "[TARGET:]..."; `text` is what stands behind the target. */
typedef bool (*PodOptionFunc)(yyjson_mut_doc *doc, yyjson_mut_val *options, const char *member, const char *text,
                              GError **error);

static bool not_an_option(const char *form, const char *text, GError **error) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "\"%s\" is not %s", text, form);
    return false;
}

static bool set_pair(yyjson_mut_doc *doc, yyjson_mut_val *options, const char *member, const char *text,
                     GError **error) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return not_an_option("KEY=VALUE", text, error);
    g_autofree char *key = g_strndup(text, (gsize)(equals - text));
    json_mut_set_string(doc, json_mut_ensure_object(doc, options, member), key, equals + 1);
    return true;
}

static bool set_amounts(yyjson_mut_doc *doc, yyjson_mut_val *options, const char *member, const char *text,
                        GError **error) {
    g_auto(GStrv) pairs = g_strsplit(text, ",", -1);
    yyjson_mut_val *resources = json_mut_ensure_object(doc, options, "resources");
    for (char **pair = pairs; *pair; pair++) {
        if (!set_pair(doc, resources, member, *pair, error))
            return false;
        if (!quantity_validate(strchr(*pair, '=') + 1, NULL))
            return not_an_option("NAME=QUANTITY, such as cpu=100m or memory=64Mi", *pair, error);
    }
    return true;
}

static bool set_name(yyjson_mut_doc *doc, yyjson_mut_val *options, const char *member, const char *text,
                     GError **error) {
    if (!*text)
        return not_an_option("a name", text, error);
    json_mut_set_string(doc, options, member, text);
    return true;
}

static const char *const effects[] = {"NoSchedule", "PreferNoSchedule", "NoExecute", NULL};

static bool set_toleration(yyjson_mut_doc *doc, yyjson_mut_val *options, const char *member, const char *text,
                           GError **error) {
    const char *colon = strrchr(text, ':'), *equals = strchr(text, '=');
    yyjson_mut_val *list = yyjson_mut_obj_get(options, member);
    g_autofree char *taint = colon ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
    if (!*taint || (colon && !g_strv_contains(effects, colon + 1)) || equals == text)
        return not_an_option("KEY[=VALUE][:EFFECT], EFFECT one of NoSchedule, PreferNoSchedule, NoExecute", text,
                             error);
    if (!list) {
        list = yyjson_mut_arr(doc);
        json_mut_set(doc, options, member, list);
    }
    yyjson_mut_val *toleration = yyjson_mut_arr_add_obj(doc, list);
    g_autofree char *key = g_strndup(taint, strcspn(taint, "="));
    if (!g_str_equal(key, "*"))
        json_mut_set_string(doc, toleration, "key", key);
    json_mut_set_string(doc, toleration, "operator", equals ? "Equal" : "Exists");
    if (equals)
        json_mut_set_string(doc, toleration, "value", taint + strlen(key) + 1);
    if (colon)
        json_mut_set_string(doc, toleration, "effect", colon + 1);
    return true;
}

/* How long the "TARGET:" at the beginning is without its colon; 0: there is none. Neither plugins' names nor keys have
 * colons, values may, and an effect is no target. */
static size_t target_length(const char *text) {
    const char *colon = strchr(text, ':'), *equals = strchr(text, '=');
    bool is_target = colon && (!equals || colon < equals) && !g_strv_contains(effects, colon + 1);
    return is_target ? (size_t)(colon - text) : 0;
}

static bool read_pod_options(const Generation *options, RunConfig *config, GError **error) {
    const struct {
        const char *option, *member;
        GStrv texts;
        PodOptionFunc set;
    } all[] = {
        {"pod-label", "labels", options->pod_labels, set_pair},
        {"pod-annotation", "annotations", options->pod_annotations, set_pair},
        {"pod-toleration", "tolerations", options->pod_tolerations, set_toleration},
        {"pod-requests", "requests", options->pod_requests, set_amounts},
        {"pod-limits", "limits", options->pod_limits, set_amounts},
        {"pod-priority-class", "priorityClassName", options->pod_priority, set_name},
        {"pod-service-account", "serviceAccountName", options->pod_account, set_name},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        for (char **text = all[i].texts; text && *text; text++) {
            size_t length = target_length(*text);
            g_autofree char *target = length ? g_strndup(*text, length) : g_strdup(POD_OPTIONS_ALL);
            yyjson_mut_val *pods = run_config_ensure(config, &config->pods);
            if (all[i].set(config->doc, json_mut_ensure_object(config->doc, pods, target), all[i].member,
                           *text + (length ? length + 1 : 0), error))
                continue;
            g_prefix_error(error, "--%s: ", all[i].option);
            return false;
        }
    }
    return true;
}

static bool read_plugin_permissions(const Generation *options, RunConfig *config, GError **error) {
    for (char **text = options->plugin_permissions; text && *text; text++) {
        const char *colon = strchr(*text, ':');
        g_autofree char *plugin = colon ? g_strndup(*text, (gsize)(colon - *text)) : NULL;
        if (!colon || !*plugin || !g_strv_contains(plugin_permissions, colon + 1)) {
            g_autofree char *levels = g_strjoinv(", ", (char **)plugin_permissions);
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                        "--plugin-permissions: \"%s\" is not PLUGIN:LEVEL, LEVEL one of %s", *text, levels);
            return false;
        }
        json_mut_set_string(config->doc, run_config_ensure(config, &config->plugin_permissions), plugin, colon + 1);
    }
    return true;
}

static bool set_timeout(const Generation *options, RunConfig *config, GError **error) {
    if (!options->timeout ||
        g_ascii_string_to_signed(options->timeout, 10, 0, G_MAXINT32, &config->timeout_seconds, NULL))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "--timeout: \"%s\" is no number of seconds", options->timeout);
    return false;
}

static bool read_claim(const Generation *options, RunConfig *config, GError **error) {
    replace(&config->volume_claim, options->claim);
    replace(&config->volume_size, options->claim_size);
    replace(&config->volume_class, options->claim_class);
    /* The claim may hold another run's folder: this one is known by its name. */
    g_autofree char *fresh = g_uuid_string_random();
    if (*config->volume_claim && !*config->uuid)
        replace(&config->uuid, fresh);
    if (!*config->volume_claim && (*config->volume_size || *config->volume_class))
        return wrong_use(error, "--pvc-size and --pvc-class are of the claim that --pvc names");
    if (*config->volume_class && !*config->volume_size)
        return wrong_use(error, "--pvc-class is of a claim that is made: say its --pvc-size, too");
    gint64 bytes;
    if (!*config->volume_size || quantity_bytes(config->volume_size, &bytes, NULL))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "--pvc-size: \"%s\" is no size, as 5Gi is", config->volume_size);
    return false;
}

/* What the command line gives wins over the file; what it does not give leaves it. */
static bool read_config(const CommandCall *call, const Generation *options, Generated *out, GError **error) {
    RunConfig *config = out->config = run_config_new();
    if (options->config && !read_config_file(options, config, error))
        return false;
    if (!options->config || command_given(call, namespace_options))
        replace(&config->namespace_, options->common.namespace_);
    replace(&config->worker_image, options->image);
    replace(&config->image_pull_policy, options->pull_policy);
    replace(&config->aggregator_permissions, options->permissions);
    replace(&config->psa_enforce_level, options->psa_level);
    replace(&config->security_context_mode, options->security_context);
    replace(&config->service_account, options->service_account);
    replace(&config->e2e_docker_config_file, options->docker_config);
    config->force_image_pull_policy |= options->force_pull_policy;
    config->existing_service_account |= options->existing_service_account;
    if (options->docker_config && !*config->image_pull_secrets)
        replace(&config->image_pull_secrets, "auth-repo-cred");
    return read_claim(options, config, error) && read_pod_options(options, config, error) &&
           read_plugin_permissions(options, config, error) && set_timeout(options, config, error);
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
    if (!options->permissions && !options->config)
        replace(&out->config->aggregator_permissions, PERMISSIONS_LEAST);
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

static bool check_options(const Generation *options, GError **error) {
    if (options->mode && (options->focus || options->skip))
        return wrong_use(error, "mode flag and e2e-focus/skip flags both provided and may cause unintended behavior");
    if (options->rerun_failed && (options->mode || options->focus || options->skip))
        return wrong_use(error, "rerun-failed flag and mode flags both provided and may cause unintended behavior");
    if (options->e2e_repo && options->e2e_repo_config)
        return wrong_use(error, "--e2e-repo and --e2e-repo-config say the same in two ways; give one of them");
    if (!options->mode || mode_find(options->mode))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "there is no mode %s; 'sonobuoy modes' lists them", options->mode);
    return false;
}

static bool read_secrets(const Generation *options, Generated *out, GError **error) {
    if (options->ssh_key && !(out->ssh_key = file_read(options->ssh_key, FILE_MAX_BYTES, NULL, error)))
        return false;
    return !options->docker_config ||
           (out->docker_config = file_read(options->docker_config, FILE_MAX_BYTES, NULL, error));
}

bool generation_read_config(const CommandCall *call, const Generation *options, Generated *out, GError **error) {
    return check_options(options, error) && read_config(call, options, out, error);
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
