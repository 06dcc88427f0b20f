/* The configuration (config.h) that options and a file make. */
#include "base/file.h"
#include "base/text.h"
#include "sonobuoy/cli/generation.h"
#include "sonobuoy/modes.h"
#include "sonobuoy/pod-options.h"
#include "sonobuoy/rights.h"

#include <string.h>

enum { FILE_MAX_BYTES = 4 << 20 };

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

bool generation_read_config(const CommandCall *call, const Generation *options, Generated *out, GError **error) {
    return check_options(options, error) && read_config(call, options, out, error);
}
