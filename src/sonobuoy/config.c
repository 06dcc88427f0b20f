#include "sonobuoy/config.h"

#include "base/text.h"
#include "sonobuoy/pod-options.h"

#include <math.h>
#include <string.h>

#define VERSION "v" SEAWORTHY_VERSION

const char *const security_context_modes[] = {"none", "nonroot", "restricted", NULL};

typedef enum {
    TEXT,
    TEXT_OR_NULL,
    TEXTS, /* NULL is null */
    NAMES, /* the same as [{"name": text}] */
    FLAG,
    TRISTATE,
    WHOLE,
    WHOLE_OR_NULL, /* -1 is null */
    REAL,
    OBJECT,
    ARRAY,
} Kind;

/* In the order in which they are written. */
static const struct {
    const char *path; /* with dots */
    Kind kind;
    size_t offset;
    bool omit; /* left out when empty */
} members[] = {
#define AT(field) offsetof(RunConfig, field)
    {"Description", TEXT, AT(description)},
    {"UUID", TEXT, AT(uuid)},
    {"Version", TEXT, AT(version)},
    {"ResultsDir", TEXT, AT(results_dir)},
    {"QueryDir", TEXT, AT(query_dir), .omit = true},
    {"Resources", TEXTS, AT(resources)},
    {"Filters.Namespaces", TEXT, AT(filter_namespaces)},
    {"Filters.LabelSelector", TEXT, AT(filter_labels)},
    {"Limits.PodLogs.Namespaces", TEXT, AT(log_namespaces)},
    {"Limits.PodLogs.SonobuoyNamespace", TRISTATE, AT(log_own_namespace)},
    {"Limits.PodLogs.FieldSelectors", TEXTS, AT(log_fields)},
    {"Limits.PodLogs.LabelSelector", TEXT, AT(log_labels)},
    {"Limits.PodLogs.Previous", FLAG, AT(log_previous)},
    {"Limits.PodLogs.SinceSeconds", WHOLE_OR_NULL, AT(log_since_seconds)},
    {"Limits.PodLogs.SinceTime", TEXT_OR_NULL, AT(log_since_time)},
    {"Limits.PodLogs.Timestamps", FLAG, AT(log_timestamps)},
    {"Limits.PodLogs.TailLines", WHOLE_OR_NULL, AT(log_tail_lines)},
    {"Limits.PodLogs.LimitBytes", WHOLE_OR_NULL, AT(log_limit_bytes)},
    {"QPS", REAL, AT(qps)},
    {"Burst", WHOLE, AT(burst)},
    {"Server.bindaddress", TEXT, AT(bind_address)},
    {"Server.bindport", WHOLE, AT(bind_port)},
    {"Server.advertiseaddress", TEXT, AT(advertise_address)},
    {"Server.timeoutseconds", WHOLE, AT(timeout_seconds)},
    {"Plugins", NAMES, AT(plugins)},
    {"PluginSearchPath", TEXTS, AT(plugin_search_path)},
    {"Namespace", TEXT, AT(namespace_)},
    {"SkipPlugins", FLAG, AT(skip_plugins), .omit = true},
    {"WorkerImage", TEXT, AT(worker_image)},
    {"ImagePullPolicy", TEXT, AT(image_pull_policy)},
    {"ForceImagePullPolicy", FLAG, AT(force_image_pull_policy), .omit = true},
    {"ImagePullSecrets", TEXT, AT(image_pull_secrets)},
    {"CustomAnnotations", OBJECT, AT(custom_annotations), .omit = true},
    {"AggregatorPermissions", TEXT, AT(aggregator_permissions)},
    {"AggregatorTolerations", ARRAY, AT(aggregator_tolerations), .omit = true},
    {"ServiceAccountName", TEXT, AT(service_account)},
    {"ExistingServiceAccount", FLAG, AT(existing_service_account), .omit = true},
    {"E2EDockerConfigFile", TEXT, AT(e2e_docker_config_file), .omit = true},
    {"NamespacePSAEnforceLevel", TEXT, AT(psa_enforce_level)},
    {"ProgressUpdatesPort", TEXT, AT(progress_port)},
    {"SecurityContextMode", TEXT, AT(security_context_mode)},
    {"Pods", OBJECT, AT(pods), .omit = true},
    {"AggregatorVolumeClaim", TEXT, AT(volume_claim), .omit = true},
    {"AggregatorVolumeSize", TEXT, AT(volume_size), .omit = true},
    {"AggregatorVolumeClass", TEXT, AT(volume_class), .omit = true},
    {"PluginPermissions", OBJECT, AT(plugin_permissions), .omit = true},
#undef AT
};

#define FIELD(type, config, i) ((type *)(void *)((char *)(config) + members[i].offset))

static void replace(char **field, const char *text) {
    g_free(*field);
    *field = g_strdup(text);
}

RunConfig *run_config_new(void) {
    RunConfig *config = g_new0(RunConfig, 1);
    config->doc = yyjson_mut_doc_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        if (members[i].kind == TEXT)
            *FIELD(char *, config, i) = g_strdup("");
    static const struct {
        size_t offset;
        const char *text;
    } texts[] = {
        {offsetof(RunConfig, description), "DEFAULT"},
        {offsetof(RunConfig, version), VERSION},
        {offsetof(RunConfig, results_dir), "/tmp/sonobuoy/results"},
        {offsetof(RunConfig, filter_namespaces), ".*"},
        {offsetof(RunConfig, log_namespaces), "kube-system"},
        {offsetof(RunConfig, bind_address), "0.0.0.0"},
        {offsetof(RunConfig, namespace_), "sonobuoy"},
        {offsetof(RunConfig, worker_image), "sonobuoy/sonobuoy:" VERSION},
        {offsetof(RunConfig, image_pull_policy), "IfNotPresent"},
        {offsetof(RunConfig, aggregator_permissions), "clusterAdmin"},
        {offsetof(RunConfig, service_account), "sonobuoy-serviceaccount"},
        {offsetof(RunConfig, psa_enforce_level), "privileged"},
        {offsetof(RunConfig, progress_port), "8099"},
        {offsetof(RunConfig, security_context_mode), "nonroot"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        replace((char **)(void *)((char *)config + texts[i].offset), texts[i].text);
    static const char *const search_path[] = {"./plugins.d", "/etc/sonobuoy/plugins.d", "~/sonobuoy/plugins.d", NULL};
    config->plugin_search_path = g_strdupv((char **)search_path);
    config->log_fields = g_new0(char *, 1);
    config->log_own_namespace = CONFIG_TRUE;
    config->log_since_seconds = config->log_tail_lines = config->log_limit_bytes = -1;
    config->qps = 30;
    config->burst = 50;
    config->bind_port = 8080;
    config->timeout_seconds = 21600;
    return config;
}

void run_config_free(RunConfig *config) {
    if (!config)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        if (members[i].kind == TEXT || members[i].kind == TEXT_OR_NULL)
            g_free(*FIELD(char *, config, i));
        else if (members[i].kind == TEXTS || members[i].kind == NAMES)
            g_strfreev(*FIELD(GStrv, config, i));
    }
    yyjson_mut_doc_free(config->doc);
    g_free(config);
}

/* --- reading ------------------------------------------------------------------------------- */

static yyjson_val *find(yyjson_val *root, const char *path) {
    g_auto(GStrv) keys = g_strsplit(path, ".", -1);
    for (char **key = keys; root && *key; key++)
        root = yyjson_obj_get(root, *key);
    return root;
}

/* NULL where an element is of another type. */
static GStrv read_texts(yyjson_val *array, const char *key) {
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    size_t index, count;
    yyjson_val *value;
    yyjson_arr_foreach(array, index, count, value) {
        const char *text = yyjson_get_str(key ? yyjson_obj_get(value, key) : value);
        if (!text)
            return NULL;
        g_ptr_array_add(texts, g_strdup(text));
    }
    g_ptr_array_add(texts, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&texts), false);
}

static bool read_strv(GStrv *field, yyjson_val *value, const char *key) {
    GStrv texts = NULL;
    if (!yyjson_is_null(value) && (!yyjson_is_arr(value) || !(texts = read_texts(value, key))))
        return false;
    g_strfreev(*field);
    *field = texts;
    return true;
}

static bool read_real(double *field, yyjson_val *value) {
    const char *text = yyjson_get_raw(value);
    double number = text ? g_ascii_strtod(text, NULL) : -1;
    if (!isfinite(number) || number < 0)
        return false;
    *field = number;
    return true;
}

static bool read_whole(gint64 *field, yyjson_val *value) {
    gint64 number = json_int(value, -1);
    if (number < 0)
        return false;
    *field = number;
    return true;
}

static bool read_text(char **field, yyjson_val *value, bool or_null) {
    if (!yyjson_is_str(value) && !(or_null && yyjson_is_null(value)))
        return false;
    replace(field, yyjson_get_str(value));
    return true;
}

static bool read_value(RunConfig *config, yyjson_mut_val **field, yyjson_val *value, bool right) {
    if (!right && !yyjson_is_null(value))
        return false;
    *field = right ? yyjson_val_mut_copy(config->doc, value) : NULL;
    return true;
}

static bool read_flag(bool *field, yyjson_val *value) {
    *field = yyjson_get_bool(value);
    return yyjson_is_bool(value);
}

static bool read_tristate(ConfigTristate *field, yyjson_val *value) {
    *field = yyjson_is_null(value) ? CONFIG_NULL : yyjson_get_bool(value) ? CONFIG_TRUE : CONFIG_FALSE;
    return yyjson_is_null(value) || yyjson_is_bool(value);
}

static bool read_member(RunConfig *config, size_t i, yyjson_val *value) {
    switch (members[i].kind) {
    case TEXT:
    case TEXT_OR_NULL: return read_text(FIELD(char *, config, i), value, members[i].kind == TEXT_OR_NULL);
    case TEXTS: return read_strv(FIELD(GStrv, config, i), value, NULL);
    case NAMES: return read_strv(FIELD(GStrv, config, i), value, "name");
    case FLAG: return read_flag(FIELD(bool, config, i), value);
    case TRISTATE: return read_tristate(FIELD(ConfigTristate, config, i), value);
    case WHOLE_OR_NULL:
        if (yyjson_is_null(value)) {
            *FIELD(gint64, config, i) = -1;
            return true;
        }
        return read_whole(FIELD(gint64, config, i), value);
    case WHOLE: return read_whole(FIELD(gint64, config, i), value);
    case REAL: return read_real(FIELD(double, config, i), value);
    case OBJECT: return read_value(config, FIELD(yyjson_mut_val *, config, i), value, yyjson_is_obj(value));
    case ARRAY: return read_value(config, FIELD(yyjson_mut_val *, config, i), value, yyjson_is_arr(value));
    }
    return false;
}

static const char *const kind_words[] = {
    [TEXT] = "a text",
    [TEXT_OR_NULL] = "a text or null",
    [TEXTS] = "a list of texts or null",
    [NAMES] = "a list of {\"name\": text} or null",
    [FLAG] = "true or false",
    [TRISTATE] = "true, false or null",
    [WHOLE] = "a whole number from 0 on",
    [WHOLE_OR_NULL] = "a whole number from 0 on, or null",
    [REAL] = "a number from 0 on",
    [OBJECT] = "an object or null",
    [ARRAY] = "a list or null",
};

/* Whether the path is a member's, or leads to one. */
static bool is_known(const char *path) {
    size_t length = strlen(path);
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        if (strncmp(members[i].path, path, length) == 0 && (!members[i].path[length] || members[i].path[length] == '.'))
            return true;
    return false;
}

static bool is_member(const char *path) {
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        if (g_str_equal(members[i].path, path))
            return true;
    return false;
}

static void unknown_members(yyjson_val *object, const char *prefix, GStrvBuilder *out) {
    yyjson_val *key, *value;
    json_foreach_member(object, key, value) {
        g_autofree char *path = g_strconcat(prefix, yyjson_get_str(key), NULL);
        if (!is_known(path)) {
            g_strv_builder_add(out, path);
        } else if (!is_member(path)) {
            g_autofree char *below = g_strconcat(path, ".", NULL);
            unknown_members(value, below, out);
        }
    }
}

static bool check_expression(const char *member, const char *text, GError **error) {
    GError *wrong = NULL;
    g_autoptr(GRegex) regex = g_regex_new(text, G_REGEX_DEFAULT, 0, &wrong);
    if (regex)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s is no regular expression: %s", member, wrong->message);
    g_error_free(wrong);
    return false;
}

static bool check_tolerations(const RunConfig *config, GError **error) {
    if (!config->aggregator_tolerations || pod_options_are_tolerations(config->aggregator_tolerations))
        return true;
    g_autofree char *text = json_mut_write(config->aggregator_tolerations, NULL);
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                "AggregatorTolerations must be " POD_TOLERATIONS_FORM ", which %s is not", text);
    return false;
}

static bool check_mode(const RunConfig *config, GError **error) {
    if (g_strv_contains(security_context_modes, config->security_context_mode))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                "SecurityContextMode is none, nonroot or restricted, which \"%s\" is not",
                config->security_context_mode);
    return false;
}

bool run_config_is_restricted(const RunConfig *config) {
    return g_str_equal(config->security_context_mode, "restricted") ||
           (g_str_equal(config->psa_enforce_level, "restricted") &&
            !g_str_equal(config->security_context_mode, "none"));
}

yyjson_mut_val *run_config_ensure(RunConfig *config, yyjson_mut_val **field) {
    if (!*field)
        *field = yyjson_mut_obj(config->doc);
    return *field;
}

static bool check(const RunConfig *config, GError **error) {
    if (config->bind_port > G_MAXUINT16) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "Server.bindport is no port: %" G_GINT64_FORMAT,
                    config->bind_port);
        return false;
    }
    if (config->log_since_seconds >= 0 && config->log_since_time) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "Limits.PodLogs has both SinceSeconds and SinceTime; give one of them");
        return false;
    }
    return pod_options_check(config->pods, error) && check_tolerations(config, error) && check_mode(config, error) &&
           check_expression("Filters.Namespaces", config->filter_namespaces, error) &&
           check_expression("Limits.PodLogs.Namespaces", config->log_namespaces, error);
}

bool run_config_read(RunConfig *config, const char *text, size_t length, const char *what, GStrv *unknown,
                     GError **error) {
    g_autoptr(yyjson_doc) doc = json_parse(text, length, what, error);
    if (!doc)
        return false;
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!yyjson_is_obj(root)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s is no configuration: it must be a JSON object", what);
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        yyjson_val *value = find(root, members[i].path);
        if (!value || read_member(config, i, value))
            continue;
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: %s must be %s", what, members[i].path,
                    kind_words[members[i].kind]);
        return false;
    }
    if (!check(config, error)) {
        g_prefix_error(error, "%s: ", what);
        return false;
    }
    if (unknown) {
        g_autoptr(GStrvBuilder) names = g_strv_builder_new();
        unknown_members(root, "", names);
        *unknown = g_strv_builder_end(names);
    }
    return true;
}

/* --- writing ------------------------------------------------------------------------------- */

static yyjson_mut_val *texts_to_json(yyjson_mut_doc *doc, GStrv texts, const char *key) {
    if (!texts)
        return yyjson_mut_null(doc);
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    for (char **text = texts; *text; text++) {
        yyjson_mut_val *value = yyjson_mut_strcpy(doc, *text);
        if (key) {
            yyjson_mut_val *object = yyjson_mut_obj(doc);
            json_mut_set(doc, object, key, value);
            value = object;
        }
        yyjson_mut_arr_append(array, value);
    }
    return array;
}

static yyjson_mut_val *real_to_json(yyjson_mut_doc *doc, double number) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(text, sizeof text, "%.15g", number);
    return yyjson_mut_rawcpy(doc, text);
}

/* NULL where there is nothing to be written. */
static yyjson_mut_val *member_to_json(const RunConfig *config, size_t i, yyjson_mut_doc *doc) {
    bool omit = members[i].omit;
    switch (members[i].kind) {
    case TEXT:
    case TEXT_OR_NULL: {
        const char *text = *FIELD(char *, config, i);
        return !text ? yyjson_mut_null(doc) : omit && !*text ? NULL : yyjson_mut_strcpy(doc, text);
    }
    case TEXTS: return texts_to_json(doc, *FIELD(GStrv, config, i), NULL);
    case NAMES: return texts_to_json(doc, *FIELD(GStrv, config, i), "name");
    case FLAG: return omit && !*FIELD(bool, config, i) ? NULL : yyjson_mut_bool(doc, *FIELD(bool, config, i));
    case TRISTATE: {
        ConfigTristate value = *FIELD(ConfigTristate, config, i);
        return value == CONFIG_NULL ? yyjson_mut_null(doc) : yyjson_mut_bool(doc, value == CONFIG_TRUE);
    }
    case WHOLE:
    case WHOLE_OR_NULL: {
        gint64 value = *FIELD(gint64, config, i);
        return value < 0 ? yyjson_mut_null(doc) : yyjson_mut_sint(doc, value);
    }
    case REAL: return real_to_json(doc, *FIELD(double, config, i));
    case OBJECT:
    case ARRAY: {
        yyjson_mut_val *value = *FIELD(yyjson_mut_val *, config, i);
        return value ? yyjson_mut_val_mut_copy(doc, value) : NULL;
    }
    }
    return NULL;
}

yyjson_mut_val *run_config_to_json(const RunConfig *config, yyjson_mut_doc *doc) {
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        yyjson_mut_val *value = member_to_json(config, i, doc), *object = root;
        if (!value)
            continue;
        g_auto(GStrv) keys = g_strsplit(members[i].path, ".", -1);
        char **key = keys;
        for (; key[1]; key++)
            object = json_mut_ensure_object(doc, object, *key);
        json_mut_set(doc, object, *key, value);
    }
    return root;
}
