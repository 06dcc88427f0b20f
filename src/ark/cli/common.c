#include "ark/cli/common.h"

#include "ark/cli/capture-options.h"
#include "ark/cli/settings.h"
#include "base/colour.h"
#include "base/file.h"
#include "base/limit-options.h"
#include "base/selector.h"
#include "base/text.h"
#include "base/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const Option location_options[] = {
    {.name = "location",
     .kind = OPTION_STRING,
     .offset = offsetof(Common, location),
     .value = "URL",
     .complete = "locations",
     .help = "file:///DIRECTORY, s3://BUCKET/PREFIX or a configured name; else $ARK_LOCATION, or the configured one."},
    {.name = "location-config",
     .kind = OPTION_STRINGS,
     .offset = offsetof(Common, location_config),
     .value = "KEY=VALUE",
     .help = "A setting of it, by Velero's names (s3Url, region, ...); repeatable."},
    {0},
};

const Option message_options[] = {
    VERBOSE_OPTION("Show the log, and a line for each kind, on stderr too."),
    QUIET_OPTION("Show no progress."),
    {0},
};

static const char *const object_outputs[] = {"yaml", "json", NULL};
const Option object_output_options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_ENUM,
     .offset = offsetof(Common, output),
     .value = "FORM",
     .values = object_outputs,
     .help = "Print the object in place of using it."},
    {0},
};

const Option velero_options[] = {
    {.name = "namespace",
     .letter = 'n',
     .kind = OPTION_STRING,
     .offset = offsetof(Common, namespace_),
     .value = "NS",
     .fallback = "velero",
     .configurable = true,
     .rare = true,
     .help = "Velero's namespace: in the object that is written, and of ConfigMaps named here."},
    {0},
};

#define AT(field) offsetof(Common, limits.field)
const Option limit_options[] = {
    LIMIT_OPTION_ARCHIVE_SIZE(AT(archive_size)),
    LIMIT_OPTION_RATIO(AT(ratio)),
    LIMIT_OPTION_ENTRIES(AT(entries)),
    LIMIT_OPTION_ENTRY_SIZE(AT(entry_size)),
    LIMIT_OPTION_PATH_LENGTH(AT(path_length)),
    LIMIT_OPTION_FILE_SIZE(AT(file_size),
                           "Refuse results, resource list and other files beside the archive that unpack to more."),
    {0},
};
#undef AT

const char *const cli_consistencies[] = {"revision", "none", NULL};

static void show_warning(const char *text, void *data) {
    text_print(stderr, "ark: the API server warns: %s\n", text);
}

static KubeClient *open_client(const Common *common, unsigned connections, bool dry_run, GError **error) {
    KubeClientOptions options = {
        .user_agent = "ark/" SEAWORTHY_VERSION,
        .connections = connections,
        .dry_run = dry_run,
        .on_warning = common->verbose ? show_warning : NULL,
        .cancel = program_cancel(),
    };
    return kube_options_client(&common->kube, &options, error);
}

KubeClient *cli_client(const Common *common, unsigned connections, GError **error) {
    return open_client(common, connections, false, error);
}

KubeClient *cli_dry_client(const Common *common, unsigned connections, GError **error) {
    return open_client(common, connections, true, error);
}

static Store *open_store(const Common *common, Cancel *cancel, GError **error) {
    g_auto(GStrv) config = NULL;
    g_autofree char *url = settings_location(common->location, common->location_config, &config, error);
    return url ? store_open(url, (const char *const *)config, cancel, error) : NULL;
}

Store *cli_new_store(const Common *common, GError **error) {
    return open_store(common, program_cancel(), error);
}

Store *cli_store(const Common *common, GError **error) {
    g_autoptr(Store) store = cli_new_store(common, error);
    if (store && g_str_equal(store_provider(store), "file") && access(store_bucket(store), F_OK) != 0 &&
        errno == ENOENT) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                    "there is no directory %s; check the location, and that what it is on is mounted; "
                    "'ark backup create' makes it",
                    store_bucket(store));
        return NULL;
    }
    return g_steal_pointer(&store);
}

Store *cli_record_store(const Common *common, GError **error) {
    return open_store(common, NULL, error);
}

GPtrArray *cli_names(const CommandCall *call, Store *store, ArkCatalogKind kind, GError **error) {
    if (!call->arguments[0])
        return ark_catalog_names(store, kind, error);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (char **name = call->arguments; *name; name++)
        g_ptr_array_add(names, g_strdup(*name));
    return names;
}

Progress *cli_progress(const Common *common, const char *verb) {
    return progress_start(verb, common->quiet ? PROGRESS_NONE : common->verbose ? PROGRESS_KINDS : PROGRESS_LINE);
}

bool cli_confirmed(const char *question) {
    char answer[16] = "";
    text_print(stderr, "%s [y/N] ", question);
    bool answered = fgets(answer, sizeof answer, stdin) != NULL;
    if (g_ascii_tolower(answer[0]) == 'y')
        return true;
    fputs(answered ? "Nothing is deleted.\n" : "\nNothing is deleted: nobody answers here; give --confirm.\n", stderr);
    return false;
}

void cli_print_object(yyjson_mut_val *value, const char *output) {
    g_autofree char *text = g_strcmp0(output, "json") == 0 ? json_mut_write_pretty(value, NULL) : yaml_write(value);
    fputs(text, stdout);
}

char *cli_read_document(const char *path, GError **error) {
    enum { DOCUMENT_MAX = 1 << 20 };
    size_t length;
    g_autofree char *content = file_read(g_str_equal(path, "-") ? "/dev/stdin" : path, DOCUMENT_MAX, &length, error);
    if (content && !memchr(content, 0, length))
        return g_steal_pointer(&content);
    if (content)
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s holds a NUL: it is no text", path);
    else if (error)
        (*error)->code = BASE_ERROR_USAGE;
    return NULL;
}

yyjson_mut_doc *cli_new_object(const char *kind, const char *name, const char *namespace_) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    json_mut_set_string(doc, root, "apiVersion", "velero.io/v1");
    json_mut_set_string(doc, root, "kind", kind);
    yyjson_mut_val *metadata = json_mut_ensure_object(doc, root, "metadata");
    json_mut_set_string(doc, metadata, "name", name);
    if (namespace_)
        json_mut_set_string(doc, metadata, "namespace", namespace_);
    json_mut_ensure_object(doc, root, "spec");
    return doc;
}

void cli_set_list(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, GStrv list) {
    if (!list || !*list)
        return;
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    for (; *list; list++)
        yyjson_mut_arr_add_strcpy(doc, array, *list);
    json_mut_set(doc, object, key, array);
}

void cli_set_tristate(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, int value) {
    if (value >= 0)
        json_mut_set(doc, object, key, yyjson_mut_bool(doc, value));
}

void cli_set_string(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text) {
    if (text && *text)
        json_mut_set_string(doc, object, key, text);
}

void cli_set_duration(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, gint64 us) {
    g_autofree char *text = duration_format(us);
    json_mut_set_string(doc, object, key, text);
}

void cli_set_map(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, GStrv pairs, char separator) {
    for (; pairs && *pairs; pairs++) {
        char *split = strchr(*pairs, separator);
        g_autofree char *name = split ? g_strndup(*pairs, (gsize)(split - *pairs)) : g_strdup(*pairs);
        json_mut_set_string(doc, json_mut_ensure_object(doc, object, key), name, split ? split + 1 : "");
    }
}

static bool add_selector(yyjson_mut_doc *doc, const char *text, yyjson_mut_val **out, GError **error) {
    g_autoptr(Selector) selector = selector_parse(text, error);
    *out = selector ? selector_to_json(selector, doc, error) : NULL;
    if (!*out && error)
        (*error)->code = BASE_ERROR_USAGE;
    return *out != NULL;
}

bool cli_set_selectors(yyjson_mut_doc *doc, yyjson_mut_val *spec, const char *selector, const char *or_selector,
                       GError **error) {
    yyjson_mut_val *value;
    if (selector && *selector) {
        if (!add_selector(doc, selector, &value, error))
            return false;
        json_mut_set(doc, spec, "labelSelector", value);
    }
    if (or_selector && *or_selector) {
        g_auto(GStrv) parts = g_strsplit(or_selector, " or ", -1);
        yyjson_mut_val *array = yyjson_mut_arr(doc);
        for (char **part = parts; *part; part++) {
            if (!add_selector(doc, *part, &value, error))
                return false;
            yyjson_mut_arr_append(array, value);
        }
        json_mut_set(doc, spec, "orLabelSelectors", array);
    }
    return true;
}

char *cli_document(const Common *common, KubeClient *client, const char *file, const char *configmap, GError **error) {
    if (file && *file)
        return cli_read_document(file, error);
    if (!configmap || !*configmap)
        return NULL;
    const char *space = common->namespace_ ? common->namespace_ : "velero";
    g_autofree char *path = g_strdup_printf("/api/v1/namespaces/%s/configmaps/%s", space, configmap);
    g_autoptr(yyjson_doc) doc = kube_client_get(client, path, error);
    if (!doc) {
        g_prefix_error(error, "ConfigMap %s/%s: ", space, configmap);
        return NULL;
    }
    yyjson_val *data = json_get(yyjson_doc_get_root(doc), "data");
    if (yyjson_obj_size(data) != 1) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "ConfigMap %s/%s must hold exactly one key, it holds %zu",
                    space, configmap, yyjson_obj_size(data));
        return NULL;
    }
    yyjson_val *key, *value;
    const char *text = NULL;
    json_foreach_member(data, key, value)
        text = yyjson_get_str(value);
    return g_strdup(text ? text : "");
}

static void print_messages(const char *kind, const char *where, yyjson_val *texts) {
    Colour colour = colour_of_word(kind);
    size_t index, count;
    yyjson_val *text;
    yyjson_arr_foreach(texts, index, count, text) {
        if (!yyjson_is_str(text))
            continue;
        fprintf(stderr, "  %s%s%s", colour_begin(stderr, colour), kind, colour_end(stderr, colour));
        text_print(stderr, "%s%s: %s\n", *where ? " in " : "", where, yyjson_get_str(text));
    }
}

void cli_print_results(const char *results, bool errors_only) {
    g_autoptr(yyjson_doc) doc = json_parse(results, strlen(results), "results", NULL);
    yyjson_val *root = yyjson_doc_get_root(doc);
    static const char *const kinds[] = {"errors", "warnings"}, *const names[] = {"error", "warning"};
    for (int i = 0; i < (errors_only ? 1 : 2); i++) {
        yyjson_val *side = json_get(root, kinds[i]), *key, *texts;
        print_messages(names[i], "", json_get(side, "velero"));
        print_messages(names[i], "the cluster", json_get(side, "cluster"));
        json_foreach_member(json_get(side, "namespaces"), key, texts)
            print_messages(names[i], yyjson_get_str(key), texts);
    }
}
